// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.Endpoint;
import io.runtracker.testkit.Setup;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.MultipartConfigElement;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRegistration;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.EnumSet;

/** The whole service under test, put together by the servlet API alone. */
final class Service {

  static final String ERROR_PAGE = "/error-page";

  /** Reads the parts of a form. */
  static final String PARTS = "/parts";

  /** With this header the request's getters throw when they are asked for the host. */
  static final String BROKEN_GETTERS = "X-Broken-Getters";

  private Service() {}

  static void assemble(
      ServletContext context, Tracker tracker, Application application, Setup setup) {
    addFilter(context, "outermost", false, outermost(application));
    if (setup.registrations() > 0) {
      TrackingFilter.register(context, tracker);
    }
    for (int i = 1; i < setup.registrations(); i++) {
      addFilter(context, "again" + i, true, new TrackingFilter(tracker));
    }
    addFilter(context, "guard", true, guard());
    for (Endpoint endpoint : Endpoint.values()) {
      if (endpoint != Endpoint.GUARDED && endpoint != Endpoint.HANDLED) {
        addServlet(
            context,
            endpoint.name(),
            new EndpointServlet(endpoint, application),
            EndpointServlet.pattern(endpoint));
      }
    }
    addServlet(context, "error-page", new ErrorPage(application), ERROR_PAGE);
    addServlet(context, "parts", new Parts(), PARTS)
        .setMultipartConfig(new MultipartConfigElement(""));
  }

  private static Filter outermost(Application application) {
    return (request, response, chain) -> {
      HttpServletRequest http = (HttpServletRequest) request;
      try {
        boolean broken = http.getHeader(BROKEN_GETTERS) != null;
        chain.doFilter(broken ? new BrokenRequest(http) : request, response);
      } catch (Throwable error) {
        application.escaped(error);
        throw error;
      }
    };
  }

  private static Filter guard() {
    return (request, response, chain) -> {
      String path = ((HttpServletRequest) request).getServletPath();
      if (path.equals(Endpoint.GUARDED.template())) {
        TrackedRequest.current().tag("guard", "seen");
        ((HttpServletResponse) response).setStatus(401);
      } else {
        chain.doFilter(request, response);
      }
    };
  }

  private static ServletRegistration.Dynamic addServlet(
      ServletContext context, String name, HttpServlet servlet, String pattern) {
    ServletRegistration.Dynamic registration = context.addServlet(name, servlet);
    registration.setAsyncSupported(true);
    registration.addMapping(pattern);
    return registration;
  }

  private static void addFilter(ServletContext context, String name, boolean after, Filter filter) {
    FilterRegistration.Dynamic registration = context.addFilter(name, filter);
    registration.setAsyncSupported(true);
    registration.addMappingForUrlPatterns(EnumSet.allOf(DispatcherType.class), after, "/*");
  }

  private static final class BrokenRequest extends HttpServletRequestWrapper {
    private BrokenRequest(HttpServletRequest request) {
      super(request);
    }

    @Override
    public String getServerName() {
      throw new IllegalStateException("broken");
    }
  }

  private static final class Parts extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response)
        throws ServletException, IOException {
      EndpointServlet.write(response, String.valueOf(request.getParts().size()));
    }
  }

  /** Has a route of its own, as a framework's error page would. */
  private static final class ErrorPage extends HttpServlet {
    private static final long serialVersionUID = 1;

    private final transient Application application;

    private ErrorPage(Application application) {
      this.application = application;
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) {
      request.setAttribute(TrackingFilter.ROUTE_ATTRIBUTE, ERROR_PAGE);
      Object thrown = request.getAttribute(RequestDispatcher.ERROR_EXCEPTION);
      response.setStatus(
          thrown instanceof Application.PagedException paged
              ? application.answerOfPage(paged)
              : 403);
      EndpointServlet.write(response, "sorry");
    }
  }
}
