// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

/**
 * What a service under the {@link AdapterContract} serves. Each framework implements these in its
 * own way, with the {@link Application} at hand; "the handle" is {@code TrackedRequest.current()}.
 * Every endpoint takes every method. Bodies are {@code text/plain} in UTF-8.
 */
public enum Endpoint {
  /** Answers 200 with {@code hello}. */
  HELLO("/hello"),
  /** Logs the param {@code item} with the id by the handle, and answers 200 with the id. */
  ITEM("/items/{id}"),
  /** Answers 200 with {@code root}, as the handler of just that path. */
  ROOT("/"),
  /** Answers a GET with {@code plain}, and leaves OPTIONS to the framework. */
  PLAIN("/plain"),
  /** Answers 200 with the body of the request. */
  ECHO("/echo"),
  /** Sets the status in the path; the body is {@code status}. */
  STATUS("/status/{code}"),
  /**
   * Ends with the status in the path by the framework's way to report errors. For {@link
   * Application#PAGED_STATUS} there is an error page, which answers 403 with {@code sorry}.
   */
  SEND_ERROR("/send-error/{code}"),
  /** Answers 302 with the location {@code /hello}. */
  REDIRECT("/redirect"),

  /** Throws what {@link Application#exception()} gives. */
  THROW("/throw"),
  /** Throws it in the wrapper the framework uses for that. */
  THROW_WRAPPED("/throw-wrapped"),
  /** Throws it in what {@link Application#wrapped} puts it in. */
  THROW_IN("/throw-in/{wrapper}"),
  /** Throws an {@link java.io.EOFException} with the message {@code cut}, as of a file. */
  THROW_EOF("/throw-eof"),
  /** Throws an {@link AssertionError} with the message {@code error}. */
  THROW_ERROR("/throw-error"),
  /** Throws an exception whose {@code getMessage()} throws. */
  THROW_BROKEN("/throw-broken"),
  /** Sets the status 503, then throws as {@link #THROW}. */
  STATUS_THEN_THROW("/status-then-throw"),
  /** Sends the status 200 and {@code partial}, then throws as {@link #THROW}. */
  COMMIT_THEN_THROW("/commit-then-throw"),
  /** Throws the framework's exception for "temporarily unavailable". */
  UNAVAILABLE("/unavailable"),
  /** Throws the framework's exception for "gone for good". */
  UNAVAILABLE_FOR_GOOD("/unavailable-for-good"),
  /**
   * Gives its route by hand, then throws {@link Application.PagedException}, for which an error
   * page is registered that has a route of its own, status 500 and the body {@code sorry}.
   */
  ERROR_PAGE("/paged"),
  /** The same, but its error page answers with the status in the path. */
  ERROR_PAGE_STATUS("/paged-status/{code}"),
  /** The same with 500, and its error page waits for the gate. */
  ERROR_PAGE_GATED("/paged-gated"),
  /** Throws an exception that the framework itself maps to 409. */
  HANDLED("/handled"),

  /** Logs one of everything by the handle, see {@link Application#logNotes}. */
  NOTES("/notes"),
  /** Takes the handle from the request's attributes, and has another thread log with it. */
  ELSEWHERE("/elsewhere"),
  /** Calls {@code drop()} on the handle and answers as {@link #HELLO}. */
  DROP("/drop"),
  /** Leaves the handle in {@link Application#kept} and answers as {@link #HELLO}. */
  KEEP("/keep"),
  /** Removes every attribute of the request that can be removed, then answers as HELLO. */
  CLEAR_ATTRIBUTES("/clear-attributes"),
  /** Answers with {@link Application#handle()}. */
  HANDLE("/handle"),
  /** As {@link #HANDLE}, but a path that is skipped by default. */
  SKIPPED("/health"),
  /** Answers with {@link Application#attribute}, given the request's attribute. */
  ATTRIBUTE("/attribute"),
  /** The same on a skipped path. */
  SKIPPED_ATTRIBUTE("/openapi.json"),
  /** As {@link #THROW}, but on a skipped path. */
  SKIPPED_THROW("/docs"),
  /**
   * Never reached: what runs before handlers (a filter, an interceptor) tags the handle with {@code
   * guard=seen} and answers 401.
   */
  GUARDED("/guarded"),
  /** Forwards within the server to {@code /items/7}. */
  FORWARD("/forward"),
  /** Includes {@code /items/8} in its own answer, which begins with {@code including }. */
  INCLUDE("/include"),

  /** Sends {@code first}, waits for the {@link Application#gate()}, sends {@code last}. */
  STREAM("/stream"),
  /** The same as server-sent events, from another thread. */
  EVENTS("/events"),
  /** Says that its body is 100 bytes long, and sends {@code short}. */
  SHORT_BODY("/short-body"),
  /** Writes until that fails, which lets the exception out. */
  ENDLESS("/endless"),
  /** Opens the gate, reads the whole body, and lets an exception out. */
  SWALLOW("/swallow"),
  /** Switches protocols: 101. */
  UPGRADE("/upgrade"),

  /** Another thread logs the metric {@code elsewhere} and answers {@code async}. */
  ASYNC("/async"),
  /** As {@link #ASYNC}, but the other thread waits for the gate before it answers. */
  ASYNC_GATED("/async-gated"),
  /** Goes asynchronous and answers from within the handler, before it returns. */
  ASYNC_AT_ONCE("/async-at-once"),
  /** Sends the request through the server again, to {@code /items/9}, before it returns. */
  ASYNC_DISPATCH("/async-dispatch"),
  /** Another thread does the same, to {@code /handle}. */
  ASYNC_DISPATCH_HANDLE("/async-dispatch-handle"),
  /** The same, to {@code /throw}. */
  ASYNC_DISPATCH_THROW("/async-dispatch-throw"),
  /** The same, to {@code /async}. */
  ASYNC_TWICE("/async-twice"),
  /** Goes asynchronous with a short time-out and does nothing more. */
  ASYNC_TIMEOUT("/async-timeout"),
  /** The same, and answers 503 with {@code late} when the time-out comes. */
  ASYNC_TIMEOUT_HANDLED("/async-timeout-handled"),
  /** Goes asynchronous, then throws as {@link #THROW} before the handler returns. */
  ASYNC_THROW("/async-throw"),
  /** The same after setting the status 503. */
  ASYNC_STATUS_THROW("/async-status-throw"),
  /** The same after sending the status 200 and {@code partial}. */
  ASYNC_COMMIT_THROW("/async-commit-throw"),
  /** Fails on a thread that the framework provides for asynchronous work. */
  ASYNC_WORKER_THROW("/async-worker-throw"),
  /** Another thread sends 200 and {@code first}, then fails as {@link #THROW}. */
  ASYNC_STREAM_FAIL("/async-stream-fail"),
  /** Another thread writes until that fails, and then ends the request. */
  ASYNC_ENDLESS("/async-endless"),
  /** Another thread ends the request with the status 503. */
  ASYNC_FAIL("/async-fail"),
  /** As {@link #ASYNC}, with every attribute of the request removed. */
  ASYNC_CLEAR_ATTRIBUTES("/async-clear-attributes"),
  /**
   * As {@link #ASYNC}, with the request and response handed over explicitly; the body says whether
   * the framework takes them for its own: {@code original=true}.
   */
  ASYNC_EXPLICIT("/async-explicit");

  private final String template;

  Endpoint(String template) {
    this.template = template;
  }

  /** The path, with its variable in braces. */
  public String template() {
    return template;
  }

  /** The path with a value in place of its variable. */
  public String path(Object variable) {
    return template.replaceFirst("\\{\\w+}", String.valueOf(variable));
  }
}
