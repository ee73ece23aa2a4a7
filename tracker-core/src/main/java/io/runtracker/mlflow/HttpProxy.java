// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * A proxy that calls to the server go through, and how to be let in there.
 *
 * @param user null where nobody is asked for
 */
record HttpProxy(String host, int port, @Nullable String user, String password) {

  /** The value of the header {@code Proxy-Authorization}, or null. */
  @Nullable String authorization() {
    if (user == null) {
      return null;
    }
    String pair = user + ':' + password;
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8));
  }

  /** A proxy may repeat in its answer what it was sent. */
  String withoutSecrets(String text) {
    String authorization = authorization();
    return authorization == null
        ? text
        : Server.hide(
            Server.hide(text, password), authorization.substring(authorization.indexOf(' ') + 1));
  }

  /** Without the login, because it shows up in messages. */
  @Override
  public String toString() {
    return host + ':' + port;
  }
}
