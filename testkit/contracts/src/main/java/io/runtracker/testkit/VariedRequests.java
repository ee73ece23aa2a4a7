// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import io.runtracker.RequestEvent;
import io.runtracker.testkit.Wire.Answer;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Requests of every kind, good and bad, the same ones on every run. */
final class VariedRequests {

  private static final long SEED = 20261122;

  /**
   * Their answers depend on requests before, on the tracking itself, or on who wins a race in the
   * server (Tomcat answers a failed worker, or cuts the connection; a stream may be cut earlier or
   * later); or there is none (Jetty, for {@link Endpoint#THROW_BROKEN} with other methods than
   * GET).
   */
  private static final Set<Endpoint> LEFT_OUT =
      EnumSet.of(
          Endpoint.UNAVAILABLE,
          Endpoint.UNAVAILABLE_FOR_GOOD,
          Endpoint.ENDLESS,
          Endpoint.ASYNC_ENDLESS,
          Endpoint.ASYNC_STREAM_FAIL,
          Endpoint.UPGRADE,
          Endpoint.HANDLE,
          Endpoint.ATTRIBUTE,
          Endpoint.ASYNC_DISPATCH_HANDLE,
          Endpoint.ASYNC_WORKER_THROW,
          Endpoint.THROW_BROKEN,
          Endpoint.ELSEWHERE);

  private static final Set<Endpoint> NOT_RECORDED =
      EnumSet.of(
          Endpoint.SKIPPED, Endpoint.SKIPPED_ATTRIBUTE, Endpoint.SKIPPED_THROW, Endpoint.DROP);

  private static final List<String> METHODS =
      List.of("GET", "GET", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW");

  private static final String HOST = "Host: localhost";

  /** Each with a {@code #} where the mark goes. */
  private static final List<String> BAD =
      List.of(
          raw("GET /hello?n=#&q=%zz HTTP/1.1", HOST),
          raw("GET /hello?n=#&q=%C3%28 HTTP/1.1", HOST),
          raw("GET /it%00ems?n=# HTTP/1.1", HOST),
          raw("GET /a/../../hello?n=# HTTP/1.1", HOST),
          raw("GET /items/%2e%2e/hello?n=# HTTP/1.1", HOST),
          raw("GET /items;v=1/5;w=2?n=# HTTP/1.1", HOST),
          raw("GET //hello?n=# HTTP/1.1", HOST),
          raw("GET /hello?n=# HTTP/1.1"),
          raw("GET /hello?n=# HTTP/1.1", "Host: a b"),
          raw("GET /hello?n=# HTTP/9.9", HOST),
          raw("GET /hello?n=# HTTP/1.0"),
          raw("GET hello?n=# HTTP/1.1", HOST),
          raw("GET http://localhost/hello?n=# HTTP/1.1", HOST),
          raw("POST /echo?n=# HTTP/1.1", HOST, "Content-Length: x"),
          raw("POST /echo?n=# HTTP/1.1", HOST, "Transfer-Encoding: chunked") + "nonsense\r\n\r\n",
          "nonsense # \r\n\r\n");

  private VariedRequests() {}

  private static String raw(String requestLine, String... headers) {
    List<String> lines = new ArrayList<>();
    lines.add(requestLine);
    lines.addAll(List.of(headers));
    lines.add("Connection: close");
    return String.join("\r\n", lines) + "\r\n\r\n";
  }

  /**
   * A request.
   *
   * @param mark what tells it from all others, in its query
   * @param text as it goes over the wire
   * @param isRecorded whether there must be an event of it
   */
  record Varied(String mark, String text, boolean isRecorded, boolean aborts) {

    /** The answer, without what may differ: the date, the port, and the order of headers. */
    String answeredBy(int port) throws IOException {
      try (Wire wire = new Wire(port)) {
        wire.write(text);
        if (aborts) {
          wire.reset();
          return "aborted";
        }
        Answer answer = Answer.parse(readToEnd(wire));
        String head =
            answer
                .head()
                .lines()
                .filter(line -> !line.toLowerCase(Locale.ROOT).startsWith("date:"))
                .collect(Collectors.joining("\n"));
        return (head + "\n\n" + answer.body()).replace(":" + port, ":port");
      }
    }

    private String readToEnd(Wire wire) throws IOException {
      try {
        return wire.readToEnd();
      } catch (SocketTimeoutException e) {
        throw new IOException("No answer to " + text, e);
      }
    }

    @Override
    public String toString() {
      return text;
    }
  }

  static List<Varied> of(int count, Predicate<Endpoint> present) {
    List<Endpoint> endpoints =
        EnumSet.complementOf(EnumSet.copyOf(LEFT_OUT)).stream().filter(present).toList();
    Random random = new Random(SEED);
    List<Varied> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String mark = "m" + i;
      if (i % 8 == 7) {
        String bad = BAD.get(random.nextInt(BAD.size()));
        requests.add(new Varied(mark, bad.replace("#", mark), false, false));
      } else {
        Endpoint endpoint = endpoints.get(i % endpoints.size());
        // Time-outs take Tomcat a second each.
        boolean tooSlow = endpoint.name().contains("TIMEOUT") && i > 150;
        requests.add(good(mark, tooSlow ? Endpoint.HELLO : endpoint, random));
      }
    }
    return requests;
  }

  private static Varied good(String mark, Endpoint endpoint, Random random) {
    String method = METHODS.get(random.nextInt(METHODS.size()));
    int[] statuses = {200, 201, 202, 301, 400, 401, 404, 409, 429, 500, 503};
    boolean byStatus =
        endpoint == Endpoint.STATUS
            || endpoint == Endpoint.SEND_ERROR
            || endpoint == Endpoint.ERROR_PAGE_STATUS;
    Object variable =
        endpoint == Endpoint.THROW_IN
            ? "execution"
            : byStatus ? statuses[random.nextInt(statuses.length)] : random.nextInt(1000);
    String body =
        method.equals("POST") || method.equals("PUT") ? "x".repeat(random.nextInt(5000)) : "";
    String text =
        Wire.request(
            method,
            endpoint.path(variable) + "?n=" + mark,
            "Connection: close\r\nAccept: */*\r\n",
            body);
    // An abort this early may be seen by the server before it looks at the request at all.
    boolean aborts = random.nextInt(40) == 0;
    return new Varied(mark, text, !NOT_RECORDED.contains(endpoint) && !aborts, aborts);
  }

  static String markOf(RequestEvent event) {
    String query = String.valueOf(event.target().query());
    return query.replaceFirst("^n=(m\\d+).*$", "$1");
  }
}
