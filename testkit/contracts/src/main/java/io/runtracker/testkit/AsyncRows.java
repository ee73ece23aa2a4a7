// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.TrackedRequest;
import io.runtracker.testkit.Wire.Answer;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Rows 11 to 21 and 47: requests that end after their handler has returned. */
abstract class AsyncRows extends FailureRows {

  @Test
  @DisplayName("11: an asynchronous request ends when it completes, not when the handler returns")
  void waitsForCompletion() throws Exception {
    needs(Endpoint.ASYNC_GATED);
    try (Wire wire = new Wire(port())) {
      wire.write(Wire.request("GET", "/async-gated", "Connection: close\r\n", ""));
      await().atMost(RecordingSink.PATIENCE).until(() -> application.kept() != null);
      assertThat(sink.takeAll()).isEmpty();
      application.openGate();
      assertThat(wire.readToEnd()).contains("async");
    }
    RequestEvent event = sink.takeNext();
    assertFinished(event, 200);
    assertThat(event.route()).isEqualTo(route(Endpoint.ASYNC_GATED));
    assertThat(event.metrics()).hasSize(1);
  }

  @Test
  @DisplayName("12: a request that another thread completes at any moment is recorded once")
  void doesNotRaceWithCompletion() throws Exception {
    needs(Endpoint.ASYNC);
    List<RequestEvent> events = sendAtOnce(400, i -> "/async");
    assertThat(events).allSatisfy(e -> assertFinished(e, 200));
    assertThat(events).allSatisfy(e -> assertThat(e.metrics()).hasSize(1));
  }

  @Test
  @DisplayName("13: a time-out nobody answers is recorded with what the client gets")
  void recordsATimeOut() throws Exception {
    RequestEvent event = record(Endpoint.ASYNC_TIMEOUT);
    assertThat(event.statusCode()).isGreaterThanOrEqualTo(500);
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
  }

  @Test
  @DisplayName("13, 16: a time-out that the service answers is recorded once, with that answer")
  void recordsAnAnsweredTimeOut() throws Exception {
    Answer answer = get(Endpoint.ASYNC_TIMEOUT_HANDLED);
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.body()).isEqualTo("late");
    assertThat(sink.takeNext().statusCode()).isEqualTo(503);
  }

  @Test
  @DisplayName("16: time-outs are recorded once each, though completion may be told twice")
  void recordsTimeOutsOnce() throws Exception {
    needs(Endpoint.ASYNC_TIMEOUT);
    needs(Endpoint.ASYNC_TIMEOUT_HANDLED);
    List<RequestEvent> events =
        sendAtOnce(
            40,
            i -> (i % 2 == 0 ? Endpoint.ASYNC_TIMEOUT : Endpoint.ASYNC_TIMEOUT_HANDLED).template());
    assertThat(events).allSatisfy(e -> assertThat(e.status()).isEqualTo(RunStatus.FAILED));
    assertThat(events.stream().filter(e -> e.target().path().endsWith("-handled"))).hasSize(20);
  }

  @Test
  @DisplayName("14, 15: an exception after going asynchronous is recorded with 500")
  void recordsAnExceptionAfterGoingAsynchronous() throws Exception {
    assertBoom(record(Endpoint.ASYNC_THROW), 500);
  }

  @Test
  @DisplayName("14, 15: the same when a status had been set")
  void recordsAnExceptionAfterStatusAndGoingAsynchronous() throws Exception {
    assertBoom(record(Endpoint.ASYNC_STATUS_THROW), 500);
  }

  @Test
  @DisplayName("15: an exception after going asynchronous and sending the status keeps the status")
  void recordsAnExceptionAfterGoingAsynchronousAndCommit() throws Exception {
    assertBoom(record(Endpoint.ASYNC_COMMIT_THROW), 200);
  }

  @Test
  @DisplayName(
      "18: a stream that fails after its first bytes ends when it fails, with its exception")
  void recordsAStreamThatFails() throws Exception {
    assertBoom(record(Endpoint.ASYNC_STREAM_FAIL), 200);
  }

  @Test
  @DisplayName("17: a request that goes asynchronous twice is recorded at its second completion")
  void followsASecondStart() throws Exception {
    RequestEvent event = record(Endpoint.ASYNC_TWICE);
    assertFinished(event, 200);
    assertThat(event.metrics()).hasSize(1);
  }

  @Test
  @DisplayName("18: an exception in the second dispatch is recorded with 500")
  void recordsAnExceptionInTheSecondDispatch() throws Exception {
    assertBoom(record(Endpoint.ASYNC_DISPATCH_THROW), 500);
  }

  @Test
  @DisplayName("19: a failure on the framework's own worker thread does not leave the request open")
  void recordsAFailureOfAWorker() throws Exception {
    RequestEvent event = record(Endpoint.ASYNC_WORKER_THROW);
    assertThat(event.statusCode()).isGreaterThanOrEqualTo(500);
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
  }

  @Test
  @DisplayName("20: a request completed before its handler returns is recorded once")
  void recordsCompletionWithinTheHandler() throws Exception {
    assertFinished(record(Endpoint.ASYNC_AT_ONCE), 200);
  }

  @Test
  @DisplayName("21: a request whose attributes were cleared is recorded")
  void needsNoAttributes() throws Exception {
    assertFinished(record(Endpoint.CLEAR_ATTRIBUTES), 200);
  }

  @Test
  @DisplayName("21: so is an asynchronous one")
  void needsNoAttributesWhenAsynchronous() throws Exception {
    assertFinished(record(Endpoint.ASYNC_CLEAR_ATTRIBUTES), 200);
  }

  @Test
  @DisplayName("12: the framework takes its own request for its own when it is handed over")
  void keepsTheRequestOriginal() throws Exception {
    Answer answer = get(Endpoint.ASYNC_EXPLICIT);
    assertThat(answer.body()).isEqualTo("original=true");
    assertFinished(sink.takeNext(), 200);
  }

  @Test
  @DisplayName("47: a request that fails asynchronously is recorded as failed")
  void recordsAnAsynchronousFailure() throws Exception {
    RequestEvent event = record(Endpoint.ASYNC_FAIL);
    assertThat(event.statusCode()).isEqualTo(503);
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
  }

  @Test
  @DisplayName("47: what is written after the end is ignored and counted")
  void ignoresLateWrites() throws Exception {
    assertFinished(record(Endpoint.KEEP), 200);
    TrackedRequest kept = java.util.Objects.requireNonNull(application.kept());
    long before = tracker().stats().ignoredWrites();
    kept.tag("too", "late");
    assertThat(tracker().stats().ignoredWrites()).isEqualTo(before + 1);
  }
}
