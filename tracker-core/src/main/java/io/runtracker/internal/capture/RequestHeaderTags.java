// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.runtracker.adapter.HttpReader;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.event.UrlRedactor;
import io.runtracker.internal.stage.RateLimitedLog;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Copies what was asked for off a request that comes in: headers, named as OpenTelemetry names
 * them, and the client's address. Values of headers that carry secrets are not copied.
 */
public final class RequestHeaderTags {

  static final String CLIENT_ADDRESS = "client.address";

  private static final String PREFIX = "http.request.header.";

  private static final List<String> SECRET =
      List.of(
          "auth",
          "cookie",
          "token",
          "secret",
          "password",
          "api-key",
          "apikey",
          "access-key",
          "session",
          "signature",
          "credential",
          "jwt",
          "csrf",
          "xsrf");

  /** Headers whose value is a URL, or its path and query. */
  private static final Set<String> URLS =
      Set.of(
          "referer",
          "x-original-url",
          "x-original-uri",
          "x-rewrite-url",
          "x-forwarded-uri",
          "link");

  private final String[] headers;
  private final UrlRedactor redactor;
  private final boolean clientAddress;
  private final RateLimitedLog log;

  private RequestHeaderTags(Settings settings, RateLimitedLog log) {
    this.headers =
        settings.recordHeaders.stream()
            .map(name -> name.toLowerCase(Locale.ROOT))
            .distinct()
            .toArray(String[]::new);
    this.clientAddress = settings.recordClientAddress;
    this.redactor = new UrlRedactor(settings.redact, settings.recordQuery);
    this.log = log;
  }

  /** Null when nothing was asked for. */
  public static @Nullable RequestHeaderTags of(Settings settings, RateLimitedLog log) {
    return settings.recordHeaders.isEmpty() && !settings.recordClientAddress
        ? null
        : new RequestHeaderTags(settings, log);
  }

  public <Q> void read(CapturedRequest open, HttpReader<Q, ?> reader, Q request) {
    try {
      if (clientAddress) {
        tag(open, CLIENT_ADDRESS, reader.clientAddress(request));
      }
      for (String name : headers) {
        String value = reader.requestHeader(request, name);
        tag(open, PREFIX + name, value == null ? null : recorded(name, value));
      }
    } catch (Throwable fault) {
      log.warn("headers", "Headers of a request could not be read", fault);
    }
  }

  private String recorded(String name, String value) {
    if (isSecret(name)) {
      return UrlRedactor.MARK;
    }
    return URLS.contains(name) ? redactor.redact(value) : value;
  }

  private static void tag(CapturedRequest open, String key, @Nullable String value) {
    if (value != null) {
      open.entryTag(key, value);
    }
  }

  private static boolean isSecret(String name) {
    return SECRET.stream().anyMatch(name::contains);
  }
}
