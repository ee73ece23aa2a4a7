// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.testkit.Wire.Answer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Rows 2 to 8 and 22 to 27: exceptions, statuses and clients that go away. */
abstract class FailureRows extends RecordRows {

  @Test
  @DisplayName("2: an escaping exception is recorded with status 500, not with the 200 of its time")
  void recordsAnEscapingException() throws Exception {
    assertBoom(record(Endpoint.THROW), 500);
  }

  @Test
  @DisplayName("2: the service's exception leaves the adapter as the same object")
  void rethrowsTheSameObject() throws Exception {
    assertBoom(record(Endpoint.THROW), 500);
    if (application.escaped() == null) {
      notApplicable("the framework has no place from which to see what leaves the adapter");
    }
    assertThat(application.escaped()).isSameAs(application.thrown());
  }

  @Test
  @DisplayName("3: a status set before the exception does not hide that 500 is answered")
  void recordsTheStatusOfTheExceptionNotTheOneSet() throws Exception {
    assertBoom(record(Endpoint.STATUS_THEN_THROW), 500);
  }

  @Test
  @DisplayName("4: an exception after the status was sent leaves the status and fails the run")
  void recordsAnExceptionAfterTheCommit() throws Exception {
    assertBoom(record(Endpoint.COMMIT_THEN_THROW), 200);
  }

  @Test
  @DisplayName("5: a service that is unavailable is recorded with what it answers")
  void recordsUnavailability() throws Exception {
    RequestEvent event = record(Endpoint.UNAVAILABLE);
    assertThat(event.statusCode()).isEqualTo(503);
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
  }

  @Test
  @DisplayName("5: a service that is gone for good is recorded with what it answers")
  void recordsUnavailabilityForGood() throws Exception {
    assertThat(record(Endpoint.UNAVAILABLE_FOR_GOOD).statusCode()).isIn(404, 410, 503);
  }

  @Test
  @DisplayName("6: errors that the handler reports are recorded: 404 finished, 503 failed")
  void recordsReportedErrors() throws Exception {
    assertFinished(record(Endpoint.SEND_ERROR, 404), 404);
    RequestEvent failed = record(Endpoint.SEND_ERROR, 503);
    assertThat(failed.status()).isEqualTo(RunStatus.FAILED);
    assertThat(failed.errorType()).isNull();
  }

  @Test
  @DisplayName("6: statuses that the handler sets are recorded as they are")
  void recordsStatuses() throws Exception {
    for (int status : new int[] {200, 201, 204, 304, 400, 418, 499}) {
      assertFinished(record(Endpoint.STATUS, status), status);
    }
    for (int status : new int[] {500, 503, 599}) {
      assertThat(record(Endpoint.STATUS, status).status()).isEqualTo(RunStatus.FAILED);
    }
  }

  @Test
  @DisplayName("7: an error page is no second record")
  void recordsNothingForTheErrorPage() throws Exception {
    Answer answer = get(Endpoint.ERROR_PAGE);
    assertThat(answer.body()).isEqualTo("sorry");
    assertFailed(
        sink.takeNext(), answer.status(), Application.PagedException.class.getName(), "paged");
  }

  @Test
  @DisplayName("8: the route is the handler's, not the error page's")
  void keepsTheRouteFromTheErrorPage() throws Exception {
    assertThat(record(Endpoint.ERROR_PAGE).route()).isEqualTo(route(Endpoint.ERROR_PAGE));
  }

  @Test
  @DisplayName("7: the status is what the error page answered to an exception")
  void recordsWhatTheErrorPageAnswersToAnException() throws Exception {
    for (int status : new int[] {200, 401, 403, 418, 502}) {
      RequestEvent event = record(Endpoint.ERROR_PAGE_STATUS, status);
      assertThat(event.statusCode()).isEqualTo(status);
      assertThat(typeOfException(event)).isEqualTo(Application.PagedException.class.getName());
      assertThat(event.route()).isEqualTo(route(Endpoint.ERROR_PAGE_STATUS));
    }
  }

  /** Of an escaping exception, or of one that the framework made an answer of. */
  private static @Nullable String typeOfException(RequestEvent event) {
    return event.errorType() != null ? event.errorType() : event.params().get("error_type");
  }

  @Test
  @DisplayName("7: the status is what the error page answered to a reported error")
  void recordsWhatTheErrorPageAnswersToAReport() throws Exception {
    Answer answer = get(Endpoint.SEND_ERROR, Application.PAGED_STATUS);
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.body()).isEqualTo("sorry");
    RequestEvent event = sink.takeNext();
    assertFinished(event, 403);
    assertThat(event.route()).isEqualTo(route(Endpoint.SEND_ERROR));
  }

  @Test
  @DisplayName("7: the time of the error page is included")
  void includesTheTimeOfTheErrorPage() throws Exception {
    needs(Endpoint.ERROR_PAGE_GATED);
    try (Wire wire = new Wire(port())) {
      String close = "Connection: close\r\n";
      wire.write(Wire.request("GET", Endpoint.ERROR_PAGE_GATED.template(), close, ""));
      await().atMost(RecordingSink.PATIENCE).until(application::isAtTheGate);
      tracker().flush(RecordingSink.PATIENCE);
      assertThat(sink.takeAll()).isEmpty();
      application.openGate();
      assertThat(wire.readToEnd()).contains("sorry");
    }
    assertThat(sink.takeNext().statusCode()).isEqualTo(500);
  }

  @Test
  @DisplayName("22: an exception is recorded without any of the usual wrappers")
  void unwrapsTheExceptionFromTheUsualWrappers() throws Exception {
    for (String wrapper : List.of("completion", "execution", "invocation", "undeclared")) {
      assertBoom(record(Endpoint.THROW_IN, wrapper), 500);
    }
  }

  @Test
  @DisplayName("22: an exception is recorded without the wrapper of the framework")
  void unwrapsTheException() throws Exception {
    assertBoom(record(Endpoint.THROW_WRAPPED), 500);
  }

  @Test
  @DisplayName("23: an Error is recorded too")
  void recordsErrors() throws Exception {
    assertFailed(record(Endpoint.THROW_ERROR), 500, "java.lang.AssertionError", "error");
  }

  @Test
  @DisplayName("24: a client that goes away is recorded as that")
  void recordsAClientAbort() throws Exception {
    needs(Endpoint.ENDLESS);
    try (Wire wire = new Wire(port())) {
      wire.write(Wire.request("GET", Endpoint.ENDLESS.template(), "", ""));
      wire.readUntil("endless");
      wire.reset();
    }
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(200);
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isNotNull();
    assertThat(event.tags()).containsEntry("http.client_aborted", "true");
  }

  @Test
  @DisplayName("24: so is one that goes away in the middle of an asynchronous stream")
  void recordsAClientAbortOfAStream() throws Exception {
    needs(Endpoint.ASYNC_ENDLESS);
    for (int i = 0; i < 3; i++) {
      try (Wire wire = new Wire(port())) {
        wire.write(Wire.request("GET", Endpoint.ASYNC_ENDLESS.template(), "", ""));
        wire.readUntil("endless");
        // By then the thread that took the request has let it go.
        assertFinished(record(Endpoint.HELLO), 200);
        wire.reset();
      }
      RequestEvent event = sink.takeNext();
      assertThat(event.statusCode()).isEqualTo(200);
      assertThat(event.status()).isEqualTo(RunStatus.FAILED);
      assertThat(event.tags())
          .as("%s: %s", event.errorType(), event.errorDetails())
          .containsEntry("http.client_aborted", "true");
    }
  }

  @Test
  @DisplayName("24: an end of a file is none of the client's")
  void doesNotTakeEveryEndForAClientAbort() throws Exception {
    RequestEvent event = record(Endpoint.THROW_EOF);
    assertThat(typeOfException(event)).isEqualTo("java.io.EOFException");
    assertThat(event.tags()).isEmpty();
  }

  @Test
  @DisplayName(
      "24: a body that is shorter than it was said to be is recorded with what is answered")
  void recordsABodyThatIsTooShort() throws Exception {
    record(Endpoint.SHORT_BODY);
  }

  @Test
  @DisplayName("24: so is one that goes away in the middle of its own request")
  void recordsAClientAbortWhileReading() throws Exception {
    needs(Endpoint.SWALLOW);
    try (Wire wire = new Wire(port())) {
      wire.write("POST /swallow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf");
      application.gate();
      wire.reset();
    }
    RequestEvent event = sink.takeNext();
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.tags())
        .as("%s: %s", event.errorType(), event.errorDetails())
        .containsEntry("http.client_aborted", "true");
  }

  @Test
  @DisplayName("25, 26, 27: an exception that the framework maps to a status is seen all the same")
  void seesHandledExceptions() throws Exception {
    assertThat(record(Endpoint.HANDLED).statusCode()).isEqualTo(409);
  }
}
