// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.mlflow.tracking.creds.MlflowHostCreds;
import org.mlflow.tracking.creds.MlflowHostCredsProvider;

/** Where the server is and how to be let in. Asked anew for each call: tokens may be renewed. */
final class Server {

  private static final String HIDDEN = "***";

  private final MlflowHostCredsProvider provider;

  Server(MlflowHostCredsProvider provider) {
    this.provider = provider;
  }

  /** The address without a slash at its end. */
  String address() {
    return provider.getHostCreds().getHost().replaceAll("/+$", "");
  }

  /** The value of the header {@code Authorization}, or null. User and password come first. */
  @Nullable String authorization() {
    MlflowHostCreds creds = provider.getHostCreds();
    if (creds.getUsername() != null) {
      return basic(creds.getUsername(), creds.getPassword());
    }
    return creds.getToken() == null ? null : "Bearer " + creds.getToken();
  }

  /** A server may repeat in its answer what it was sent; nothing of that reaches a message. */
  String withoutSecrets(String text) {
    MlflowHostCreds creds = provider.getHostCreds();
    String hidden = hide(hide(text, creds.getPassword()), creds.getToken());
    return hideAuthorization(hidden, authorization());
  }

  /** The value of a header by which a server or a proxy lets a user in. */
  static String basic(String user, String password) {
    String pair = user + ':' + password;
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8));
  }

  /** A text without a secret. */
  static String hide(String text, @Nullable String secret) {
    return secret == null || secret.isEmpty() ? text : text.replace(secret, HIDDEN);
  }

  /** A text without what such a header says behind its kind. */
  static String hideAuthorization(String text, @Nullable String value) {
    return value == null ? text : hide(text, value.substring(value.indexOf(' ') + 1));
  }
}
