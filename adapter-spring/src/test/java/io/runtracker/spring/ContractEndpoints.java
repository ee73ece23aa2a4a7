// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.TrackedRequest;
import io.runtracker.servlet.TrackingFilter;
import io.runtracker.testkit.Application;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpUpgradeHandler;
import jakarta.servlet.http.WebConnection;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.concurrent.Callable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;

/** The endpoints of the contract, in Spring MVC's ways. */
@RestController
class ContractEndpoints {

  /** Switches protocols and says no more. */
  public static final class Silent implements HttpUpgradeHandler {
    @Override
    public void init(WebConnection connection) {}

    @Override
    public void destroy() {}
  }

  private final Application application;

  ContractEndpoints(Application application) {
    this.application = application;
  }

  @RequestMapping("/hello")
  String hello() {
    return "hello";
  }

  @RequestMapping("/")
  String root() {
    return "root";
  }

  @GetMapping("/plain")
  String plain() {
    return "plain";
  }

  /** As SockJS does it: without a header Allow, Spring MVC asks the servlet API's own class. */
  @RequestMapping(path = "/plain", method = RequestMethod.OPTIONS)
  void plainOptions(HttpServletResponse response) {
    response.setStatus(204);
  }

  @RequestMapping("/items/{id}")
  String item(@PathVariable String id) {
    TrackedRequest.current().param("item", id);
    return id;
  }

  @RequestMapping("/echo")
  void echo(HttpServletRequest request, HttpServletResponse response) throws IOException {
    response.setContentType("text/plain;charset=utf-8");
    response.getOutputStream().write(request.getInputStream().readAllBytes());
  }

  @RequestMapping("/status/{code}")
  ResponseEntity<String> status(@PathVariable int code) {
    ResponseEntity.BodyBuilder answer = ResponseEntity.status(code);
    return code == 204 || code == 304 ? answer.build() : answer.body("status");
  }

  @RequestMapping("/send-error/{code}")
  void sendError(@PathVariable int code, HttpServletResponse response) throws IOException {
    response.sendError(code);
  }

  @RequestMapping("/redirect")
  ModelAndView redirect() {
    return new ModelAndView("redirect:/hello");
  }

  @RequestMapping({"/throw", "/docs"})
  String throwIt() {
    throw application.exception();
  }

  @RequestMapping("/throw-wrapped")
  String throwWrapped() throws ServletException {
    throw new ServletException("wrapped", application.exception());
  }

  @RequestMapping("/throw-in/{wrapper}")
  String throwIn(@PathVariable String wrapper) throws Exception {
    throw application.wrapped(wrapper);
  }

  @RequestMapping("/throw-eof")
  String throwEof() throws IOException {
    throw new EOFException("cut");
  }

  @RequestMapping("/throw-error")
  String throwError() {
    throw new AssertionError("error");
  }

  @RequestMapping("/status-then-throw")
  void statusThenThrow(HttpServletResponse response) {
    response.setStatus(503);
    throw application.exception();
  }

  @RequestMapping("/commit-then-throw")
  void commitThenThrow(HttpServletResponse response) throws IOException {
    write(response, "partial");
    response.flushBuffer();
    throw application.exception();
  }

  @RequestMapping("/unavailable")
  String unavailable() {
    throw new ResponseStatusException(HttpStatus.SERVICE_UNAVAILABLE, "later");
  }

  @RequestMapping("/paged")
  String paged() {
    throw new Application.PagedException(500);
  }

  @RequestMapping("/paged-status/{code}")
  String pagedStatus(@PathVariable int code) {
    throw new Application.PagedException(code);
  }

  @RequestMapping("/paged-gated")
  String pagedGated() {
    throw new Application.PagedException(Application.GATED);
  }

  @RequestMapping("/short-body")
  void shortBody(HttpServletResponse response) {
    response.setContentLength(100);
    write(response, "short");
  }

  @RequestMapping("/handled")
  String handled() {
    throw new ContractService.ConflictException();
  }

  @RequestMapping("/notes")
  String notes() {
    application.logNotes(TrackedRequest.current());
    return "notes";
  }

  @RequestMapping("/elsewhere")
  String elsewhere(@RequestAttribute(TrackingFilter.REQUEST_ATTRIBUTE) TrackedRequest handle) {
    application.elsewhereAndWait(() -> application.logElsewhere(handle));
    return "elsewhere";
  }

  @RequestMapping({"/attribute", "/openapi.json"})
  String attribute(
      @RequestAttribute(name = TrackingFilter.REQUEST_ATTRIBUTE, required = false)
          TrackedRequest handle) {
    return application.attribute(handle);
  }

  @RequestMapping("/drop")
  String drop() {
    TrackedRequest.current().drop();
    return "hello";
  }

  @RequestMapping("/keep")
  String keep() {
    application.kept(TrackedRequest.current());
    return "hello";
  }

  @RequestMapping("/clear-attributes")
  void clear(HttpServletRequest request, HttpServletResponse response) {
    clearAttributes(request);
    write(response, "hello");
  }

  @RequestMapping({"/handle", "/health"})
  String handle() {
    return application.handle();
  }

  @RequestMapping("/forward")
  ModelAndView forward() {
    return new ModelAndView("forward:/items/7");
  }

  @RequestMapping("/include")
  void include(HttpServletRequest request, HttpServletResponse response)
      throws ServletException, IOException {
    write(response, "including ");
    request.getRequestDispatcher("/items/8").include(request, response);
  }

  @RequestMapping("/stream")
  StreamingResponseBody stream(HttpServletResponse response) {
    return out -> {
      out.write("first".getBytes(UTF_8));
      // Spring 7 does not flush when it is told to by the stream.
      response.flushBuffer();
      application.gate();
      out.write("last".getBytes(UTF_8));
    };
  }

  @RequestMapping("/events")
  SseEmitter events() {
    SseEmitter emitter = new SseEmitter();
    application.elsewhere(
        () -> {
          try {
            emitter.send("first");
            application.gate();
            emitter.send("last");
            emitter.complete();
          } catch (IOException clientWentAway) {
            emitter.completeWithError(clientWentAway);
          }
        });
    return emitter;
  }

  @RequestMapping("/endless")
  void endless(HttpServletResponse response) throws IOException {
    writeEndlessly(response.getOutputStream());
  }

  private static void writeEndlessly(OutputStream out) throws IOException {
    byte[] block = "endless".repeat(10_000).getBytes(UTF_8);
    for (int i = 0; i < 10_000; i++) {
      out.write(block);
      out.flush();
    }
  }

  @RequestMapping("/async-endless")
  StreamingResponseBody asyncEndless() {
    return ContractEndpoints::writeEndlessly;
  }

  @RequestMapping("/endless-events")
  SseEmitter endlessEvents() {
    // Jetty tells nobody but who writes that the client is gone; it has the time-out end it.
    SseEmitter emitter = new SseEmitter(2000L);
    application.elsewhere(
        () -> {
          try {
            for (int i = 0; i < 10_000; i++) {
              emitter.send("endless".repeat(10_000));
            }
            emitter.complete();
          } catch (IOException clientWentAway) {
            // Spring is told by the container.
          }
        });
    return emitter;
  }

  @RequestMapping("/async-stream-fail")
  SseEmitter asyncStreamFail() {
    SseEmitter emitter = new SseEmitter();
    application.elsewhere(
        () -> {
          try {
            emitter.send("first");
            emitter.completeWithError(application.exception());
          } catch (IOException clientWentAway) {
            emitter.completeWithError(clientWentAway);
          }
        });
    return emitter;
  }

  @RequestMapping("/swallow")
  String swallow(HttpServletRequest request) throws IOException {
    application.openGate();
    return String.valueOf(request.getInputStream().readAllBytes().length);
  }

  @RequestMapping("/upgrade")
  void upgrade(HttpServletRequest request, HttpServletResponse response)
      throws ServletException, IOException {
    response.setStatus(101);
    response.setHeader("Upgrade", "test");
    response.setHeader("Connection", "Upgrade");
    request.upgrade(Silent.class);
  }

  @RequestMapping("/async")
  DeferredResult<String> async() {
    TrackedRequest handle = TrackedRequest.current();
    DeferredResult<String> result = new DeferredResult<>();
    application.elsewhere(
        () -> {
          application.logElsewhere(handle);
          result.setResult("async");
        });
    return result;
  }

  @RequestMapping("/async-gated")
  DeferredResult<String> asyncGated() {
    TrackedRequest handle = TrackedRequest.current();
    DeferredResult<String> result = new DeferredResult<>();
    application.kept(handle);
    application.elsewhere(
        () -> {
          application.gate();
          application.logElsewhere(handle);
          result.setResult("async");
        });
    return result;
  }

  @RequestMapping("/async-at-once")
  DeferredResult<String> asyncAtOnce() {
    application.logElsewhere(TrackedRequest.current());
    DeferredResult<String> result = new DeferredResult<>();
    result.setResult("async");
    return result;
  }

  @RequestMapping("/async-dispatch")
  void asyncDispatch(HttpServletRequest request, HttpServletResponse response) {
    request.startAsync().dispatch("/items/9");
  }

  @RequestMapping("/async-dispatch-handle")
  void asyncDispatchHandle(HttpServletRequest request, HttpServletResponse response) {
    dispatchElsewhere(request, "/handle");
  }

  @RequestMapping("/async-dispatch-throw")
  void asyncDispatchThrow(HttpServletRequest request, HttpServletResponse response) {
    dispatchElsewhere(request, "/throw");
  }

  @RequestMapping("/async-twice")
  void asyncTwice(HttpServletRequest request, HttpServletResponse response) {
    dispatchElsewhere(request, "/async");
  }

  @RequestMapping("/async-timeout")
  DeferredResult<String> asyncTimeout() {
    return new DeferredResult<>((long) Application.SHORT_MILLIS);
  }

  @RequestMapping("/async-timeout-handled")
  DeferredResult<ResponseEntity<String>> asyncTimeoutHandled() {
    return new DeferredResult<>(
        (long) Application.SHORT_MILLIS, () -> ResponseEntity.status(503).body("late"));
  }

  @RequestMapping("/async-throw")
  void asyncThrow(HttpServletRequest request, HttpServletResponse response) {
    request.startAsync().setTimeout(Application.SHORT_MILLIS);
    throw application.exception();
  }

  @RequestMapping("/async-status-throw")
  void asyncStatusThrow(HttpServletRequest request, HttpServletResponse response) {
    request.startAsync().setTimeout(Application.SHORT_MILLIS);
    response.setStatus(503);
    throw application.exception();
  }

  @RequestMapping("/async-commit-throw")
  void asyncCommitThrow(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    request.startAsync().setTimeout(Application.SHORT_MILLIS);
    write(response, "partial");
    response.flushBuffer();
    throw application.exception();
  }

  @RequestMapping("/async-worker-throw")
  Callable<String> asyncWorkerThrow() {
    return () -> {
      throw application.exception();
    };
  }

  @RequestMapping("/async-fail")
  DeferredResult<ResponseEntity<String>> asyncFail() {
    DeferredResult<ResponseEntity<String>> result = new DeferredResult<>();
    application.elsewhere(() -> result.setResult(ResponseEntity.status(503).build()));
    return result;
  }

  @RequestMapping("/async-clear-attributes")
  void asyncClearAttributes(HttpServletRequest request, HttpServletResponse response) {
    TrackedRequest handle = TrackedRequest.current();
    clearAttributes(request);
    answerElsewhere(request.startAsync(), handle, "async");
  }

  @RequestMapping("/async-explicit")
  void asyncExplicit(HttpServletRequest request, HttpServletResponse response) {
    // Spring MVC gives handlers a response of its own around the container's.
    ServletResponse original = ((ServletResponseWrapper) response).getResponse();
    AsyncContext context = request.startAsync(request, original);
    answerElsewhere(
        context, TrackedRequest.current(), "original=" + context.hasOriginalRequestAndResponse());
  }

  private void dispatchElsewhere(HttpServletRequest request, String path) {
    AsyncContext context = request.startAsync();
    application.elsewhere(() -> context.dispatch(path));
  }

  private void answerElsewhere(AsyncContext context, TrackedRequest handle, String body) {
    application.elsewhere(
        () -> {
          application.logElsewhere(handle);
          write(context.getResponse(), body);
          context.complete();
        });
  }

  private static void clearAttributes(HttpServletRequest request) {
    Collections.list(request.getAttributeNames()).forEach(request::removeAttribute);
  }

  private static void write(ServletResponse response, String text) {
    try {
      if (!response.isCommitted() && response.getContentType() == null) {
        response.setContentType("text/plain;charset=utf-8");
      }
      response.getOutputStream().write(text.getBytes(UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
