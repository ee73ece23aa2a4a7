// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.javalin;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.BadRequestResponse;
import io.javalin.http.Context;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.examples.Service;
import io.runtracker.javalin.TrackingPlugin;
import jakarta.servlet.ServletOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** An example service on Javalin; {@code java -jar javalin-service.jar}. */
public final class JavalinService implements AutoCloseable {

  private final Service service = new Service();
  private final Tracker tracker;
  private final Javalin app;

  /** Starts the service; port 0 takes a free one. The tracker is closed with it. */
  public JavalinService(Tracker tracker, int port) {
    this.tracker = tracker;
    this.app = Javalin.create(this::configure).start(port);
  }

  private void configure(JavalinConfig config) {
    config.startup.showJavalinBanner = false;
    config.registerPlugin(new TrackingPlugin(tracker).closeTrackerWithServer());
    config.routes.get("/hello", ctx -> ctx.result(service.hello()));
    config.routes.get("/items/{id}", ctx -> ctx.result(service.item(ctx.pathParam("id"))));
    config.routes.get("/score/{id}", ctx -> ctx.result(service.score(ctx.pathParam("id"))));
    config.routes.post("/predict", ctx -> ctx.result(service.predict(ctx.body())));
    config.routes.get("/fail", ctx -> ctx.status(503).result("unavailable\n"));
    config.routes.get(
        "/boom",
        ctx -> {
          throw service.boom();
        });
    config.routes.get("/slow", this::slow);
    config.routes.get("/stream", this::stream);
    config.routes.get("/health", ctx -> ctx.result("ok\n"));
    config.routes.get(
        "/tracker", ctx -> ctx.contentType("application/json").result(service.ledger(tracker)));
  }

  /** Answers on another thread, which has no current request: the handle goes along. */
  private void slow(Context ctx) {
    String millis = ctx.queryParam("ms");
    if (millis == null || !millis.matches("\\d{1,9}")) {
      throw new BadRequestResponse("ms: milliseconds");
    }
    TrackedRequest run = ctx.with(TrackingPlugin.class);
    ctx.future(
        () -> {
          CompletableFuture<Void> slept = new CompletableFuture<>();
          service.slow(Long.parseLong(millis), run, () -> slept.complete(null));
          return slept.thenRun(() -> ctx.result("slept " + millis + "\n"));
        });
  }

  private void stream(Context ctx) throws IOException {
    ServletOutputStream out = ctx.res().getOutputStream();
    for (int i = 1; i <= Service.CHUNKS; i++) {
      pause();
      out.write(service.chunk(i).getBytes(StandardCharsets.UTF_8));
      out.flush();
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(Service.CHUNK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** The port it listens on. */
  public int port() {
    return app.port();
  }

  /** Stops taking requests, then delivers what was tracked. */
  @Override
  public void close() {
    app.stop();
    service.close();
  }

  /** Serves until the process is told to end. */
  public static void main(String[] args) {
    Tracker tracker =
        Tracker.builder()
            .skip("/health", "/docs", "/openapi.json", "/tracker", "/score/untracked")
            .shutdownHook(false)
            .build();
    JavalinService service = new JavalinService(tracker, Service.port());
    Runtime.getRuntime().addShutdownHook(new Thread(service::close, "service-stop"));
    System.out.println("listening on " + service.port());
  }
}
