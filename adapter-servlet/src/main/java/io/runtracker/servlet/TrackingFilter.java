// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import io.runtracker.RequestTarget;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records each request of a servlet application as one run, asynchronous ones when they complete.
 *
 * <p>It belongs before all other filters, on {@code /*}, with asynchronous support and for the
 * dispatcher types {@code REQUEST}, {@code ASYNC}, {@code ERROR} and {@code FORWARD}, with a {@link
 * TrackingListener} beside it; {@link #register} sees to all of it. Not for {@code INCLUDE}.
 * Registered twice, it tracks once.
 *
 * <p>Whatever fails in here, the service answers as it would without the filter, and an exception
 * of the service leaves as the object it came as.
 */
@SuppressWarnings("exports") // the servlet API is the container's, see module-info
public final class TrackingFilter implements Filter {

  /**
   * The request attribute with the {@link TrackedRequest}, for threads and code that {@link
   * TrackedRequest#current()} does not reach. Absent when the request is not tracked.
   */
  public static final String REQUEST_ATTRIBUTE = "io.runtracker.TrackedRequest";

  /**
   * The request attribute by which a handler or framework may give the template that the path
   * matched, such as {@code /items/{id}}, without the context path. Read when the filter chain
   * returns; it goes before what the servlet's mapping or Spring say.
   */
  public static final String ROUTE_ATTRIBUTE = "io.runtracker.route";

  private static final Logger log = LoggerFactory.getLogger(TrackingFilter.class);

  private final boolean ownsTracker;
  private final Map<String, String> variables;
  private volatile @Nullable Tracker tracker;

  /** Tracks with a tracker that someone else closes. */
  public TrackingFilter(Tracker tracker) {
    this.tracker = tracker;
    this.ownsTracker = false;
    this.variables = Map.of();
  }

  /**
   * For {@code web.xml}: the tracker is built from the {@link #environment} of the application when
   * the filter is initialised, and closed when it is destroyed.
   */
  public TrackingFilter() {
    this(System.getenv());
  }

  /** With these in place of the process's variables. */
  TrackingFilter(Map<String, String> variables) {
    this.ownsTracker = true;
    this.variables = variables;
  }

  /**
   * Registers a filter as it should be: before those declared elsewhere, on {@code /*}, for all
   * dispatcher types it needs. To be called while the application starts.
   *
   * @throws IllegalStateException when the application has started already
   */
  public static void register(ServletContext context, Tracker tracker) {
    FilterRegistration.Dynamic registration =
        context.addFilter("runtracker", new TrackingFilter(tracker));
    if (registration == null) {
      log.warn("A filter named 'runtracker' is registered already; it stays as it is");
      return;
    }
    registration.setAsyncSupported(true);
    registration.addMappingForUrlPatterns(
        EnumSet.of(
            DispatcherType.REQUEST,
            DispatcherType.ASYNC,
            DispatcherType.ERROR,
            DispatcherType.FORWARD),
        false,
        "/*");
    context.addListener(new TrackingListener());
  }

  /**
   * The environment of one application of a container, for {@link Tracker.Builder#environment}. All
   * applications of a container share the process's variables. So the service name, where no
   * variable sets it, is the context path here ({@code shop}), and the directory for the spool,
   * where a variable sets one, is one below it with that name. Everything else is as the process
   * has it.
   */
  public static Map<String, String> environment(ServletContext context) {
    return environment(context, System.getenv());
  }

  /** As {@link #environment(ServletContext)}, of other variables than the process's. */
  public static Map<String, String> environment(
      ServletContext context, Map<String, String> variables) {
    return ContextVariables.of(context, variables);
  }

  /**
   * Reads the route off the request's attributes before the filter chain returns, for frameworks
   * that know it when they have found the handler: should the tracker be closed while the handler
   * is at work, the request is recorded with it.
   */
  public static void noteRoute(HttpServletRequest request) {
    try {
      Exchange exchange = Exchange.of(request);
      if (exchange != null) {
        exchange.noteRoute(request);
      }
    } catch (Throwable fault) {
      Exchange.log(fault);
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException when the environment holds a setting that cannot be used
   */
  @Override
  public void init(FilterConfig config) {
    if (tracker == null) {
      Map<String, String> own = ContextVariables.of(config.getServletContext(), variables);
      tracker = Tracker.builder().environment(own).build();
    }
    if (ownsTracker) {
      listen(config.getServletContext());
    }
  }

  /** Tomcat still takes a listener now; others want it in {@code web.xml}, beside the filter. */
  private static void listen(ServletContext context) {
    try {
      context.addListener(new TrackingListener());
    } catch (RuntimeException tooLate) {
      log.debug("No listener could be added for the ends of requests", tooLate);
    }
  }

  @Override
  public void destroy() {
    Tracker owned = tracker;
    if (ownsTracker && owned != null) {
      tracker = null;
      owned.close();
    }
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    Exchange exchange = enter(request, response);
    if (exchange == null) {
      chain.doFilter(request, response);
      return;
    }
    DispatcherType dispatch = request.getDispatcherType();
    ServletRequest passedOn = exchange.wrap(request);
    Throwable escaped = null;
    OpenRequest.Scope scope = exchange.makeCurrent();
    try {
      chain.doFilter(passedOn, response);
    } catch (Throwable error) {
      escaped = error;
      throw error;
    } finally {
      scope.close();
      exchange.leave(request, dispatch, escaped);
    }
  }

  /** What this dispatch belongs to, or null when it is none of the filter's concern. */
  private @Nullable Exchange enter(ServletRequest request, ServletResponse response) {
    Tracker current = tracker;
    if (current == null
        || !current.isEnabled()
        || !(request instanceof HttpServletRequest httpRequest)
        || !(response instanceof HttpServletResponse httpResponse)) {
      return null;
    }
    try {
      Exchange known = Exchange.of(request);
      DispatcherType dispatch = request.getDispatcherType();
      if (known != null) {
        return known.resumes(httpRequest, dispatch) ? known : null;
      }
      return dispatch == DispatcherType.REQUEST ? open(current, httpRequest, httpResponse) : null;
    } catch (Throwable fault) {
      current.captureFailed(fault);
      return null;
    }
  }

  private static @Nullable Exchange open(
      Tracker tracker, HttpServletRequest request, HttpServletResponse response) {
    RequestTarget target = RequestView.target(request);
    OpenRequest opened =
        tracker.open(
            RequestView.method(request),
            target,
            RequestView.pathInApplication(request, target),
            ServletReader.INSTANCE,
            request);
    if (opened == null) {
      return null;
    }
    String route = Route.ofMapping(request);
    if (route != null && Route.isFinal(request)) {
      opened.route(route);
    }
    Exchange exchange = new Exchange(opened, request, response, route);
    exchange.begin();
    return exchange;
  }
}
