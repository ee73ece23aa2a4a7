// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.TrackedRequest;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.Endpoint;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.UnavailableException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpUpgradeHandler;
import jakarta.servlet.http.WebConnection;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.List;

/** One endpoint of the contract, as a plain servlet would have it. */
final class EndpointServlet extends HttpServlet {

  private static final long serialVersionUID = 1;

  /** Switches protocols and says no more. */
  public static final class Silent implements HttpUpgradeHandler {
    @Override
    public void init(WebConnection connection) {}

    @Override
    public void destroy() {}
  }

  private final transient Endpoint endpoint;
  private final transient Application application;

  EndpointServlet(Endpoint endpoint, Application application) {
    this.endpoint = endpoint;
    this.application = application;
  }

  /** The mapping: {@code /items/{id}} is {@code /items/*} to a servlet. */
  static String pattern(Endpoint endpoint) {
    // To a servlet, "/" is everything that nothing else serves.
    return endpoint == Endpoint.ROOT ? "" : endpoint.template().replaceFirst("\\{\\w+}", "*");
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response) {
    write(response, "plain");
  }

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws ServletException, IOException {
    if (endpoint == Endpoint.PLAIN) {
      super.service(request, response);
    } else if (endpoint.name().startsWith("ASYNC") || endpoint == Endpoint.EVENTS) {
      async(request, response);
    } else {
      sync(request, response);
    }
  }

  private void sync(HttpServletRequest request, HttpServletResponse response)
      throws ServletException, IOException {
    TrackedRequest handle = TrackedRequest.current();
    switch (endpoint) {
      case HELLO -> write(response, "hello");
      case ROOT -> write(response, "root");
      case ITEM -> {
        Object included = request.getAttribute("jakarta.servlet.include.path_info");
        String id = (included != null ? included.toString() : request.getPathInfo()).substring(1);
        handle.param("item", id);
        write(response, id);
      }
      case ECHO -> response.getOutputStream().write(request.getInputStream().readAllBytes());
      case STATUS -> {
        int status = Integer.parseInt(request.getPathInfo().substring(1));
        response.setStatus(status);
        if (status != 204 && status != 304) {
          write(response, "status");
        }
      }
      case SEND_ERROR -> response.sendError(Integer.parseInt(request.getPathInfo().substring(1)));
      case REDIRECT -> response.sendRedirect("/hello");
      case THROW, SKIPPED_THROW -> throw application.exception();
      case THROW_WRAPPED -> throw new ServletException("wrapped", application.exception());
      case THROW_IN -> throw inServletException(request.getPathInfo().substring(1));
      case THROW_EOF -> throw new EOFException("cut");
      case THROW_ERROR -> throw new AssertionError("error");
      case THROW_BROKEN -> throw new Application.BrokenException();
      case STATUS_THEN_THROW -> {
        response.setStatus(503);
        throw application.exception();
      }
      case COMMIT_THEN_THROW -> {
        write(response, "partial");
        response.flushBuffer();
        throw application.exception();
      }
      case UNAVAILABLE -> throw new UnavailableException("later", 1);
      case UNAVAILABLE_FOR_GOOD -> throw new UnavailableException("never");
      case ERROR_PAGE -> {
        request.setAttribute(TrackingFilter.ROUTE_ATTRIBUTE, endpoint.template());
        throw new Application.PagedException(500);
      }
      case ERROR_PAGE_STATUS ->
          throw new Application.PagedException(
              Integer.parseInt(request.getPathInfo().substring(1)));
      case ERROR_PAGE_GATED -> throw new Application.PagedException(Application.GATED);
      case SHORT_BODY -> {
        response.setContentLength(100);
        write(response, "short");
      }
      case NOTES -> {
        application.logNotes(handle);
        write(response, "notes");
      }
      case ELSEWHERE -> {
        TrackedRequest given =
            (TrackedRequest) request.getAttribute(TrackingFilter.REQUEST_ATTRIBUTE);
        application.elsewhereAndWait(() -> application.logElsewhere(given));
        write(response, "elsewhere");
      }
      case DROP -> {
        handle.drop();
        write(response, "hello");
      }
      case KEEP -> {
        application.kept(handle);
        write(response, "hello");
      }
      case CLEAR_ATTRIBUTES -> {
        clearAttributes(request);
        write(response, "hello");
      }
      case ATTRIBUTE, SKIPPED_ATTRIBUTE ->
          write(
              response,
              application.attribute(request.getAttribute(TrackingFilter.REQUEST_ATTRIBUTE)));
      case HANDLE, SKIPPED -> write(response, application.handle());
      case FORWARD -> request.getRequestDispatcher("/items/7").forward(request, response);
      case INCLUDE -> {
        write(response, "including ");
        request.getRequestDispatcher("/items/8").include(request, response);
      }
      case STREAM -> {
        write(response, "first");
        response.flushBuffer();
        application.gate();
        write(response, "last");
      }
      case ENDLESS -> writeEndlessly(response);
      case SWALLOW -> {
        application.openGate();
        write(response, String.valueOf(request.getInputStream().readAllBytes().length));
      }
      case UPGRADE -> {
        response.setStatus(101);
        response.setHeader("Upgrade", "test");
        response.setHeader("Connection", "Upgrade");
        request.upgrade(Silent.class);
      }
      default -> throw new IllegalStateException("not served: " + endpoint);
    }
  }

  private ServletException inServletException(String wrapper) {
    return new ServletException(application.wrapped(wrapper));
  }

  private static void writeEndlessly(ServletResponse response) throws IOException {
    byte[] block = "endless".repeat(10_000).getBytes(UTF_8);
    for (int i = 0; i < 10_000; i++) {
      response.getOutputStream().write(block);
      response.flushBuffer();
    }
  }

  private void async(HttpServletRequest request, HttpServletResponse response) throws IOException {
    TrackedRequest handle = TrackedRequest.current();
    if (endpoint == Endpoint.ASYNC_CLEAR_ATTRIBUTES) {
      clearAttributes(request);
    }
    AsyncContext context =
        endpoint == Endpoint.ASYNC_EXPLICIT
            ? request.startAsync(request, response)
            : request.startAsync();
    if (endpoint.name().endsWith("_THROW") && endpoint != Endpoint.ASYNC_DISPATCH_THROW) {
      // Without any listener, Jetty answers an exception only when the time-out comes.
      context.setTimeout(Application.SHORT_MILLIS);
    }
    switch (endpoint) {
      case ASYNC, ASYNC_CLEAR_ATTRIBUTES -> answerElsewhere(context, handle, "async");
      case ASYNC_EXPLICIT ->
          answerElsewhere(context, handle, "original=" + context.hasOriginalRequestAndResponse());
      case ASYNC_GATED -> {
        application.kept(handle);
        application.elsewhere(
            () -> {
              application.gate();
              answer(context, handle, "async");
            });
      }
      case EVENTS -> {
        response.setContentType("text/event-stream");
        application.elsewhere(
            () -> {
              write(context.getResponse(), "data: first");
              flush(context.getResponse());
              application.gate();
              write(context.getResponse(), "\n\ndata: last\n\n");
              context.complete();
            });
      }
      case ASYNC_AT_ONCE -> answer(context, handle, "async");
      case ASYNC_DISPATCH -> context.dispatch("/items/9");
      case ASYNC_DISPATCH_HANDLE -> application.elsewhere(() -> context.dispatch("/handle"));
      case ASYNC_DISPATCH_THROW -> application.elsewhere(() -> context.dispatch("/throw"));
      case ASYNC_TWICE -> application.elsewhere(() -> context.dispatch("/async"));
      case ASYNC_TIMEOUT -> context.setTimeout(Application.SHORT_MILLIS);
      case ASYNC_TIMEOUT_HANDLED -> {
        context.setTimeout(Application.SHORT_MILLIS);
        context.addListener(new AnswerTimeOut());
      }
      case ASYNC_THROW -> throw application.exception();
      case ASYNC_STATUS_THROW -> {
        response.setStatus(503);
        throw application.exception();
      }
      case ASYNC_COMMIT_THROW -> {
        write(response, "partial");
        response.flushBuffer();
        throw application.exception();
      }
      case ASYNC_WORKER_THROW ->
          context.start(
              () -> {
                throw application.exception();
              });
      case ASYNC_STREAM_FAIL ->
          application.elsewhere(
              () -> {
                write(context.getResponse(), "first");
                flush(context.getResponse());
                context.dispatch("/throw");
              });
      case ASYNC_ENDLESS -> {
        // It ends a request whose client is gone by itself; to complete it too would be a race.
        boolean tomcat = getServletContext().getServerInfo().startsWith("Apache Tomcat");
        application.elsewhere(
            () -> {
              try {
                writeEndlessly(context.getResponse());
              } catch (IOException clientWentAway) {
                if (!tomcat) {
                  context.complete();
                }
              }
            });
      }
      case ASYNC_FAIL ->
          application.elsewhere(
              () -> {
                ((HttpServletResponse) context.getResponse()).setStatus(503);
                context.complete();
              });
      default -> throw new IllegalStateException("not served: " + endpoint);
    }
  }

  private void answerElsewhere(AsyncContext context, TrackedRequest handle, String body) {
    application.elsewhere(() -> answer(context, handle, body));
  }

  private void answer(AsyncContext context, TrackedRequest handle, String body) {
    application.logElsewhere(handle);
    write(context.getResponse(), body);
    context.complete();
  }

  private static void clearAttributes(HttpServletRequest request) {
    List<String> names = Collections.list(request.getAttributeNames());
    names.forEach(request::removeAttribute);
  }

  static void write(ServletResponse response, String text) {
    try {
      if (!response.isCommitted() && response.getContentType() == null) {
        response.setContentType("text/plain;charset=utf-8");
      }
      ServletOutputStream out = response.getOutputStream();
      out.write(text.getBytes(UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void flush(ServletResponse response) {
    try {
      response.flushBuffer();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class AnswerTimeOut implements AsyncListener {
    @Override
    public void onTimeout(AsyncEvent event) {
      ((HttpServletResponse) event.getAsyncContext().getResponse()).setStatus(503);
      write(event.getAsyncContext().getResponse(), "late");
      event.getAsyncContext().complete();
    }

    @Override
    public void onComplete(AsyncEvent event) {}

    @Override
    public void onError(AsyncEvent event) {}

    @Override
    public void onStartAsync(AsyncEvent event) {}
  }
}
