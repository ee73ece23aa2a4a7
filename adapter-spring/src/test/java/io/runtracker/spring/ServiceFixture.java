// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.Wire;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** A service for all tests of a class, each of which takes the events of its requests. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ServiceFixture {

  final RecordingSink sink = new RecordingSink();
  private final Class<?> service;
  private final String[] properties;
  RunningApplication application;

  ServiceFixture(Class<?> service, String... properties) {
    this.service = service;
    this.properties = properties;
  }

  @BeforeAll
  void start() {
    application = RunningApplication.start(service, sink, properties);
  }

  @AfterEach
  void everyEventWasAskedFor() {
    application.tracker().flush(RecordingSink.PATIENCE);
    sink.assertNothingLeft();
  }

  @AfterAll
  void stop() {
    application.close();
  }

  final RequestEvent record(String path, int status) throws Exception {
    return record("GET", path, status);
  }

  final RequestEvent record(String method, String path, int status) throws Exception {
    return record(method, path, "", status);
  }

  /** The event of a request, whose client and event have this status. */
  final RequestEvent record(String method, String path, String headers, int status)
      throws Exception {
    assertThat(Wire.send(application.port(), method, path, headers, "").status()).isEqualTo(status);
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(status);
    return event;
  }
}
