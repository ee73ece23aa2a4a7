// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.runtracker.IncomingRequest;
import io.runtracker.RequestFilter;
import io.runtracker.adapter.HttpReader;
import io.runtracker.internal.stage.RateLimitedLog;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Decides when a request comes in whether it is tracked: by the skip list, then by filters. */
public final class Admission {

  private final PathPatterns skip;
  private final RequestFilter @Nullable [] filters;
  private final RateLimitedLog log;

  public Admission(PathPatterns skip, List<RequestFilter> filters, RateLimitedLog log) {
    this.skip = skip;
    this.filters = filters.isEmpty() ? null : filters.toArray(RequestFilter[]::new);
    this.log = log;
  }

  public <Q> boolean admits(String method, String path, HttpReader<Q, ?> reader, Q request) {
    return !skip.matches(path)
        && (filters == null || admits(filters, new View<>(method, path, reader, request)));
  }

  private boolean admits(RequestFilter[] all, IncomingRequest request) {
    for (RequestFilter filter : all) {
      try {
        if (!filter.isTracked(request)) {
          return false;
        }
      } catch (Throwable fault) {
        log.warn("filter", "A request filter failed; the request is tracked", fault);
      }
    }
    return true;
  }

  private record View<Q>(String method, String path, HttpReader<Q, ?> reader, Q request)
      implements IncomingRequest {
    @Override
    public @Nullable String header(String name) {
      return reader.requestHeader(request, name);
    }
  }
}
