// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.Tracker;
import io.runtracker.testkit.Wire.Answer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Rows 9, 10, 12, 28 to 32 and 39 to 42: routes, dispatches and where the handle is seen. */
abstract class DispatchRows extends AsyncRows {

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
  @DisplayName("30: a handler of the path / has that as its route")
  void givesTheRootItsRoute() throws Exception {
    RequestEvent event = record(Endpoint.ROOT);
    assertFinished(event, 200);
    assertThat(event.route()).isEqualTo("/");
  }

  @Test
  @DisplayName("28: a request that is open when the tracker is closed has its route")
  void recordsKilledRequestsWithTheirRoute() throws Exception {
    List<Endpoint> atWork = List.of(Endpoint.STREAM, Endpoint.EVENTS);
    List<Endpoint> returned = List.of(Endpoint.EVENTS);
    for (Endpoint endpoint : knowsRouteOfHandlersAtWork() ? atWork : returned) {
      application.reset();
      RecordingSink own = new RecordingSink();
      Tracker second = newTracker(own);
      try (RunningServer server = start(second, application, Setup.PLAIN);
          Wire wire = new Wire(server.port())) {
        String headers = "Accept: text/event-stream, */*\r\nConnection: close\r\n";
        wire.write(Wire.request("GET", endpoint.template(), headers, ""));
        await().atMost(RecordingSink.PATIENCE).until(application::isAtTheGate);
        second.close(RecordingSink.PATIENCE);
        RequestEvent event = own.takeNext();
        assertThat(event.status()).isEqualTo(RunStatus.KILLED);
        assertThat(event.route()).isEqualTo(route(endpoint));
        application.openGate();
        assertThat(wire.readToEnd()).contains("last");
      }
    }
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
  @DisplayName("41: it is the same handle, and the attribute is absent where nothing is tracked")
  void hasTheAttributeOnlyWhenTracked() throws Exception {
    assertThat(get(Endpoint.ATTRIBUTE).body()).isEqualTo("current");
    assertFinished(sink.takeNext(), 200);
    assertThat(get(Endpoint.SKIPPED_ATTRIBUTE).body()).isEqualTo("absent");
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
}
