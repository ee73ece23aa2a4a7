// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.ConflictResponse;
import io.javalin.http.Context;
import io.javalin.http.UnauthorizedResponse;
import io.javalin.http.servlet.DefaultTasks;
import io.javalin.plugin.PluginAlreadyRegisteredException;
import io.runtracker.Ledger;
import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Wire;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the contract does not know of Javalin: each test has a service of its own. */
class TrackingPluginTest {

  private static final String UPGRADE =
      String.join(
          "\r\n",
          "Connection: Upgrade",
          "Upgrade: websocket",
          "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
          "");

  private final RecordingSink sink = new RecordingSink();
  private final Tracker tracker =
      Tracker.builder().environment(Map.of()).sink(sink).shutdownHook(false).build();
  private final ExecutorService workers = Executors.newSingleThreadExecutor();
  private RunningServer server;

  /** Seen by a service's own mappers, loggers and wrappers. */
  private final Queue<String> seen = new ConcurrentLinkedQueue<>();

  private void start(Consumer<JavalinConfig> configuration) {
    server =
        JavalinServer.start(
            config -> {
              config.registerPlugin(new TrackingPlugin(tracker));
              configuration.accept(config);
            });
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
    workers.shutdownNow();
    Ledger ledger = tracker.close(RecordingSink.PATIENCE);
    sink.assertNothingLeft();
    assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
  }

  private Wire.Answer get(String path) throws IOException {
    return Wire.send(server.port(), "GET", path);
  }

  /** Sends a GET whose answer and record must have this status. */
  private RequestEvent record(String path, int status) throws IOException {
    assertThat(get(path).status()).isEqualTo(status);
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(status);
    return event;
  }

  private static void assertFailed(RequestEvent event, Class<?> type) {
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isEqualTo(type.getName());
  }

  private static void assertFinished(RequestEvent event) {
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
    assertThat(event.errorType()).isNull();
  }

  // --- what is the user's stays the user's

  @ParameterizedTest
  @ValueSource(strings = {"/throw", "/future"})
  void leavesTheMapperForAllExceptionsToTheService(String path) throws Exception {
    start(
        config -> {
          throwing(config, new IllegalStateException("boom"));
          config.routes.exception(
              Exception.class,
              (e, ctx) -> {
                seen.add(e.getMessage() + " " + handle());
                ctx.status(502).result("mapped");
              });
        });
    assertThat(get(path).body()).isEqualTo("mapped");
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(502);
    assertFailed(event, IllegalStateException.class);
    assertThat(event.errorDetails()).isEqualTo("boom");
    assertThat(seen).containsExactly("boom tracked");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/throw", "/future"})
  void recordsAnExceptionThatIsMappedBelow500AsAnswer(String path) throws Exception {
    start(
        config -> {
          throwing(config, new IllegalArgumentException("no such thing"));
          config.routes.exception(IllegalArgumentException.class, (e, ctx) -> ctx.status(422));
        });
    RequestEvent event = record(path, 422);
    assertFinished(event);
    assertThat(event.params())
        .containsExactly(Map.entry("error_type", IllegalArgumentException.class.getName()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/throw", "/future"})
  void answersAnExceptionWithoutMapperAsJavalinDoes(String path) throws Exception {
    start(config -> throwing(config, new IllegalStateException("boom")));
    RunningServer plain =
        JavalinServer.start(config -> throwing(config, new IllegalStateException("boom")));
    try (plain) {
      for (String accept : List.of("", "Accept: application/json\r\n", "Accept: text/html\r\n")) {
        Wire.Answer with = Wire.send(server.port(), "GET", path, accept, "");
        Wire.Answer without = Wire.send(plain.port(), "GET", path, accept, "");
        assertThat(with.body()).isEqualTo(without.body()).isNotEmpty();
        assertThat(headers(with)).isEqualTo(headers(without)).contains(" 500 ");
        assertFailed(sink.takeNext(), IllegalStateException.class);
      }
    }
  }

  private static String headers(Wire.Answer answer) {
    return answer.head().replaceAll("(?m)^Date:.*$", "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/throw", "/future"})
  void takesAnAnswerThrownForAnAnswer(String path) throws Exception {
    start(config -> throwing(config, new ConflictResponse("taken")));
    RequestEvent event = record(path, 409);
    assertFinished(event);
    assertThat(event.params()).isEmpty();
    assertThat(event.route()).isEqualTo(path);
  }

  private void throwing(JavalinConfig config, RuntimeException exception) {
    config.routes.get(
        "/throw",
        ctx -> {
          throw exception;
        });
    config.routes.get(
        "/future",
        ctx ->
            ctx.future(
                () ->
                    CompletableFuture.runAsync(
                        () -> {
                          throw exception;
                        },
                        workers)));
  }

  @Test
  void recordsTheExceptionWhoseMapperFails() throws Exception {
    start(
        config -> {
          throwing(config, new IllegalStateException("boom"));
          config.routes.exception(
              IllegalStateException.class,
              (e, ctx) -> {
                throw new UnsupportedOperationException("mapper");
              });
        });
    assertFailed(record("/throw", 500), IllegalStateException.class);
    assertFailed(record("/future", 500), IllegalStateException.class);
  }

  @Test
  void recordsAnExceptionAfterAnotherWasMapped() throws Exception {
    start(
        config -> {
          throwing(config, new IllegalArgumentException("no such thing"));
          config.routes.exception(IllegalArgumentException.class, (e, ctx) -> ctx.status(422));
          config.routes.after(
              ctx -> {
                throw new IllegalStateException("after");
              });
        });
    RequestEvent event = record("/throw", 500);
    assertFailed(event, IllegalStateException.class);
  }

  @Test
  void leavesLoggersWrapperAndErrorHandlersToTheService() throws Exception {
    start(
        config -> {
          config.requestLogger.http(
              (ctx, ms) -> seen.add("logger " + ctx.statusCode() + " " + handle()));
          config.router.handlerWrapper(
              endpoint ->
                  ctx -> {
                    seen.add("wrapper " + endpoint.path);
                    endpoint.handler.handle(ctx);
                  });
          config.routes.get("/hello", ctx -> ctx.result("hello"));
          config.routes.error(404, ctx -> ctx.result("nothing here"));
        });
    assertThat(get("/hello").body()).isEqualTo("hello");
    assertFinished(sink.takeNext());
    assertThat(get("/none").body()).isEqualTo("nothing here");
    RequestEvent missing = sink.takeNext();
    assertFinished(missing);
    assertThat(missing.route()).isNull();
    assertThat(seen).containsExactly("wrapper /hello", "logger 200 tracked", "logger 404 tracked");
  }

  @Test
  void leavesTheHandlerOfErrorsToTheService() throws Exception {
    start(
        config -> {
          config.router.javaLangErrorHandler(
              (res, error) -> {
                seen.add(error.getMessage());
                res.setStatus(507);
              });
          config.routes.get(
              "/error",
              ctx -> {
                throw new AssertionError("error");
              });
        });
    assertFailed(record("/error", 507), AssertionError.class);
    assertThat(seen).containsExactly("error");
  }

  @Test
  @SuppressWarnings("unchecked")
  void tracksALifecycleOfTheService() throws Exception {
    start(
        config -> {
          config.requestLifeCycle(DefaultTasks.INSTANCE.getHTTP());
          config.routes.get("/hello/{name}", ctx -> ctx.result(handle()));
        });
    assertThat(get("/hello/you").body()).isEqualTo("tracked");
    assertThat(sink.takeNext().route()).isEqualTo("/hello/{name}");
  }

  @Test
  void isRefusedByJavalinWhenRegisteredTwice() {
    assertThatThrownBy(
            () ->
                Javalin.create(
                    config -> {
                      config.registerPlugin(new TrackingPlugin(tracker));
                      config.registerPlugin(new TrackingPlugin(tracker));
                    }))
        .isInstanceOf(PluginAlreadyRegisteredException.class);
  }

  @Test
  void twoServicesShareATracker() throws Exception {
    start(config -> config.routes.get("/one", ctx -> ctx.result("one")));
    RunningServer other =
        JavalinServer.start(
            config -> {
              config.registerPlugin(new TrackingPlugin(tracker));
              config.routes.get("/two", ctx -> ctx.result("two"));
            });
    try (other) {
      assertThat(get("/one").body()).isEqualTo("one");
      assertThat(Wire.send(other.port(), "GET", "/two").body()).isEqualTo("two");
    }
    assertThat(sink.takeNext(2).stream().map(RequestEvent::route))
        .containsExactlyInAnyOrder("/one", "/two");
  }

  @Test
  void doesNothingWhenTrackingIsOff() throws Exception {
    Tracker off = Tracker.builder().environment(Map.of()).enabled(false).build();
    server =
        JavalinServer.start(
            config -> {
              config.registerPlugin(new TrackingPlugin(off).closeTrackerWithServer());
              config.routes.get(
                  "/hello",
                  ctx -> {
                    ctx.with(TrackingPlugin.class).tag("a", "b");
                    ctx.result(handle());
                  });
            });
    assertThat(get("/hello").body()).isEqualTo("untracked");
  }

  // --- the handle

  @Test
  void hasOneHandleForAllWaysToIt() throws Exception {
    start(
        config ->
            config.routes.get(
                "/handle",
                ctx ->
                    ctx.result(
                        (TrackedRequest.current() == ctx.with(TrackingPlugin.class))
                            + " "
                            + (ctx.attribute(TrackingPlugin.REQUEST_ATTRIBUTE)
                                == TrackedRequest.current()))));
    assertThat(get("/handle").body()).isEqualTo("true true");
    assertFinished(sink.takeNext());
  }

  @Test
  void showsTheHandleAfterAFutureAndLeavesNoneBehind() throws Exception {
    CountDownLatch served = new CountDownLatch(1);
    start(
        config -> {
          config.routes.get(
              "/future",
              ctx ->
                  ctx.future(
                      () ->
                          CompletableFuture.supplyAsync(() -> ctx.result(handle()), workers)
                              .thenRun(() -> await(served))));
          config.routes.after(
              ctx -> seen.add("after " + handle() + " " + Thread.currentThread().getName()));
        });
    try (Wire wire = new Wire(server.port())) {
      wire.write(Wire.request("GET", "/future", "Connection: close\r\n", ""));
      served.countDown();
      // A future's own thread is none of Javalin's.
      assertThat(wire.readToEnd()).endsWith("untracked");
    }
    assertFinished(sink.takeNext());
    assertThat(seen).singleElement().asString().startsWith("after tracked ");
    assertThat(workers.submit(TrackingPluginTest::handle).get()).isEqualTo("untracked");
  }

  // --- asynchronous ends

  @Test
  void recordsAFutureThatTimesOut() throws Exception {
    start(
        config -> {
          config.http.asyncTimeout = 50;
          config.routes.get("/never", ctx -> ctx.future(CompletableFuture::new));
        });
    RequestEvent event = record("/never", 500);
    assertFailed(event, java.util.concurrent.CancellationException.class);
    assertThat(event.durationNanos()).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(50));
    assertThat(event.route()).isEqualTo("/never");
  }

  @Test
  void ignoresWhatAFutureWritesAfterItsTimeOut() throws Exception {
    CountDownLatch timedOut = new CountDownLatch(1);
    CompletableFuture<Void> late = new CompletableFuture<>();
    start(
        config -> {
          config.http.asyncTimeout = 50;
          config.routes.get(
              "/late",
              ctx -> {
                TrackedRequest handle = ctx.with(TrackingPlugin.class);
                ctx.future(
                    () ->
                        CompletableFuture.runAsync(
                            () -> {
                              await(timedOut);
                              handle.metric("late", 1);
                              late.complete(null);
                            },
                            workers));
              });
        });
    RequestEvent event = record("/late", 500);
    timedOut.countDown();
    late.get(20, TimeUnit.SECONDS);
    assertThat(event.metrics()).isEmpty();
    assertThat(tracker.stats().ignoredWrites()).isEqualTo(1);
  }

  @Test
  void recordsFuturesThatFailAmongOthersOnce() throws Exception {
    AtomicInteger next = new AtomicInteger();
    start(
        config ->
            config.routes.get(
                "/mixed",
                ctx -> {
                  int n = next.getAndIncrement();
                  ctx.with(TrackingPlugin.class).param("n", n);
                  ctx.future(
                      () ->
                          CompletableFuture.runAsync(
                              () -> {
                                if (n % 2 == 1) {
                                  throw new IllegalStateException("odd");
                                }
                                ctx.result("even");
                              },
                              workers));
                }));
    StringBuilder pipeline = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      pipeline.append(Wire.request("GET", "/mixed", i == 99 ? "Connection: close\r\n" : "", ""));
    }
    try (Wire wire = new Wire(server.port())) {
      wire.write(pipeline.toString());
      wire.readToEnd();
    }
    for (RequestEvent event : sink.takeNext(100)) {
      boolean odd = Integer.parseInt(event.params().get("n")) % 2 == 1;
      assertThat(event.statusCode()).isEqualTo(odd ? 500 : 200);
      assertThat(event.errorDetails()).isEqualTo(odd ? "odd" : null);
    }
  }

  @Test
  void recordsAnEventStreamWhoseClientLeaves() throws Exception {
    CompletableFuture<Void> over = new CompletableFuture<>();
    start(
        config ->
            config.routes.sse(
                "/events/{topic}",
                client -> {
                  client.ctx().with(TrackingPlugin.class).tag("topic", "news");
                  client.onClose(() -> over.complete(null));
                  client.keepAlive();
                  workers.execute(
                      () -> {
                        while (!client.terminated()) {
                          client.sendData("x".repeat(10_000));
                        }
                      });
                }));
    try (Wire wire = new Wire(server.port())) {
      wire.write(Wire.request("GET", "/events/1", "Accept: text/event-stream\r\n", ""));
      wire.readUntil("data: ");
      wire.reset();
    }
    over.get(20, TimeUnit.SECONDS);
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(200);
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.route()).isEqualTo("/events/{topic}");
    assertThat(event.tags())
        .containsOnly(Map.entry("topic", "news"), Map.entry("http.client_aborted", "true"));
  }

  // --- bodies

  @Test
  void recordsABodyThatTheClientDoesNotWaitFor() throws Exception {
    start(config -> config.routes.get("/big", ctx -> ctx.result(new Endless())));
    try (Wire wire = new Wire(server.port())) {
      wire.write(Wire.request("GET", "/big", "", ""));
      wire.readUntil("xxx");
      wire.reset();
    }
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(200);
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.tags()).containsExactly(Map.entry("http.client_aborted", "true"));
  }

  @Test
  void recordsABodyThatCannotBeRead() throws Exception {
    InputStream start = new ByteArrayInputStream(new byte[100_000]);
    start(
        config -> {
          config.routes.get("/broken", ctx -> ctx.result(new Broken()));
          config.routes.get(
              "/truncated", ctx -> ctx.result(new SequenceInputStream(start, new Broken())));
        });
    RequestEvent broken = record("/broken", 500);
    assertThat(broken.status()).isEqualTo(RunStatus.FAILED);
    RequestEvent truncated = record("/truncated", 200);
    assertFailed(truncated, java.io.EOFException.class);
    assertThat(truncated.tags()).isEmpty();
  }

  private static final class Endless extends InputStream {
    @Override
    public int read() {
      return 'x';
    }

    @Override
    public int read(byte[] buffer, int from, int count) {
      java.util.Arrays.fill(buffer, from, from + count, (byte) 'x');
      return count;
    }
  }

  private static final class Broken extends InputStream {
    @Override
    public int read() throws IOException {
      throw new IOException("broken");
    }
  }

  // --- WebSocket

  @Test
  void recordsUpgradesWithTheirRoute() throws Exception {
    start(
        config -> {
          config.router.contextPath = "/chat";
          config.routes.ws("/rooms/{room}", ws -> {});
          config.routes.wsBeforeUpgrade(
              ctx -> {
                TrackedRequest.current().tag("before", "upgrade");
                if ("no".equals(ctx.queryParam("in"))) {
                  throw new UnauthorizedResponse();
                }
              });
        });
    try (Wire wire = new Wire(server.port())) {
      wire.write(Wire.request("GET", "/chat/rooms/1", UPGRADE, ""));
      assertThat(wire.readUntil("\r\n\r\n")).contains(" 101 ");
      RequestEvent event = sink.takeNext();
      assertThat(event.statusCode()).isEqualTo(101);
      assertThat(event.route()).isEqualTo("/chat/rooms/{room}");
      assertThat(event.tags()).containsExactly(Map.entry("before", "upgrade"));
      assertFinished(event);
    }
    String close = UPGRADE.replace("Connection: Upgrade", "Connection: Upgrade, close");
    Wire.Answer unknown = Wire.send(server.port(), "GET", "/chat/none", close, "");
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(unknown.status()).isEqualTo(404);
    assertThat(event.route()).isNull();
  }

  // --- routes

  @Test
  void hasNoRouteForWhatMatchesEverything() throws Exception {
    start(
        config -> {
          config.routes.get("/items/{id}", ctx -> ctx.result("item"));
          config.routes.get("/files/<path>", ctx -> ctx.result("file"));
          config.routes.get("*", ctx -> ctx.result("anything"));
        });
    assertThat(record("/items/1", 200).route()).isEqualTo("/items/{id}");
    assertThat(record("/files/a/b", 200).route()).isEqualTo("/files/<path>");
    assertThat(record("/elsewhere", 200).route()).isNull();
  }

  @Test
  void recordsWhatBeforeHandlersAnswer() throws Exception {
    start(
        config -> {
          config.routes.before(
              "/closed", ctx -> ctx.status(403).skipRemainingHandlers().result("closed"));
          config.routes.beforeMatched(TrackingPluginTest::allowNobody);
          config.routes.get("/closed", ctx -> ctx.result("never"));
          config.routes.get("/items/{id}", ctx -> ctx.result("item"));
        });
    assertFinished(record("/closed", 403));
    RequestEvent event = record("/items/1", 401);
    assertThat(event.route()).isEqualTo("/items/{id}");
    assertFinished(event);
  }

  private static void allowNobody(Context ctx) {
    throw new UnauthorizedResponse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/%68ealth", "/health;a=b", "/x/../health"})
  void skipsAPathHoweverItIsWritten(String path) throws Exception {
    start(config -> config.routes.get("/health", ctx -> ctx.result("ok")));
    assertThat(get(path).status()).isNotZero();
    tracker.flush(RecordingSink.PATIENCE);
    sink.takeAll().forEach(event -> seen.add(event.target().path()));
    assertThat(seen).isEmpty();
  }

  // --- the end

  @Test
  void closesTheTrackerWhenTheServerHasStopped() throws Exception {
    server =
        JavalinServer.start(
            config -> {
              config.registerPlugin(new TrackingPlugin(tracker).closeTrackerWithServer());
              config.routes.get("/hello", ctx -> ctx.result("hello"));
            });
    assertThat(get("/hello").body()).isEqualTo("hello");
    server.close();
    assertThat(sink.takeAll()).hasSize(1);
    assertThat(tracker.open("GET", new io.runtracker.RequestTarget("http", "h", 1, "/", null)))
        .isNull();
  }

  @Test
  void closesTheTrackerWhenTheServerCannotStart() {
    start(config -> {});
    Tracker second =
        Tracker.builder()
            .environment(Map.of())
            .sink(new RecordingSink())
            .shutdownHook(false)
            .build();
    Javalin app =
        Javalin.create(
            config -> config.registerPlugin(new TrackingPlugin(second).closeTrackerWithServer()));
    assertThatThrownBy(() -> app.start("127.0.0.1", server.port()))
        .hasMessageContaining("Port already in use");
    assertThat(second.open("GET", new io.runtracker.RequestTarget("http", "h", 1, "/", null)))
        .isNull();
  }

  private static String handle() {
    return TrackedRequest.current() instanceof OpenRequest ? "tracked" : "untracked";
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
