// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of a server. Unlike a URI's, its host may hold underscores, as the names of
 * containers do: Python's clients take them.
 *
 * @param scheme in small letters
 * @param user decoded; null when there is none
 * @param password decoded; null when there is none
 * @param host an address of version 6 is in brackets
 * @param port -1 when none is named
 * @param path as it was written
 */
record Address(
    String scheme,
    @Nullable String user,
    @Nullable String password,
    String host,
    int port,
    String path) {

  private static final Pattern AUTHORITY =
      Pattern.compile("(?:([^@]*)@)?(\\[[^]]+]|[\\w.~-]+)(?::(\\d*))?");

  private static final int MOST_PORT = 65_535;

  /**
   * Reads an address. No message repeats it: it may be secret.
   *
   * @throws IllegalArgumentException when it is none
   */
  static Address parse(String text) {
    URI uri;
    try {
      uri = new URI(text);
    } catch (URISyntaxException e) {
      // Without its cause, which repeats the whole of it.
      throw new IllegalArgumentException("is not a URI: " + e.getReason());
    }
    if (uri.getScheme() == null) {
      throw new IllegalArgumentException("must start with http:// or https://");
    }
    String authority = uri.getRawAuthority() == null ? "" : uri.getRawAuthority();
    Matcher parts = AUTHORITY.matcher(authority);
    if (!parts.matches() || uri.getRawQuery() != null || uri.getRawFragment() != null) {
      throw new IllegalArgumentException(
          "must name a host, and have neither a query nor a fragment");
    }
    String login = parts.group(1);
    int colon = login == null ? -1 : login.indexOf(':');
    return new Address(
        uri.getScheme().toLowerCase(Locale.ROOT),
        login == null ? null : decode(colon < 0 ? login : login.substring(0, colon)),
        login == null || colon < 0 ? null : decode(login.substring(colon + 1)),
        parts.group(2),
        port(parts.group(3)),
        uri.getRawPath() == null ? "" : uri.getRawPath());
  }

  private static int port(@Nullable String digits) {
    if (digits == null || digits.isEmpty()) {
      return -1;
    }
    int port = digits.length() > 5 ? MOST_PORT + 1 : Integer.parseInt(digits);
    if (port == 0 || port > MOST_PORT) {
      throw new IllegalArgumentException(
          "the port must be 1 to " + MOST_PORT + ", but is " + digits);
    }
    return port;
  }

  private static String decode(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), UTF_8);
  }

  int portOr(int byDefault) {
    return port < 0 ? byDefault : port;
  }

  /** Without the login. */
  String location() {
    return scheme + "://" + host + (port < 0 ? "" : ":" + port) + path;
  }
}
