// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/** Events and settings that the tests of this package start from. */
final class TestEvents {

  /** No credentials file of whoever runs the tests. */
  static final Map<String, String> NO_ENVIRONMENT = Map.of("HOME", "/nonexistent");

  static final long START = 1_790_000_000_123L;

  private static final String SOURCE = "test-" + UUID.randomUUID();
  private static final AtomicLong SEQUENCE = new AtomicLong();

  private TestEvents() {}

  static RequestEvent.Builder request(String path) {
    return request(path, null);
  }

  static RequestEvent.Builder request(String path, String query) {
    return RequestEvent.builder(
            SOURCE,
            SEQUENCE.incrementAndGet(),
            "GET",
            new RequestTarget("http", "localhost", 8080, path, query))
        .timing(START, 12_345_678);
  }
}
