// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.servlet.TrackingFilter;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.Endpoint;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.EnumSet;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerResponse;

/** The whole service of the contract, put together by Spring Boot. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({ContractEndpoints.class, ContractService.Conflicts.class})
class ContractService {

  private static final String SEEN = ContractService.class.getName() + ".seen";

  /**
   * Spring Boot 3.5's filter for observations asks whether a request is asynchronous, and then for
   * its context. On Undertow another thread can complete the request between the two, and the
   * client gets 500, without any tracker: 41 of 30,000 requests did.
   */
  private static final String OBSERVATION =
      "org.springframework.boot.actuate.autoconfigure.observation.web.servlet"
          + ".WebMvcObservationAutoConfiguration";

  static RunningServer start(
      Class<?> service,
      Tracker tracker,
      Application application,
      Setup setup,
      String... properties) {
    RunningApplication running =
        RunningApplication.start(
            service,
            context -> {
              context.getBeanFactory().registerSingleton("tracker", tracker);
              context.getBeanFactory().registerSingleton("application", application);
              for (int i = 1; i < setup.registrations(); i++) {
                context.getBeanFactory().registerSingleton("again" + i, again(i, tracker));
              }
            },
            RunningApplication.join(
                properties,
                "server.servlet.context-path=" + setup.contextPath(),
                "server.shutdown=immediate",
                "spring.mvc.async.request-timeout=60s",
                // The outermost place is that of the filter which watches what leaves ours.
                "runtracker.filter-order=" + (Ordered.HIGHEST_PRECEDENCE + 1),
                "spring.autoconfigure.exclude="
                    + OBSERVATION
                    + (setup.registrations() > 0
                        ? ""
                        : "," + RuntrackerAutoConfiguration.class.getName())));
    return new RunningServer(running.port(), running::close);
  }

  private static FilterRegistrationBean<TrackingFilter> again(int number, Tracker tracker) {
    FilterRegistrationBean<TrackingFilter> again =
        new FilterRegistrationBean<>(new TrackingFilter(tracker));
    again.setName("again" + number);
    again.setDispatcherTypes(EnumSet.allOf(DispatcherType.class));
    return again;
  }

  /** Tells the test what left the adapter, without Spring's wrapper, if it is what came to it. */
  @Bean
  FilterRegistrationBean<Filter> outermost(Application application) {
    Filter filter =
        (request, response, chain) -> {
          try {
            chain.doFilter(request, response);
          } catch (Throwable error) {
            boolean same = error == request.getAttribute(SEEN);
            application.escaped(same && error.getCause() != null ? error.getCause() : error);
            throw error;
          }
        };
    FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>(filter);
    registration.setOrder(Ordered.HIGHEST_PRECEDENCE);
    return registration;
  }

  @Bean
  Filter innermost() {
    return (request, response, chain) -> {
      try {
        chain.doFilter(request, response);
      } catch (Throwable error) {
        request.setAttribute(SEEN, error);
        throw error;
      }
    };
  }

  @Bean
  Filter guard() {
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

  @Bean
  RouterFunction<ServerResponse> functional() {
    return RouterFunctions.route()
        .GET("/functional/{id}", request -> ServerResponse.ok().body(request.pathVariable("id")))
        .build();
  }

  /** Has a route of its own. In place of Boot's page, which tells the time. */
  @Bean
  RouterFunction<ServerResponse> errorPage(Application application) {
    return RouterFunctions.route(
        request -> request.path().endsWith("/error"),
        request -> {
          request
              .attributes()
              .put("org.springframework.web.servlet.HandlerMapping.bestMatchingPattern", "/error");
          Throwable thrown =
              (Throwable) request.attributes().get("jakarta.servlet.error.exception");
          while (thrown != null && !(thrown instanceof Application.PagedException)) {
            thrown = thrown.getCause();
          }
          Object status = request.attributes().get("jakarta.servlet.error.status_code");
          boolean paged = Integer.valueOf(Application.PAGED_STATUS).equals(status);
          int answer = paged ? 403 : status instanceof Integer code ? code : 404;
          return ServerResponse.status(
                  thrown instanceof Application.PagedException page
                      ? application.answerOfPage(page)
                      : answer)
              .contentType(MediaType.TEXT_PLAIN)
              .body(thrown != null || paged ? "sorry" : "error " + status);
        });
  }

  @RestControllerAdvice
  static class Conflicts {
    @ExceptionHandler
    ResponseEntity<String> conflict(ConflictException conflict) {
      return ResponseEntity.status(409).body(String.valueOf(conflict.getMessage()));
    }
  }

  static final class ConflictException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ConflictException() {
      super("conflict");
    }
  }
}
