// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.config.JavalinState;
import io.javalin.http.HandlerType;
import io.javalin.http.servlet.Task;
import io.javalin.plugin.Plugin;
import io.javalin.plugin.PluginPriority;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.Endpoint;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;
import java.io.ByteArrayInputStream;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** A Javalin service on a free port, and the one under the contract. */
final class JavalinServer {

  private static final List<HandlerType> METHODS =
      List.of(
          HandlerType.GET,
          HandlerType.POST,
          HandlerType.PUT,
          HandlerType.PATCH,
          HandlerType.DELETE,
          HandlerType.OPTIONS,
          HandlerType.findOrCreate("BREW"));

  private static final Set<Endpoint> SERVED_OTHERWISE =
      Set.of(Endpoint.GUARDED, Endpoint.EVENTS, Endpoint.UPGRADE, Endpoint.INCLUDE, Endpoint.PLAIN);

  /** Its body logs while it is written, its after-handler before that. */
  static final String BODY_AFTER = "/body-after";

  /** Its after-handler is never called. */
  static final String SKIPS_AFTER = "/skips-after";

  private JavalinServer() {}

  /** Without the noise that Javalin makes at its start. */
  static RunningServer start(Consumer<JavalinConfig> configuration) {
    Javalin app =
        Javalin.create(
            config -> {
              config.startup.showJavalinBanner = false;
              config.startup.showOldJavalinVersionWarning = false;
              configuration.accept(config);
            });
    app.start("127.0.0.1", 0);
    return new RunningServer(app.port(), app::stop);
  }

  static RunningServer start(Tracker tracker, Application application, Setup setup) {
    return start(config -> assemble(config, tracker, application, setup));
  }

  private static void assemble(
      JavalinConfig config, Tracker tracker, Application application, Setup setup) {
    if (!setup.contextPath().isEmpty()) {
      config.router.contextPath = setup.contextPath();
    }
    if (setup.registrations() > 0) {
      config.registerPlugin(new TrackingPlugin(tracker));
      config.registerPlugin(new Outermost(application));
    } else {
      // For the handlers that ask for it.
      config.registerPlugin(new TrackingPlugin(Tracker.builder().enabled(false).build()));
    }
    // Javalin refuses a plugin that is registered twice; beside it there may be the handlers.
    TrackingHandlers again = new TrackingHandlers(tracker);
    for (int i = 1; i < setup.registrations(); i++) {
      config.routes.before(again::before);
      config.routes.after(again::after);
    }
    config.routes.before(
        ctx -> {
          if (ctx.path().endsWith(Endpoint.GUARDED.template())) {
            TrackedRequest.current().tag("guard", "seen");
            ctx.status(401).skipRemainingHandlers();
          }
        });
    config.routes.exception(
        Application.PagedException.class,
        (e, ctx) -> ctx.status(application.answerOfPage(e)).result("sorry"));
    config.routes.error(Application.PAGED_STATUS, ctx -> ctx.status(403).result("sorry"));
    Routes routes = new Routes(application);
    for (Endpoint endpoint : Endpoint.values()) {
      if (!SERVED_OTHERWISE.contains(endpoint)) {
        METHODS.forEach(
            method ->
                config.routes.addHttpHandler(
                    method, endpoint.template(), ctx -> routes.serve(endpoint, ctx)));
      }
    }
    config.routes.sse(
        Endpoint.EVENTS.template(),
        client -> {
          client.keepAlive();
          application.elsewhere(
              () -> {
                client.sendData("first");
                application.gate();
                client.sendData("last");
                client.close();
              });
        });
    config.routes.get(Endpoint.PLAIN.template(), ctx -> ctx.result("plain"));
    config.routes.get(BODY_AFTER, ctx -> ctx.result(new LoggingBody(TrackedRequest.current())));
    config.routes.after(
        BODY_AFTER, ctx -> TrackedRequest.current().param("after", "before the body"));
    config.routes.get(SKIPS_AFTER, ctx -> ctx.status(202).skipRemainingHandlers());
    config.routes.after(SKIPS_AFTER, ctx -> TrackedRequest.current().param("after", "called"));
    config.routes.ws(Endpoint.UPGRADE.template(), ws -> {});
    config.routes.after(
        Endpoint.ASYNC_TWICE.template(),
        ctx -> {
          TrackedRequest handle = TrackedRequest.current();
          ctx.future(() -> routes.elsewhere(() -> routes.answer(ctx, handle)));
        });
  }

  /** Logs when it is read, which is when it is written to the client. */
  private static final class LoggingBody extends ByteArrayInputStream {
    private final TrackedRequest handle;

    private LoggingBody(TrackedRequest handle) {
      super("written".getBytes(UTF_8));
      this.handle = handle;
    }

    @Override
    public synchronized int read(byte[] bytes, int offset, int length) {
      handle.param("body", "written");
      return super.read(bytes, offset, length);
    }
  }

  /** Sees what leaves the adapter: its tasks run around the adapter's. */
  private static final class Outermost extends Plugin<Void> {
    private final Application application;

    private Outermost(Application application) {
      this.application = application;
    }

    @Override
    public PluginPriority priority() {
      return PluginPriority.LATE;
    }

    @Override
    public void onStart(JavalinState state) {
      state.servletRequestLifecycle.replaceAll(
          original ->
              (submitTask, servlet, ctx, requestUri) ->
                  original.createTasks(
                      (order, task) -> submitTask.invoke(order, observed(task)),
                      servlet,
                      ctx,
                      requestUri));
    }

    private Task observed(Task task) {
      return new Task(
          task.getSkipOnExceptionAndRedirect(),
          () -> {
            try {
              return task.getHandler().handle();
            } catch (Throwable error) {
              application.escaped(error);
              throw error;
            }
          });
    }
  }
}
