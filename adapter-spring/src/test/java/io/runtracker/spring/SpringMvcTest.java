// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.TrackedRequest;
import io.runtracker.testkit.Wire;
import jakarta.servlet.http.HttpServletResponse;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerResponse;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** What Spring MVC has and the contract does not ask for. */
class SpringMvcTest extends ServiceFixture {

  SpringMvcTest() {
    super(Service.class);
  }

  private static void assertFinished(RequestEvent event, Class<?> handled) {
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
    assertThat(event.errorType()).isNull();
    assertThat(event.params()).containsExactly(Map.entry("error_type", handled.getName()));
    assertThat(event.texts()).isEmpty();
  }

  private static void assertFailed(RequestEvent event, Class<?> handled, String details) {
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isEqualTo(handled.getName());
    assertThat(event.errorDetails()).isEqualTo(details);
    assertThat(event.params()).isEmpty();
  }

  @Test
  void an_exception_that_its_controller_answers_with_4xx_is_a_param_of_a_finished_run()
      throws Exception {
    RequestEvent event = record("/local/gone", 410);
    assertFinished(event, GoneException.class);
    assertThat(event.route()).isEqualTo("/local/{what}");
  }

  @Test
  void an_exception_that_an_advice_answers_with_5xx_is_recorded_as_an_escaping_one()
      throws Exception {
    RequestEvent event = record("/local/broken", 502);
    assertFailed(event, BrokenException.class, "broken");
    assertThat(event.route()).isEqualTo("/local/{what}");
  }

  @Test
  void response_status_exceptions_are_seen_in_both_ranges() throws Exception {
    assertFinished(record("/status-exception/404", 404), ResponseStatusException.class);
    RequestEvent event = record("/status-exception/503", 503);
    assertThat(event.errorType()).isEqualTo(ResponseStatusException.class.getName());
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.route()).isEqualTo("/status-exception/{status}");
  }

  @Test
  void an_end_of_a_file_that_an_advice_answers_is_no_client_that_went_away() throws Exception {
    RequestEvent file = record("/unreadable/file", 422);
    assertFinished(file, EOFException.class);
    assertThat(file.tags()).isEmpty();
    RequestEvent backend = record("/unreadable/backend", 422);
    assertFinished(backend, UncheckedIOException.class);
    assertThat(backend.tags()).isEmpty();
  }

  @Test
  void an_exception_is_seen_without_the_wrappers_of_reactor_and_futures() throws Exception {
    assertFailed(record("/unreadable/reactive", 500), IOException.class, "refused");
  }

  @Test
  void an_exception_with_a_status_of_its_own_is_seen() throws Exception {
    assertFinished(record("/annotated", 418), TeapotException.class);
  }

  @Test
  void an_error_that_an_advice_answers_is_seen_without_springs_wrapper() throws Exception {
    assertFailed(record("/local/error", 503), StackOverflowError.class, "deep");
  }

  @Test
  void a_param_that_does_not_convert_is_seen() throws Exception {
    RequestEvent event = record("/status-exception/x", 400);
    assertThat(event.params().get("error_type")).endsWith("MethodArgumentTypeMismatchException");
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
  }

  @Test
  void a_method_that_is_not_allowed_has_no_route() throws Exception {
    RequestEvent event = record("DELETE", "/annotated", 405);
    assertThat(event.route()).isNull();
    assertThat(event.params().get("error_type"))
        .isEqualTo("org.springframework.web.HttpRequestMethodNotSupportedException");
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
  }

  @Test
  void a_path_that_nothing_serves_has_no_route_and_no_exception() throws Exception {
    RequestEvent event = record("/no/such/path", 404);
    assertThat(event.route()).isNull();
    assertThat(event.params()).isEmpty();
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
  }

  @Test
  void an_escaping_exception_is_answered_by_boots_own_page_and_recorded_once() throws Exception {
    Wire.Answer answer = application.get("/escape/1");
    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.body()).contains("Internal Server Error");
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(500);
    assertThat(event.route()).isEqualTo("/escape/{id}");
    assertFailed(event, IllegalStateException.class, "boom");
  }

  @Test
  void a_functional_route_has_its_template_and_its_exceptions_are_seen() throws Exception {
    RequestEvent event = record("/functional/7", 200);
    assertThat(event.route()).isEqualTo("/functional/{id}");
    assertThat(event.params()).containsExactly(Map.entry("id", "7"));
    assertFailed(record("/functional-broken", 502), BrokenException.class, "broken");
  }

  @Test
  void a_static_resource_has_no_route() throws Exception {
    RequestEvent event = record("/page.txt", 200);
    assertThat(event.route()).isNull();
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
  }

  @Test
  void the_page_of_boot_asked_for_directly_is_a_request_like_any_other() throws Exception {
    RequestEvent event = sinkOf("/error");
    assertThat(event.target().path()).isEqualTo("/error");
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
  }

  private RequestEvent sinkOf(String path) throws Exception {
    int status = application.get(path).status();
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(status);
    return event;
  }

  @Test
  void a_callable_that_fails_is_answered_by_the_advice_and_keeps_its_route() throws Exception {
    RequestEvent event = record("/callable", 502);
    assertFailed(event, BrokenException.class, "broken");
    assertThat(event.route()).isEqualTo("/callable");
  }

  @Test
  void a_deferred_result_that_fails_is_answered_by_the_advice() throws Exception {
    assertFailed(record("/deferred", 502), BrokenException.class, "broken");
  }

  @Test
  void a_deferred_result_that_times_out_is_recorded_once_with_503() throws Exception {
    RequestEvent event = record("/deferred-timeout", 503);
    assertThat(event.errorType()).endsWith("AsyncRequestTimeoutException");
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.route()).isEqualTo("/deferred-timeout");
  }

  @Test
  void a_stream_of_events_that_fails_keeps_the_status_that_was_sent() throws Exception {
    RequestEvent event = sinkOf("/events-broken");
    assertThat(event.statusCode()).isEqualTo(200);
    assertThat(event.route()).isEqualTo("/events-broken");
    assertThat(event.errorType()).isEqualTo(BrokenException.class.getName());
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
  }

  @Test
  void an_exception_after_the_commit_that_an_advice_cannot_answer_fails_the_run() throws Exception {
    RequestEvent event = sinkOf("/commit-then-break");
    assertThat(event.statusCode()).isEqualTo(200);
    assertFailed(event, BrokenException.class, "broken");
  }

  @Test
  void actuator_paths_are_skipped() throws Exception {
    application.get("/actuator/health");
    application.get("/actuator");
  }

  static final class BrokenException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BrokenException() {
      super("broken");
    }
  }

  static final class GoneException extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  @ResponseStatus(HttpStatus.I_AM_A_TEAPOT)
  static final class TeapotException extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  @RestControllerAdvice
  static class Advice {
    @ExceptionHandler
    ResponseEntity<String> broken(BrokenException broken) {
      return ResponseEntity.status(502).body("bad gateway");
    }

    @ExceptionHandler({EOFException.class, UncheckedIOException.class})
    ResponseEntity<String> unreadable() {
      return ResponseEntity.unprocessableEntity().body("unreadable");
    }

    @ExceptionHandler
    ResponseEntity<String> error(StackOverflowError error) {
      return ResponseEntity.status(503).body("too deep");
    }
  }

  @RestController
  static class Controller {
    @GetMapping("/local/{what}")
    String local(@PathVariable String what) {
      switch (what) {
        case "gone" -> throw new GoneException();
        case "error" -> throw new StackOverflowError("deep");
        default -> throw new BrokenException();
      }
    }

    @GetMapping("/unreadable/{what}")
    String unreadable(@PathVariable String what) throws IOException {
      switch (what) {
        case "file" -> throw new EOFException("cut");
        case "backend" ->
            throw new UncheckedIOException(new IOException("Connection reset by peer"));
        default ->
            throw new CompletionException(
                reactor.core.Exceptions.propagate(new IOException("refused")));
      }
    }

    @ExceptionHandler
    ResponseEntity<String> gone(GoneException gone) {
      return ResponseEntity.status(410).body("gone");
    }

    @GetMapping("/status-exception/{status}")
    String status(@PathVariable int status) {
      throw new ResponseStatusException(HttpStatus.valueOf(status), "no");
    }

    @GetMapping("/annotated")
    String annotated() {
      throw new TeapotException();
    }

    @GetMapping("/escape/{id}")
    String escape(@PathVariable String id) {
      throw new IllegalStateException("boom");
    }

    @GetMapping("/callable")
    Callable<String> callable() {
      return () -> {
        throw new BrokenException();
      };
    }

    @GetMapping("/deferred")
    DeferredResult<String> deferred() {
      DeferredResult<String> result = new DeferredResult<>();
      result.setErrorResult(new BrokenException());
      return result;
    }

    @GetMapping("/deferred-timeout")
    DeferredResult<String> timeout() {
      return new DeferredResult<>(50L);
    }

    @GetMapping("/events-broken")
    SseEmitter events() throws IOException {
      SseEmitter emitter = new SseEmitter();
      emitter.send("first");
      emitter.completeWithError(new BrokenException());
      return emitter;
    }

    @GetMapping("/commit-then-break")
    void commit(HttpServletResponse response) throws IOException {
      response.getOutputStream().write('x');
      response.flushBuffer();
      throw new BrokenException();
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import({Controller.class, Advice.class})
  static class Service {
    @Bean
    RouterFunction<ServerResponse> functional() {
      return RouterFunctions.route()
          .GET(
              "/functional/{id}",
              request -> {
                TrackedRequest.current().param("id", request.pathVariable("id"));
                return ServerResponse.ok().body(request.pathVariable("id"));
              })
          .GET(
              "/functional-broken",
              request -> {
                throw new BrokenException();
              })
          .build();
    }
  }
}
