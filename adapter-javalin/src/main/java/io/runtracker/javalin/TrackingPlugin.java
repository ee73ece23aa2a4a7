// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.javalin.config.JavalinState;
import io.javalin.http.Context;
import io.javalin.plugin.ContextPlugin;
import io.javalin.plugin.PluginPriority;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records each request of a Javalin service as one run, when Jetty has completed it: asynchronous
 * ones, streams, upgrades and those whose client went away as well.
 *
 * <pre>{@code
 * Javalin.create(config -> config.registerPlugin(new TrackingPlugin(tracker)))
 * }</pre>
 *
 * <p>A handler reaches its run by {@code ctx.with(TrackingPlugin.class)}, which works on any
 * thread, or by {@link TrackedRequest#current()} on the thread that Javalin runs the handler on.
 *
 * <p>It takes none of the service's exception mappers, request loggers, error handlers or its
 * handler wrapper, and whatever fails in here, the service answers as it would without it.
 */
public final class TrackingPlugin extends ContextPlugin<Void, TrackedRequest> {

  /**
   * The request attribute with the {@link TrackedRequest}. Absent when the request is not tracked.
   */
  public static final String REQUEST_ATTRIBUTE = "io.runtracker.TrackedRequest";

  private static final Logger log = LoggerFactory.getLogger(TrackingPlugin.class);

  private final Tracker tracker;
  private boolean closesTracker;

  /** Tracks with a tracker that someone else closes. */
  public TrackingPlugin(Tracker tracker) {
    super(null, null);
    this.tracker = tracker;
  }

  /**
   * Tracks with a tracker built from the environment, and closes it when the server has stopped.
   *
   * @throws IllegalArgumentException when the environment holds a setting that cannot be used
   */
  public TrackingPlugin() {
    this(Tracker.builder().build());
    closesTracker = true;
  }

  /**
   * Closes the tracker when the server has stopped or could not be started or stopped, after the
   * last request. {@code Javalin.stop()} then returns when what was tracked is delivered, or the
   * tracker's {@code closeTimeout} is over.
   *
   * @return this
   */
  public TrackingPlugin closeTrackerWithServer() {
    closesTracker = true;
    return this;
  }

  /** After all others, so that what they change in the request's lifecycle is tracked too. */
  @Override
  public PluginPriority priority() {
    return PluginPriority.LATE;
  }

  @Override
  public void onStart(JavalinState state) {
    if (closesTracker) {
      state.events.serverStopped(tracker::close);
      state.events.serverStopFailed(tracker::close);
      state.events.serverStartFailed(tracker::close);
    }
    if (!tracker.isEnabled()) {
      return;
    }
    try {
      install(state);
    } catch (RuntimeException | LinkageError fault) {
      log.warn("Requests cannot be tracked in this version of Javalin", fault);
    }
  }

  private void install(JavalinState state) {
    TrackedTasks tracked = new TrackedTasks(state.servletRequestLifecycle);
    state.servletRequestLifecycle.clear();
    state.servletRequestLifecycle.add(tracked);
    // Loggers are called when the body was written, and not when that failed.
    state.httpRequestLoggers.add(0, (context, millis) -> bodyWritten(context));
    state.routes.wsBeforeUpgrade(TrackingPlugin::routeOfUpgrade);
    TrackedMappers.install(state);
    state.jetty.modifyServer(
        server -> server.insertHandler(new CompletionHandler(tracker, state.router.contextPath)));
  }

  private static void bodyWritten(Context context) {
    Exchange exchange = Exchange.of(context.req());
    if (exchange != null) {
      exchange.bodyWritten();
    }
  }

  private static void routeOfUpgrade(Context context) {
    Exchange exchange = Exchange.of(context.req());
    if (exchange != null) {
      exchange.routeOf(context);
    }
  }

  /** The request's handle; one that does nothing when the request is not tracked. */
  @Override
  public TrackedRequest createExtension(Context context) {
    @Nullable Exchange exchange = Exchange.of(context.req());
    return exchange != null ? exchange.handle() : TrackedRequest.current();
  }
}
