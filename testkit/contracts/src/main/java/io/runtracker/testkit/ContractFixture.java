// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Ledger;
import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.Tracker;
import io.runtracker.testkit.Wire.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

/**
 * One server for all rows, and what they say about it.
 *
 * <p>Strict: an event that no test took fails the test, and at the end the ledger must add up.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ContractFixture {

  private static final int AT_ONCE = 8;

  final RecordingSink sink = new RecordingSink();
  final Application application = new Application();
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

  /** Whether the framework says which route it found before the handler is at work. */
  protected boolean knowsRouteOfHandlersAtWork() {
    return true;
  }

  /** The protocol that {@link Endpoint#UPGRADE} switches to, with the headers it needs beside. */
  protected String upgradeTo() {
    return "test";
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
    return trackerTo(sink).build();
  }

  /** The same, with something to be set beside. */
  protected static Tracker.Builder trackerTo(RecordingSink sink) {
    return Tracker.builder().environment(Map.of()).sink(sink).shutdownHook(false);
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

  static void assertSameStatus(RequestEvent event, Answer answer) {
    if (answer.status() == 0) {
      assertThat(event.statusCode()).as("recorded, where nothing was answered").isEqualTo(500);
    } else {
      assertThat(event.statusCode())
          .as("recorded, against the wire: %s", event)
          .isEqualTo(answer.status());
    }
  }

  static void assertFailed(RequestEvent event, int status, String type, String details) {
    assertThat(event.statusCode()).isEqualTo(status);
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isEqualTo(type);
    assertThat(event.errorDetails()).isEqualTo(details);
  }

  static void assertBoom(RequestEvent event, int status) {
    assertFailed(event, status, "java.lang.IllegalStateException", "boom");
  }

  static void assertFinished(RequestEvent event, int status) {
    assertThat(event.statusCode()).isEqualTo(status);
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
    assertThat(event.errorType()).isNull();
  }

  static Set<String> paths(List<RequestEvent> events) {
    return events.stream().map(e -> e.target().path()).collect(Collectors.toSet());
  }

  /**
   * Sends GETs, a few at once, and takes as many events. By hand, because the JDK's client sends a
   * request again when its connection was closed, and the server has then served it twice.
   */
  protected final List<RequestEvent> sendAtOnce(
      int count, java.util.function.IntFunction<String> path) throws Exception {
    List<Callable<Answer>> calls = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String target = path.apply(i);
      calls.add(() -> Wire.send(port(), "GET", target));
    }
    inParallel(calls);
    return sink.takeNext(count);
  }

  static <T> List<T> inParallel(List<Callable<T>> calls) throws Exception {
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
