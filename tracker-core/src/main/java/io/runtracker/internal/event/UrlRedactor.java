// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.event;

import io.runtracker.RecordQuery;
import io.runtracker.RequestTarget;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Replaces the secrets in a URL: the values of parameters with telling names in the query and in
 * the path, those within values that are a URL or JSON themselves, user info, and servlet session
 * ids. Safe for use by any thread.
 */
public final class UrlRedactor {

  public static final String MARK = "[redacted]";

  public static final List<String> DEFAULTS =
      List.of(
          "token",
          "auth",
          "authorization",
          "password",
          "passwd",
          "passphrase",
          "passcode",
          "pwd",
          "secret",
          "api_key",
          "access_key",
          "private_key",
          "key",
          "sig",
          "signature",
          "credential",
          "credentials",
          "session",
          "session_id",
          "sessionid",
          "jsessionid",
          "code",
          "code_verifier",
          "otp",
          "totp",
          "pin",
          "ticket",
          "jwt",
          "csrf",
          "xsrf",
          "assertion",
          "SAMLRequest",
          "SAMLResponse",
          "v-pushId");

  private static final Pattern USER_INFO = Pattern.compile("(://)[^/?#@]*@");

  /** Of a path: {@code ;name=value}. */
  private static final Pattern MATRIX = Pattern.compile(";([^=;/?]+)=([^;/?]*)");

  /** Within a value that is a URL, or a part of one. */
  private static final Pattern NESTED = Pattern.compile("([^=&;?#/\\s]+)=([^&;#\\s]*)");

  private static final Pattern JSON =
      Pattern.compile("\"([^\"\\\\]{1,100})\"\\s*:\\s*(\"(?:[^\"\\\\]|\\\\.)*\"?|[^\\s,}\\]]+)");

  /** Values in values in values: nobody decodes more often. */
  private static final int DEEPEST = 3;

  private final SecretNames names;
  private final RecordQuery recordQuery;

  public UrlRedactor(List<String> names, RecordQuery recordQuery) {
    this.names = new SecretNames(names);
    this.recordQuery = recordQuery;
  }

  /** The target without secrets; the very same one when there were none. */
  public RequestTarget redact(RequestTarget target) {
    String path = redactPath(target.path());
    String query = target.query() == null ? null : recordedQuery(target.query());
    String host = withoutUser(target.host());
    if (path.equals(target.path())
        && host.equals(target.host())
        && (query == null ? target.query() == null : query.equals(target.query()))) {
      return target;
    }
    return new RequestTarget(target.scheme(), host, target.port(), path, query);
  }

  /** A whole URL, as in a header. */
  public String redact(String url) {
    int mark = url.indexOf('?');
    String path = redactPath(mark < 0 ? url : url.substring(0, mark));
    String query = mark < 0 ? null : recordedQuery(url.substring(mark + 1));
    return query == null ? path : path + '?' + query;
  }

  /** The search forwards is the faster, and seldom finds any. */
  private static String withoutUser(String host) {
    return host.indexOf('@') < 0 ? host : host.substring(host.lastIndexOf('@') + 1);
  }

  private String redactPath(String path) {
    String redacted = path;
    if (redacted.indexOf(';') >= 0) {
      redacted = MATRIX.matcher(redacted).replaceAll(found -> kept(found, ';'));
    }
    return withoutUserInfo(redacted);
  }

  private String kept(MatchResult found, char before) {
    String name = found.group(1);
    String value = names.contains(decoded(name)) ? MARK : withoutNested(found.group(2), 1);
    return Matcher.quoteReplacement(before + name + '=' + value);
  }

  /** Few texts hold an address; a search for one costs far less than the pattern. */
  private static String withoutUserInfo(String text) {
    return text.contains("://") ? USER_INFO.matcher(text).replaceAll("$1") : text;
  }

  private @Nullable String recordedQuery(String query) {
    return recordQuery == RecordQuery.NONE ? null : redactQuery(query);
  }

  private String redactQuery(String query) {
    StringBuilder redacted = new StringBuilder(query.length());
    int start = 0;
    for (int at = 0; at <= query.length(); at++) {
      char c = at == query.length() ? '&' : query.charAt(at);
      if (c == '&' || c == ';') {
        append(redacted, query.substring(start, at));
        if (at < query.length()) {
          redacted.append(c);
        }
        start = at + 1;
      }
    }
    return redacted.toString();
  }

  private void append(StringBuilder redacted, String parameter) {
    int equals = parameter.indexOf('=');
    if (equals < 0) {
      redacted.append(withoutNested(parameter, 0));
      return;
    }
    String name = parameter.substring(0, equals);
    redacted.append(name).append('=');
    boolean isSecret = recordQuery == RecordQuery.NAMES || names.contains(decoded(name));
    redacted.append(isSecret ? MARK : withoutNested(parameter.substring(equals + 1), 0));
  }

  /** A value that holds parameters or JSON, as it is or in escapes, without the secrets there. */
  private String withoutNested(String value, int depth) {
    String plain = withoutUserInfo(value);
    if (plain.indexOf('=') >= 0) {
      plain = NESTED.matcher(plain).replaceAll(this::nested);
    }
    if (plain.indexOf('"') >= 0) {
      plain = JSON.matcher(plain).replaceAll(this::member);
    }
    if (depth < DEEPEST && (plain.indexOf('%') >= 0 || plain.indexOf('+') >= 0)) {
      String decoded = decoded(plain);
      String redacted = decoded.equals(plain) ? plain : withoutNested(decoded, depth + 1);
      if (!redacted.equals(decoded)) {
        return URLEncoder.encode(redacted, StandardCharsets.UTF_8);
      }
    }
    return plain;
  }

  private String nested(MatchResult found) {
    boolean isSecret = names.contains(decoded(found.group(1)));
    return Matcher.quoteReplacement(isSecret ? found.group(1) + '=' + MARK : found.group());
  }

  private String member(MatchResult found) {
    boolean isSecret = names.contains(found.group(1));
    return Matcher.quoteReplacement(
        isSecret ? '"' + found.group(1) + "\":\"" + MARK + '"' : found.group());
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
