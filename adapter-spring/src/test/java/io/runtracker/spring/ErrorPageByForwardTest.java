// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import jakarta.servlet.Filter;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/**
 * A WAR in a container of somebody else's: Spring Boot has no error page there, and a filter of its
 * own forwards to {@code /error}. That filter is of another package on each line, so it stands here
 * in short.
 */
class ErrorPageByForwardTest extends ServiceFixture {

  ErrorPageByForwardTest() {
    super(Service.class);
  }

  @Test
  void a_path_that_nothing_serves_has_no_route() throws Exception {
    assertThat(record("GET", "/no/such/path", 404).route()).isNull();
  }

  @Test
  void a_method_that_is_not_allowed_has_no_route() throws Exception {
    assertThat(record("DELETE", "/numbers/1", 405).route()).isNull();
  }

  @Test
  void a_param_that_does_not_convert_has_the_handlers_route() throws Exception {
    assertThat(record("GET", "/numbers/x", 400).route()).isEqualTo("/numbers/{n}");
  }

  @Test
  void an_exception_has_the_handlers_route_and_fails_the_run() throws Exception {
    RequestEvent event = record("GET", "/numbers/0", 500);
    assertThat(event.route()).isEqualTo("/numbers/{n}");
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isEqualTo("java.lang.ArithmeticException");
  }

  @Test
  void an_exception_of_a_filter_is_seen_though_it_never_leaves() throws Exception {
    RequestEvent event = record("GET", "/broken-filter", 500);
    assertThat(event.route()).isNull();
    assertThat(event.errorType()).isEqualTo("java.lang.IllegalStateException");
  }

  @RestController
  static class Controller {
    @GetMapping("/numbers/{n}")
    int number(@PathVariable int n) {
      return 1 / n;
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import(Controller.class)
  static class Service {
    @Bean
    FilterRegistrationBean<Filter> errorPage() {
      Filter filter =
          (request, response, chain) -> {
            HttpServletRequest http = (HttpServletRequest) request;
            Reported reported = new Reported((HttpServletResponse) response);
            try {
              chain.doFilter(request, reported);
              if (reported.error != 0) {
                forward(http, reported, reported.error, null);
              }
            } catch (ServletException | RuntimeException thrown) {
              Throwable cause = thrown.getCause() != null ? thrown.getCause() : thrown;
              forward(http, reported, 500, cause);
            }
          };
      FilterRegistrationBean<Filter> registration = new FilterRegistrationBean<>(filter);
      registration.setOrder(Ordered.HIGHEST_PRECEDENCE + 1);
      return registration;
    }

    private static void forward(
        HttpServletRequest request, Reported response, int status, Throwable thrown)
        throws ServletException, IOException {
      request.setAttribute(RequestDispatcher.ERROR_STATUS_CODE, status);
      request.setAttribute(RequestDispatcher.ERROR_EXCEPTION, thrown);
      response.setStatus(status);
      request.getRequestDispatcher("/error").forward(request, response);
      request.removeAttribute(RequestDispatcher.ERROR_EXCEPTION);
    }

    @Bean
    FilterRegistrationBean<Filter> broken() {
      FilterRegistrationBean<Filter> registration =
          new FilterRegistrationBean<>(
              (request, response, chain) -> {
                throw new IllegalStateException("broken");
              });
      registration.addUrlPatterns("/broken-filter");
      return registration;
    }

    private static final class Reported extends HttpServletResponseWrapper {
      private int error;

      private Reported(HttpServletResponse response) {
        super(response);
      }

      @Override
      public void sendError(int status) {
        error = status;
      }

      @Override
      public void sendError(int status, String message) {
        error = status;
      }
    }
  }
}
