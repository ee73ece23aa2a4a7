// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.Ledger;
import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.testkit.Wire.Answer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What every adapter must get right, on a real server over a real socket. The numbers are the rows
 * of the list of behaviours; a subclass starts its server and serves every {@link Endpoint}.
 *
 * <p>Strict: an event that no test took fails the test, and at the end the ledger must add up.
 * Almost every test holds the status recorded against the status on the wire.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class AdapterContract {

  private static final int AT_ONCE = 8;

  private final RecordingSink sink = new RecordingSink();
  private final Application application = new Application();
  private @Nullable Tracker tracker;
  private @Nullable RunningServer server;

  /** Starts a server on a free port of 127.0.0.1 that serves every endpoint. */
  protected abstract RunningServer start(Tracker tracker, Application application, Setup setup)
      throws Exception;

  /** Why the framework cannot have this endpoint, or null when it can. */
  protected @Nullable String missing(Endpoint endpoint) {
    return null;
  }

  /** The route that is recorded for an endpoint. */
  protected String route(Endpoint endpoint) {
    return endpoint.template();
  }

  /**
   * Whether the service answers this endpoint the same with and without tracking; where it does
   * not, the subclass says why.
   */
  protected boolean isAnsweredAlike(Endpoint endpoint) {
    return missing(endpoint) == null;
  }

  /** For a row that makes no sense here: the test is skipped, and says why. */
  protected final void notApplicable(String reason) {
    System.out.println(getClass().getSimpleName() + ": not applicable: " + reason);
    Assumptions.abort(reason);
  }

  protected final RecordingSink sink() {
    return sink;
  }

  protected final Application application() {
    return application;
  }

  protected final Tracker tracker() {
    return java.util.Objects.requireNonNull(tracker);
  }

  protected final int port() {
    return java.util.Objects.requireNonNull(server).port();
  }

  @BeforeAll
  final void startServer() throws Exception {
    tracker = newTracker(sink);
    server = start(tracker, application, Setup.PLAIN);
  }

  @AfterAll
  final void stopServer() throws Exception {
    java.util.Objects.requireNonNull(server).close();
    application.close();
    Ledger ledger = tracker().close(RecordingSink.PATIENCE);
    sink.assertNothingLeft();
    assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
  }

  @BeforeEach
  final void reset() {
    application.reset();
  }

  @AfterEach
  final void everyEventWasAskedFor() {
    tracker().flush(RecordingSink.PATIENCE);
    sink.assertNothingLeft();
  }

  /** A tracker as the tests want it: all of its environment is empty. */
  protected static Tracker newTracker(RecordingSink sink) {
    return Tracker.builder().environment(Map.of()).sink(sink).shutdownHook(false).build();
  }

  protected final void needs(Endpoint endpoint) {
    String reason = missing(endpoint);
    if (reason != null) {
      notApplicable(endpoint + ": " + reason);
    }
  }

  protected final Answer get(Endpoint endpoint) throws Exception {
    return get(endpoint, "");
  }

  protected final Answer get(Endpoint endpoint, Object variable) throws Exception {
    return send("GET", endpoint, variable);
  }

  protected final Answer send(String method, Endpoint endpoint, Object variable) throws Exception {
    needs(endpoint);
    return Wire.send(port(), method, endpoint.path(variable));
  }

  /**
   * Sends a GET and takes its one event, whose status must be the one on the wire. A connection cut
   * before any answer must be recorded as a failure.
   */
  protected final RequestEvent record(Endpoint endpoint, Object variable) throws Exception {
    Answer answer = get(endpoint, variable);
    RequestEvent event = sink.takeNext();
    assertSameStatus(event, answer);
    assertThat(event.target().path()).isEqualTo(endpoint.path(variable));
    return event;
  }

  protected final RequestEvent record(Endpoint endpoint) throws Exception {
    return record(endpoint, "");
  }

  private static void assertSameStatus(RequestEvent event, Answer answer) {
    if (answer.status() == 0) {
      assertThat(event.statusCode()).as("recorded, where nothing was answered").isEqualTo(500);
    } else {
      assertThat(event.statusCode())
          .as("recorded, against the wire: %s", event)
          .isEqualTo(answer.status());
    }
  }

  private static void assertFailed(RequestEvent event, int status, String type, String details) {
    assertThat(event.statusCode()).isEqualTo(status);
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isEqualTo(type);
    assertThat(event.errorDetails()).isEqualTo(details);
  }

  private static void assertBoom(RequestEvent event, int status) {
    assertFailed(event, status, "java.lang.IllegalStateException", "boom");
  }

  private static void assertFinished(RequestEvent event, int status) {
    assertThat(event.statusCode()).isEqualTo(status);
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
    assertThat(event.errorType()).isNull();
  }

  // --- one record

  @Test
  @DisplayName("1: a request is recorded once, with all that is known of it")
  void recordsARequestOnce() throws Exception {
    long before = System.currentTimeMillis();
    RequestEvent event = record(Endpoint.ITEM, 42);
    assertFinished(event, 200);
    assertThat(event.method()).isEqualTo("GET");
    assertThat(event.route()).isEqualTo(route(Endpoint.ITEM));
    assertThat(event.target().scheme()).isEqualTo("http");
    assertThat(event.target().host()).isEqualTo("localhost");
    assertThat(event.params()).containsExactly(Map.entry("item", "42"));
    assertThat(event.tags()).isEmpty();
    assertThat(event.startTime().toEpochMilli()).isBetween(before, System.currentTimeMillis());
    assertThat(event.runName()).startsWith("GET_/items/42_");
  }

  @Test
  @DisplayName("1: requests one after the other are as many records")
  void recordsEveryRequest() throws Exception {
    for (int i = 0; i < 50; i++) {
      assertThat(get(Endpoint.ITEM, i).body()).isEqualTo(String.valueOf(i));
    }
    List<RequestEvent> events = sink.takeNext(50);
    assertThat(events.stream().map(RequestEvent::eventId)).doesNotHaveDuplicates();
    assertThat(events.stream().map(e -> e.params().get("item")))
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, 50).mapToObj(String::valueOf).toList());
  }

  @Test
  @DisplayName("1: everything the handler logs is in the record")
  void recordsWhatTheHandlerLogs() throws Exception {
    RequestEvent event = record(Endpoint.NOTES);
    assertThat(event.tags()).containsExactly(Map.entry("model", "tiny"));
    assertThat(event.params()).containsExactly(Map.entry("temperature", "0.5"));
    assertThat(event.metrics().stream().map(Metric::value)).containsExactly(0.25, 0.125);
    assertThat(event.texts()).containsExactly(Map.entry("prompt.txt", "Hello, server"));
  }

  @Test
  @DisplayName("1: a request that its handler drops is not recorded")
  void leavesOutDroppedRequests() throws Exception {
    assertThat(get(Endpoint.DROP).body()).isEqualTo("hello");
    assertFinished(record(Endpoint.HELLO), 200);
  }

  @Test
  @DisplayName("1: the body of a request reaches its handler untouched")
  void leavesTheBodyAlone() throws Exception {
    needs(Endpoint.ECHO);
    String body = "x".repeat(100_000);
    Answer answer = Wire.send(port(), "POST", "/echo", "Content-Type: text/plain\r\n", body);
    assertThat(answer.body()).isEqualTo(body);
    assertThat(sink.takeNext().method()).isEqualTo("POST");
  }

  // --- failures

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
    assertThat(record(Endpoint.UNAVAILABLE_FOR_GOOD).statusCode()).isIn(404, 503);
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

  // --- dispatches

  @Test
  @DisplayName("9: a forward keeps the path that was asked for and takes the target's route")
  void followsAForward() throws Exception {
    RequestEvent event = record(Endpoint.FORWARD);
    assertFinished(event, 200);
    assertThat(event.target().path()).isEqualTo("/forward");
    assertThat(event.route()).isEqualTo(route(Endpoint.ITEM));
    assertThat(event.params()).containsExactly(Map.entry("item", "7"));
  }

  @Test
  @DisplayName("10: an include is no record of its own")
  void ignoresIncludes() throws Exception {
    Answer answer = get(Endpoint.INCLUDE);
    assertThat(answer.body()).isEqualTo("including 8");
    RequestEvent event = sink.takeNext();
    assertThat(event.target().path()).isEqualTo("/include");
    assertThat(event.route()).isEqualTo(route(Endpoint.INCLUDE));
  }

  // --- asynchronous requests

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
    long before = tracker().stats().lateWrites();
    kept.tag("too", "late");
    assertThat(tracker().stats().lateWrites()).isEqualTo(before + 1);
  }

  // --- the route

  @Test
  @DisplayName("12, 28: the record spans both dispatches, and the route survives")
  void keepsTheRouteWhenDispatchedAgain() throws Exception {
    RequestEvent event = record(Endpoint.ASYNC_DISPATCH);
    assertFinished(event, 200);
    assertThat(event.route()).isEqualTo(route(Endpoint.ASYNC_DISPATCH));
    assertThat(event.params()).containsExactly(Map.entry("item", "9"));
  }

  @Test
  @DisplayName("30: a path that nothing serves has no route")
  void givesNoRouteToUnmatchedPaths() throws Exception {
    Answer answer = Wire.send(port(), "GET", "/nothing/here");
    RequestEvent event = sink.takeNext();
    assertThat(answer.status()).isEqualTo(404);
    assertFinished(event, 404);
    assertThat(event.route()).isNull();
  }

  @Test
  @DisplayName("31: an application below a context path has it in its path and in its route")
  void prependsTheContextPath() throws Exception {
    RecordingSink own = new RecordingSink();
    try (Tracker second = newTracker(own);
        RunningServer below = start(second, application, new Setup("/shop", 1))) {
      assertThat(Wire.send(below.port(), "GET", "/shop/items/3").body()).isEqualTo("3");
      RequestEvent event = own.takeNext();
      assertThat(event.target().path()).isEqualTo("/shop/items/3");
      assertThat(event.route()).isEqualTo("/shop" + route(Endpoint.ITEM));
      assertThat(Wire.send(below.port(), "GET", "/shop/health").body()).isEqualTo("untracked");
      second.flush(RecordingSink.PATIENCE);
      own.assertNothingLeft();
    }
  }

  @Test
  @DisplayName("32, 40: what answers before the handler sees the handle, and is recorded")
  void recordsWhatAnswersBeforeRouting() throws Exception {
    RequestEvent event = record(Endpoint.GUARDED);
    assertFinished(event, 401);
    assertThat(event.route()).isNull();
    assertThat(event.tags()).containsExactly(Map.entry("guard", "seen"));
  }

  // --- what is read off the request

  @Test
  @DisplayName("33: the path has no query, and secrets in the query are redacted")
  void keepsPathAndQueryApart() throws Exception {
    Wire.send(port(), "GET", "/items/5?q=1&token=secret");
    RequestEvent event = sink.takeNext();
    assertThat(event.target().path()).isEqualTo("/items/5");
    assertThat(event.target().query()).contains("q=1").doesNotContain("secret");
    assertThat(event.target().url()).startsWith("http://localhost").contains("/items/5?q=1");
  }

  @Test
  @DisplayName("33: an escaped path is recorded as sent")
  void keepsEscapes() throws Exception {
    assertThat(Wire.send(port(), "GET", "/items/%C3%A9%20b").status()).isEqualTo(200);
    assertThat(sink.takeNext().target().path()).isEqualTo("/items/%C3%A9%20b");
  }

  @Test
  @DisplayName("34: method and path are those of the beginning, whatever dispatches make of them")
  void readsMethodAndPathAtEntry() throws Exception {
    assertThat(send("POST", Endpoint.ASYNC_DISPATCH, "").body()).isEqualTo("9");
    RequestEvent event = sink.takeNext();
    assertThat(event.method()).isEqualTo("POST");
    assertThat(event.target().path()).isEqualTo("/async-dispatch");
  }

  @Test
  @DisplayName("35: HEAD is recorded with its route")
  void recordsHead() throws Exception {
    assertThat(send("HEAD", Endpoint.ITEM, 1).body()).isEmpty();
    RequestEvent event = sink.takeNext();
    assertThat(event.method()).isEqualTo("HEAD");
    assertThat(event.route()).isEqualTo(route(Endpoint.ITEM));
  }

  @Test
  @DisplayName("36: OPTIONS is recorded with what it is answered")
  void recordsOptions() throws Exception {
    Answer answer = send("OPTIONS", Endpoint.HELLO, "");
    RequestEvent event = sink.takeNext();
    assertThat(event.method()).isEqualTo("OPTIONS");
    assertThat(event.statusCode()).isEqualTo(answer.status());
  }

  @Test
  @DisplayName("37: methods nobody has heard of are recorded with what they are answered")
  void recordsOddMethods() throws Exception {
    for (String method : List.of("PROPFIND", "PATCH", "BREW", "X-1")) {
      Answer answer = send(method, Endpoint.HELLO, "");
      RequestEvent event = sink.takeNext();
      assertThat(event.method()).isEqualTo(method);
      assertThat(event.statusCode()).isEqualTo(answer.status());
    }
  }

  @Test
  @DisplayName("38: a redirect is finished")
  void recordsARedirect() throws Exception {
    assertFinished(record(Endpoint.REDIRECT), 302);
  }

  // --- the handle

  @Test
  @DisplayName("39: a skipped path is served without a handle and without a record")
  void skipsPaths() throws Exception {
    assertThat(get(Endpoint.SKIPPED).body()).isEqualTo("untracked");
    assertThat(Wire.send(port(), "GET", "/health?deep=1").body()).isEqualTo("untracked");
  }

  @Test
  @DisplayName("39: a skipped path may fail without a record")
  void skipsFailures() throws Exception {
    assertThat(get(Endpoint.SKIPPED_THROW).status()).isEqualTo(500);
  }

  @Test
  @DisplayName("40: the handler sees the handle")
  void showsTheHandle() throws Exception {
    assertThat(get(Endpoint.HANDLE).body()).isEqualTo("tracked");
    assertFinished(sink.takeNext(), 200);
  }

  @Test
  @DisplayName("41: the handle in the request's attributes works on other threads")
  void hasTheHandleAsAttribute() throws Exception {
    assertThat(record(Endpoint.ELSEWHERE).metrics()).hasSize(1);
  }

  @Test
  @DisplayName("42: the handle is back when the request is dispatched again")
  void showsTheHandleAfterDispatch() throws Exception {
    assertThat(get(Endpoint.ASYNC_DISPATCH_HANDLE).body()).isEqualTo("tracked");
    assertFinished(sink.takeNext(), 200);
  }

  @Test
  @DisplayName("42: no handle stays behind on a thread of the server")
  void leavesNoHandleBehind() throws Exception {
    List<Endpoint> endpoints =
        List.of(
            Endpoint.HELLO,
            Endpoint.THROW,
            Endpoint.ASYNC,
            Endpoint.ASYNC_DISPATCH,
            Endpoint.ASYNC_DISPATCH_THROW,
            Endpoint.ERROR_PAGE,
            Endpoint.FORWARD,
            Endpoint.ASYNC_TIMEOUT);
    List<Endpoint> present = endpoints.stream().filter(e -> missing(e) == null).toList();
    sendAtOnce(present.size() * 20, i -> present.get(i % present.size()).template());
    for (int i = 0; i < 5; i++) {
      List<String> bodies =
          inParallel(
              IntStream.range(0, 60)
                  .<Callable<String>>mapToObj(n -> () -> Wire.send(port(), "GET", "/health").body())
                  .toList());
      assertThat(bodies).containsOnly("untracked");
    }
  }

  // --- many at once

  @Test
  @DisplayName("43: requests served at once do not mix")
  void keepsConcurrentRequestsApart() throws Exception {
    List<RequestEvent> events = sendAtOnce(1000, i -> "/items/" + i);
    assertThat(events)
        .allSatisfy(
            e -> assertThat(e.target().path()).isEqualTo("/items/" + e.params().get("item")));
    assertThat(paths(events)).hasSize(1000);
  }

  @Test
  @DisplayName("43: requests in one pipeline do not mix")
  void keepsPipelinedRequestsApart() throws Exception {
    int count = 100;
    StringBuilder pipeline = new StringBuilder();
    for (int i = 0; i < count; i++) {
      String last = i == count - 1 ? "Connection: close\r\n" : "";
      String path = i % 3 == 1 ? "/async?n=" + i : "/items/" + i;
      pipeline.append(Wire.request("GET", path, last, ""));
    }
    try (Wire wire = new Wire(port())) {
      wire.write(pipeline.toString());
      assertThat(wire.readToEnd().split("HTTP/1.1 200")).hasSize(count + 1);
    }
    List<RequestEvent> events = sink.takeNext(count);
    for (RequestEvent event : events) {
      assertFinished(event, 200);
      if (event.target().path().equals("/async")) {
        assertThat(event.params()).isEmpty();
        assertThat(event.metrics()).hasSize(1);
      } else {
        assertThat(event.target().path()).isEqualTo("/items/" + event.params().get("item"));
        assertThat(event.metrics()).isEmpty();
      }
    }
  }

  @Test
  @DisplayName("44: a stream ends when its last byte is written")
  void waitsForTheEndOfAStream() throws Exception {
    assertEndsAfterGate(Endpoint.STREAM);
  }

  @Test
  @DisplayName("44: so does a stream of events")
  void waitsForTheEndOfEvents() throws Exception {
    assertEndsAfterGate(Endpoint.EVENTS);
  }

  private void assertEndsAfterGate(Endpoint endpoint) throws Exception {
    needs(endpoint);
    try (Wire wire = new Wire(port())) {
      wire.write(Wire.request("GET", endpoint.template(), "Connection: close\r\n", ""));
      assertThat(wire.readUntil("first")).contains("200");
      tracker().flush(RecordingSink.PATIENCE);
      assertThat(sink.takeAll()).isEmpty();
      application.openGate();
      assertThat(wire.readToEnd()).contains("last");
    }
    RequestEvent event = sink.takeNext();
    assertFinished(event, 200);
    assertThat(event.route()).isEqualTo(route(endpoint));
  }

  @Test
  @DisplayName("45: a connection that is upgraded is recorded with 101")
  void recordsAnUpgrade() throws Exception {
    needs(Endpoint.UPGRADE);
    try (Wire wire = new Wire(port())) {
      wire.write(Wire.request("GET", "/upgrade", "Connection: Upgrade\r\nUpgrade: test\r\n", ""));
      assertThat(wire.readUntil("\r\n\r\n")).contains(" 101 ");
    }
    assertFinished(sink.takeNext(), 101);
  }

  // --- faults, registrations, time

  @Test
  @DisplayName("48: an exception that cannot say what it is does no harm")
  void survivesBrokenExceptions() throws Exception {
    RequestEvent event = record(Endpoint.THROW_BROKEN);
    assertThat(event.statusCode()).isEqualTo(500);
    assertThat(event.errorType()).isEqualTo(Application.BrokenException.class.getName());
  }

  @Test
  @DisplayName("48: a service goes on when its tracker was closed")
  void servesWithoutItsTracker() throws Exception {
    RecordingSink own = new RecordingSink();
    Tracker second = newTracker(own);
    try (RunningServer orphan = start(second, application, Setup.PLAIN)) {
      second.close();
      assertThat(Wire.send(orphan.port(), "GET", "/items/1").body()).isEqualTo("1");
      assertThat(Wire.send(orphan.port(), "GET", "/handle").body()).isEqualTo("untracked");
      assertThat(Wire.send(orphan.port(), "GET", "/throw").status()).isEqualTo(500);
      own.assertNothingLeft();
    }
  }

  @Test
  @DisplayName("49: registered twice, the adapter records once")
  void recordsOnceWhenRegisteredTwice() throws Exception {
    RecordingSink own = new RecordingSink();
    List<Endpoint> endpoints =
        List.of(
            Endpoint.HELLO,
            Endpoint.THROW,
            Endpoint.ASYNC,
            Endpoint.ASYNC_DISPATCH,
            Endpoint.ERROR_PAGE,
            Endpoint.FORWARD,
            Endpoint.ASYNC_THROW);
    try (Tracker second = newTracker(own);
        RunningServer twice = start(second, application, new Setup("", 2))) {
      for (Endpoint endpoint : endpoints) {
        if (missing(endpoint) == null) {
          Answer answer = Wire.send(twice.port(), "GET", endpoint.template());
          assertSameStatus(own.takeNext(), answer);
        }
      }
      second.flush(RecordingSink.PATIENCE);
      own.assertNothingLeft();
    }
  }

  @Test
  @DisplayName("50: the duration runs up to the completion")
  void measuresUpToCompletion() throws Exception {
    // The time-out is the one endpoint that is known to take its time.
    assertThat(Duration.ofNanos(record(Endpoint.ASYNC_TIMEOUT).durationNanos()))
        .isGreaterThanOrEqualTo(Duration.ofMillis(Application.SHORT_MILLIS));
  }

  @Test
  @DisplayName("nothing of the server's is reachable from a record")
  void keepsNothingOfTheServers() throws Exception {
    for (Endpoint endpoint : List.of(Endpoint.NOTES, Endpoint.THROW, Endpoint.ASYNC)) {
      Reachable.assertOnlyOurOwnAndTheJdks(record(endpoint));
    }
  }

  @Test
  @DisplayName("1,000 varied requests are answered the same with and without tracking")
  void changesNoAnswer() throws Exception {
    RecordingSink own = new RecordingSink();
    try (Tracker second = newTracker(own);
        RunningServer with = start(second, application, Setup.PLAIN);
        RunningServer without = start(second, application, Setup.UNTRACKED)) {
      List<VariedRequests.Varied> requests = VariedRequests.of(1000, this::isAnsweredAlike);
      application.openGate();
      List<Callable<Boolean>> comparisons = new ArrayList<>();
      for (VariedRequests.Varied request : requests) {
        comparisons.add(
            () -> {
              assertThat(request.answeredBy(with.port()))
                  .as("%s", request)
                  .isEqualTo(request.answeredBy(without.port()));
              return true;
            });
      }
      inParallel(comparisons);
      Set<String> expected =
          requests.stream()
              .filter(VariedRequests.Varied::isRecorded)
              .map(VariedRequests.Varied::mark)
              .collect(Collectors.toSet());
      List<String> recorded = new ArrayList<>();
      await()
          .atMost(RecordingSink.PATIENCE)
          .until(
              () -> {
                own.takeAll().forEach(e -> recorded.add(VariedRequests.markOf(e)));
                return recorded.containsAll(expected);
              });
      second.flush(RecordingSink.PATIENCE);
      own.takeAll().forEach(e -> recorded.add(VariedRequests.markOf(e)));
      assertThat(recorded).doesNotHaveDuplicates();
      assertThat(recorded).containsAll(expected);
    }
  }

  // --- tools

  private static Set<String> paths(List<RequestEvent> events) {
    return events.stream().map(e -> e.target().path()).collect(Collectors.toSet());
  }

  /** Sends GETs over a few kept-alive connections at once, and takes as many events. */
  protected final List<RequestEvent> sendAtOnce(
      int count, java.util.function.IntFunction<String> path) throws Exception {
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    List<Callable<Integer>> calls = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      URI uri = URI.create("http://localhost:" + port() + path.apply(i));
      HttpRequest request = HttpRequest.newBuilder(uri).timeout(RecordingSink.PATIENCE).build();
      calls.add(() -> client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode());
    }
    inParallel(calls);
    return sink.takeNext(count);
  }

  private static <T> List<T> inParallel(List<Callable<T>> calls) throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(AT_ONCE);
    try {
      List<T> results = new ArrayList<>();
      for (Future<T> future : clients.invokeAll(calls)) {
        results.add(future.get());
      }
      return results;
    } finally {
      clients.shutdownNow();
    }
  }
}
