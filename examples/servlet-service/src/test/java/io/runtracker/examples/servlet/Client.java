// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.servlet;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Sends requests to a service over as many connections as a test asks for. */
final class Client implements AutoCloseable {

  /** A request, and the status it must be answered with. */
  record Call(String method, String path, String body, int status) {
    static Call get(String path, int status) {
      return new Call("GET", path, "", status);
    }

    String pathWithoutQuery() {
      int query = path.indexOf('?');
      return query < 0 ? path : path.substring(0, query);
    }
  }

  /** What came back. */
  record Answer(int status, String body) {}

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final ExecutorService connections;
  private final URI base;

  Client(int port, int connections) {
    this.base = URI.create("http://127.0.0.1:" + port);
    this.connections = Executors.newFixedThreadPool(connections);
  }

  Answer send(Call call) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(base.resolve(call.path()))
            .timeout(Duration.ofSeconds(30))
            .method(call.method(), HttpRequest.BodyPublishers.ofString(call.body()))
            .build();
    HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
    return new Answer(response.statusCode(), response.body());
  }

  /** All calls, as many at a time as there are connections; the answers in their order. */
  List<Answer> sendAll(List<Call> calls) throws Exception {
    List<Callable<Answer>> work = calls.stream().<Callable<Answer>>map(c -> () -> send(c)).toList();
    List<Answer> answers = new java.util.ArrayList<>();
    for (Future<Answer> answer : connections.invokeAll(work)) {
      answers.add(answer.get());
    }
    return answers;
  }

  @Override
  public void close() {
    connections.shutdownNow();
  }
}
