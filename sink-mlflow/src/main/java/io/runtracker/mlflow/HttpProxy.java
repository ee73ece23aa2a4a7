// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import org.jspecify.annotations.Nullable;

/**
 * A proxy that calls to the server go through, and how to be let in there.
 *
 * @param user null where nobody is asked for
 */
record HttpProxy(String host, int port, @Nullable String user, String password) {

  /** The value of the header {@code Proxy-Authorization}, or null. */
  @Nullable String authorization() {
    return user == null ? null : Server.basic(user, password);
  }

  /** A proxy may repeat in its answer what it was sent. */
  String withoutSecrets(String text) {
    return Server.hideAuthorization(Server.hide(text, password), authorization());
  }

  /** Without the login, because it shows up in messages. */
  @Override
  public String toString() {
    return host + ':' + port;
  }
}
