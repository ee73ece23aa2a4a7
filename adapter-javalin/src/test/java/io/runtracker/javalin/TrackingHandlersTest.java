// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import static org.assertj.core.api.Assertions.assertThat;

import io.javalin.config.JavalinConfig;
import io.runtracker.Ledger;
import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Wire;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The plain handlers: what they can, and that they cannot do more than they say. */
class TrackingHandlersTest {

  private final RecordingSink sink = new RecordingSink();
  private final Tracker tracker =
      Tracker.builder().environment(Map.of()).sink(sink).shutdownHook(false).build();
  private RunningServer server;

  private void start(Consumer<JavalinConfig> configuration) {
    TrackingHandlers tracking = new TrackingHandlers(tracker);
    server =
        JavalinServer.start(
            config -> {
              config.routes.before(tracking::before);
              configuration.accept(config);
              config.routes.get("/health", ctx -> ctx.result(handle()));
              config.routes.after(tracking::after);
            });
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
    Ledger ledger = tracker.close(RecordingSink.PATIENCE);
    sink.assertNothingLeft();
    assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
  }

  private RequestEvent record(String path, int status) throws Exception {
    assertThat(Wire.send(server.port(), "GET", path).status()).isEqualTo(status);
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(status);
    return event;
  }

  @Test
  void recordsARequestWithItsRoute() throws Exception {
    start(
        config -> {
          config.router.contextPath = "/shop";
          config.routes.get(
              "/items/{id}",
              ctx -> {
                TrackedRequest.current().param("item", ctx.pathParam("id"));
                TrackingHandlers.request(ctx).tag("found", "yes");
              });
        });
    RequestEvent event = record("/shop/items/7?token=secret", 200);
    assertThat(event.method()).isEqualTo("GET");
    assertThat(event.target().path()).isEqualTo("/shop/items/7");
    assertThat(event.target().query()).doesNotContain("secret");
    assertThat(event.route()).isEqualTo("/shop/items/{id}");
    assertThat(event.params()).containsExactly(Map.entry("item", "7"));
    assertThat(event.tags()).containsExactly(Map.entry("found", "yes"));
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
    assertThat(Wire.send(server.port(), "GET", "/shop/health").body()).isEqualTo("untracked");
  }

  @Test
  void recordsExceptionsAndUnmatchedPaths() throws Exception {
    start(
        config ->
            config.routes.get(
                "/throw",
                ctx -> {
                  throw new IllegalStateException("boom");
                }));
    RequestEvent event = record("/throw", 500);
    assertThat(event.errorType()).isEqualTo(IllegalStateException.class.getName());
    assertThat(event.errorDetails()).isEqualTo("boom");
    RequestEvent missing = record("/none", 404);
    assertThat(missing.route()).isNull();
    assertThat(missing.status()).isEqualTo(RunStatus.FINISHED);
  }

  @Test
  void recordsFuturesByTheirStatus() throws Exception {
    start(
        config -> {
          config.routes.get(
              "/good",
              ctx -> ctx.future(() -> CompletableFuture.runAsync(() -> ctx.result("good"))));
          config.routes.get(
              "/bad",
              ctx ->
                  ctx.future(
                      () -> CompletableFuture.failedFuture(new IllegalStateException("bad"))));
        });
    assertThat(record("/good", 200).status()).isEqualTo(RunStatus.FINISHED);
    RequestEvent bad = record("/bad", 500);
    assertThat(bad.status()).isEqualTo(RunStatus.FAILED);
    assertThat(bad.errorType()).isNull();
  }

  @Test
  void showTheRequestAndItsAnswerToFiltersAndCustomizers() throws Exception {
    RecordingSink own = new RecordingSink();
    Tracker asked =
        Tracker.builder()
            .environment(Map.of())
            .sink(own)
            .shutdownHook(false)
            .filter(request -> request.header("X-Untracked") == null)
            .recordHeaders("X-Tenant")
            .recordClientAddress(true)
            .customizer(request -> request.tag("etag", request.responseHeader("ETag")))
            .build();
    TrackingHandlers tracking = new TrackingHandlers(asked);
    try (asked;
        RunningServer second =
            JavalinServer.start(
                config -> {
                  config.routes.before(tracking::before);
                  config.routes.get("/tagged", ctx -> ctx.header("ETag", "v1").result("tagged"));
                  config.routes.after(tracking::after);
                })) {
      Wire.send(second.port(), "GET", "/tagged", "X-Untracked: yes\r\n", "");
      Wire.send(second.port(), "GET", "/tagged", "X-Tenant: acme\r\n", "");
      assertThat(own.takeNext().tags())
          .containsExactly(
              Map.entry("client.address", "127.0.0.1"),
              Map.entry("http.request.header.x-tenant", "acme"),
              Map.entry("etag", "v1"));
      asked.flush(RecordingSink.PATIENCE);
      own.assertNothingLeft();
    }
  }

  @Test
  void missesWhatNeverGetsToAfterAndLeavesNoHandleBehind() throws Exception {
    start(config -> config.routes.get("/skip", ctx -> ctx.status(202).skipRemainingHandlers()));
    for (int i = 0; i < 20; i++) {
      assertThat(Wire.send(server.port(), "GET", "/skip").status()).isEqualTo(202);
      assertThat(Wire.send(server.port(), "GET", "/health").body()).isEqualTo("untracked");
    }
    tracker.flush(RecordingSink.PATIENCE);
    sink.assertNothingLeft();
  }

  @Test
  void leaveTheRequestToThePlugin() throws Exception {
    start(
        config -> {
          config.registerPlugin(new TrackingPlugin(tracker));
          config.routes.get("/hello", ctx -> ctx.result(handle()));
        });
    assertThat(record("/hello", 200).route()).isEqualTo("/hello");
  }

  private static String handle() {
    return TrackedRequest.current() instanceof OpenRequest ? "tracked" : "untracked";
  }
}
