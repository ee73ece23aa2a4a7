// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.runtracker.CompletedRequest;
import io.runtracker.RequestCustomizer;
import io.runtracker.adapter.HttpReader;
import io.runtracker.internal.event.LogEntry;
import io.runtracker.internal.stage.RateLimitedLog;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Calls the customizers of a request that has ended, and gathers what they add to its entries. */
final class Customizers {

  private final RequestCustomizer[] customizers;
  private final RateLimitedLog log;

  private Customizers(List<RequestCustomizer> customizers, RateLimitedLog log) {
    this.customizers = customizers.toArray(RequestCustomizer[]::new);
    this.log = log;
  }

  /** Null when there are none. */
  static @Nullable Customizers of(List<RequestCustomizer> customizers, RateLimitedLog log) {
    return customizers.isEmpty() ? null : new Customizers(customizers, log);
  }

  /** The entries with those that the customizers add on top. */
  <Q, S> @Nullable LogEntry customize(
      CapturedRequest open,
      @Nullable LogEntry entries,
      int statusCode,
      @Nullable Throwable error,
      HttpReader<Q, S> reader,
      Q request,
      S response) {
    View<Q, S> view = new View<>(open, entries, statusCode, error, reader, request, response);
    for (RequestCustomizer customizer : customizers) {
      try {
        customizer.customize(view);
      } catch (Throwable fault) {
        log.warn("customizer", "A request customizer failed; the run is without its part", fault);
      }
    }
    return view.newest;
  }

  private static final class View<Q, S> implements CompletedRequest {
    private final CapturedRequest open;
    private final int statusCode;
    private final @Nullable Throwable error;
    private final HttpReader<Q, S> reader;
    private final Q request;
    private final S response;
    private @Nullable LogEntry newest;

    private View(
        CapturedRequest open,
        @Nullable LogEntry entries,
        int statusCode,
        @Nullable Throwable error,
        HttpReader<Q, S> reader,
        Q request,
        S response) {
      this.open = open;
      this.newest = entries;
      this.statusCode = statusCode;
      this.error = error;
      this.reader = reader;
      this.request = request;
      this.response = response;
    }

    @Override
    public String method() {
      return open.method();
    }

    @Override
    public String path() {
      return open.target().path();
    }

    @Override
    public @Nullable String route() {
      return open.route();
    }

    @Override
    public @Nullable String requestHeader(String name) {
      return reader.requestHeader(request, name);
    }

    @Override
    public int statusCode() {
      return statusCode;
    }

    @Override
    public @Nullable String responseHeader(String name) {
      return reader.responseHeader(response, name);
    }

    @Override
    public @Nullable Throwable error() {
      return error;
    }

    @Override
    public CompletedRequest tag(String key, @Nullable String value) {
      return add(LogEntry.Kind.TAG, key, value);
    }

    @Override
    public CompletedRequest param(String key, @Nullable Object value) {
      return add(LogEntry.Kind.PARAM, key, value == null ? null : value.toString());
    }

    private View<Q, S> add(LogEntry.Kind kind, String key, @Nullable String value) {
      if (value != null) {
        LogEntry entry = LogEntry.text(kind, Objects.requireNonNull(key), value);
        entry.putOn(newest);
        newest = entry;
      }
      return this;
    }
  }
}
