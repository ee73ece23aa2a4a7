// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;

/**
 * The {@link StubServer} of the other process. Asked on the caller's thread: an HTTP client with
 * threads of its own would count among those that are measured.
 */
final class Stub {

  private final ObjectMapper json = new ObjectMapper();
  private final String server;

  Stub(String server) {
    this.server = server;
  }

  String server() {
    return server;
  }

  JsonNode counts() throws IOException {
    return ask("");
  }

  void refuse(boolean refuses) throws IOException {
    ask("?refuse=" + refuses);
  }

  private JsonNode ask(String query) throws IOException {
    URI uri = URI.create(server + "/control" + query);
    HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
    try (InputStream answer = connection.getInputStream()) {
      return json.readTree(answer);
    }
  }
}
