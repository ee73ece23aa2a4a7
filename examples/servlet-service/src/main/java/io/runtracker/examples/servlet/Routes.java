// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.servlet;

import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.examples.Service;
import io.runtracker.servlet.TrackingFilter;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;

/** The routes of the service, a servlet each. */
final class Routes {

  private Routes() {}

  private static void answer(HttpServletResponse response, String body) throws IOException {
    response.setContentType("text/plain;charset=UTF-8");
    response.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
  }

  static final class Hello extends HttpServlet {
    private static final long serialVersionUID = 1;
    private final transient Service service;

    Hello(Service service) {
      this.service = service;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      answer(response, service.hello());
    }
  }

  /** A servlet knows its mapping, {@code /items/*}, but no template: this one names it. */
  static final class OfId extends HttpServlet {
    private static final long serialVersionUID = 1;
    private final String route;
    private final transient UnaryOperator<String> answer;

    OfId(String route, UnaryOperator<String> answer) {
      this.route = route;
      this.answer = answer;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      request.setAttribute(TrackingFilter.ROUTE_ATTRIBUTE, route);
      String path = request.getPathInfo();
      if (path == null || path.length() < 2) {
        response.sendError(HttpServletResponse.SC_NOT_FOUND);
      } else {
        answer(response, answer.apply(path.substring(1)));
      }
    }
  }

  static final class Predict extends HttpServlet {
    private static final long serialVersionUID = 1;
    private final transient Service service;

    Predict(Service service) {
      this.service = service;
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      byte[] body = request.getInputStream().readNBytes(1 << 16);
      answer(response, service.predict(new String(body, StandardCharsets.UTF_8)));
    }
  }

  static final class Fail extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
      answer(response, "unavailable\n");
    }
  }

  static final class Boom extends HttpServlet {
    private static final long serialVersionUID = 1;
    private final transient Service service;

    Boom(Service service) {
      this.service = service;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
      throw service.boom();
    }
  }

  static final class Slow extends HttpServlet {
    private static final long serialVersionUID = 1;
    private final transient Service service;

    Slow(Service service) {
      this.service = service;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      String millis = request.getParameter("ms");
      if (millis == null || !millis.matches("\\d{1,9}")) {
        response.sendError(HttpServletResponse.SC_BAD_REQUEST, "ms: milliseconds");
        return;
      }
      AsyncContext async = request.startAsync();
      service.slow(Long.parseLong(millis), TrackedRequest.current(), () -> finish(async, millis));
    }

    private static void finish(AsyncContext async, String millis) {
      try {
        answer((HttpServletResponse) async.getResponse(), "slept " + millis + "\n");
      } catch (IOException clientWentAway) {
        async.getRequest().getServletContext().log("no answer", clientWentAway);
      } finally {
        async.complete();
      }
    }
  }

  static final class Stream extends HttpServlet {
    private static final long serialVersionUID = 1;
    private final transient Service service;

    Stream(Service service) {
      this.service = service;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      response.setContentType("text/plain;charset=UTF-8");
      ServletOutputStream out = response.getOutputStream();
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
  }

  static final class Health extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      answer(response, "ok\n");
    }
  }

  static final class Missing extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      response.sendError(HttpServletResponse.SC_NOT_FOUND);
    }
  }

  static final class LedgerPage extends HttpServlet {
    private static final long serialVersionUID = 1;
    private final transient Service service;
    private final transient Tracker tracker;

    LedgerPage(Service service, Tracker tracker) {
      this.service = service;
      this.tracker = tracker;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      response.setContentType("application/json");
      response.getOutputStream().write(service.ledger(tracker).getBytes(StandardCharsets.UTF_8));
    }
  }
}
