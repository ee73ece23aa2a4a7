// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import org.jspecify.annotations.Nullable;

/**
 * Where a request went: the parts of its URL, as the container gave them, so that nothing needs to
 * be put together on the request thread.
 *
 * @param scheme {@code http} or {@code https}
 * @param host the host name the client used
 * @param port the port the client used; a default port of the scheme is left out of {@link #url()}
 * @param path the path as sent, with the context path, without the query
 * @param query the query string without its question mark, or null
 */
public record RequestTarget(
    String scheme, String host, int port, String path, @Nullable String query) {

  /** The whole URL. */
  public String url() {
    StringBuilder url = new StringBuilder(scheme).append("://").append(host);
    if (port > 0 && port != defaultPort()) {
      url.append(':').append(port);
    }
    url.append(path);
    if (query != null) {
      url.append('?').append(query);
    }
    return url.toString();
  }

  public int defaultPort() {
    return defaultPort(scheme);
  }

  public static int defaultPort(String scheme) {
    return scheme.equals("https") ? 443 : 80;
  }
}
