// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Replaces the secrets in a URL: the values of query parameters with telling names, user info, and
 * servlet session ids in the path.
 */
final class UrlRedactor {

  static final String MARK = "[redacted]";

  static final List<String> DEFAULTS =
      List.of(
          "token",
          "access_token",
          "refresh_token",
          "id_token",
          "auth",
          "authorization",
          "password",
          "passwd",
          "pwd",
          "secret",
          "client_secret",
          "api_key",
          "apikey",
          "api-key",
          "key",
          "sig",
          "signature",
          "credential",
          "session",
          "sessionid",
          "jsessionid",
          "code",
          "jwt",
          "X-Amz-Signature",
          "X-Amz-Credential",
          "X-Amz-Security-Token",
          "X-Goog-Signature",
          "X-Goog-Credential");

  private static final Pattern SESSION_IN_PATH =
      Pattern.compile("(;jsessionid=)[^;/?]*", Pattern.CASE_INSENSITIVE);
  private static final Pattern USER_INFO = Pattern.compile("(://)[^/?#@]*@");

  private final Set<String> names = new HashSet<>();

  UrlRedactor(List<String> names) {
    for (String name : names) {
      this.names.add(name.toLowerCase(Locale.ROOT));
    }
  }

  /** The target without secrets; the very same one when there were none. */
  RequestTarget redact(RequestTarget target) {
    String path = redactPath(target.path());
    String query = target.query() == null ? null : redactQuery(target.query());
    String host = withoutUser(target.host());
    if (path.equals(target.path())
        && host.equals(target.host())
        && (query == null || query.equals(target.query()))) {
      return target;
    }
    return new RequestTarget(target.scheme(), host, target.port(), path, query);
  }

  /** The search forwards is the faster, and seldom finds any. */
  private static String withoutUser(String host) {
    return host.indexOf('@') < 0 ? host : host.substring(host.lastIndexOf('@') + 1);
  }

  private static String redactPath(String path) {
    String redacted = path;
    if (redacted.indexOf(';') >= 0) {
      redacted =
          SESSION_IN_PATH.matcher(redacted).replaceAll("$1" + Matcher.quoteReplacement(MARK));
    }
    return withoutUserInfo(redacted);
  }

  /** Few texts hold an address; a search for one costs far less than the pattern. */
  private static String withoutUserInfo(String text) {
    return text.contains("://") ? USER_INFO.matcher(text).replaceAll("$1") : text;
  }

  private String redactQuery(String query) {
    StringBuilder redacted = new StringBuilder(query.length());
    int start = 0;
    while (start <= query.length()) {
      int end = query.indexOf('&', start);
      if (end < 0) {
        end = query.length();
      }
      append(redacted, query.substring(start, end));
      if (end < query.length()) {
        redacted.append('&');
      }
      start = end + 1;
    }
    return redacted.toString();
  }

  private void append(StringBuilder redacted, String parameter) {
    int equals = parameter.indexOf('=');
    String name = equals < 0 ? parameter : parameter.substring(0, equals);
    if (equals >= 0 && names.contains(decoded(name).toLowerCase(Locale.ROOT))) {
      redacted.append(name).append('=').append(MARK);
    } else {
      redacted.append(withoutUserInfo(parameter));
    }
  }

  /** A name in percent escapes is the same name to the server. */
  private static String decoded(String name) {
    if (name.indexOf('%') < 0 && name.indexOf('+') < 0) {
      return name;
    }
    try {
      return URLDecoder.decode(name, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException notAnEscape) {
      return name;
    }
  }
}
