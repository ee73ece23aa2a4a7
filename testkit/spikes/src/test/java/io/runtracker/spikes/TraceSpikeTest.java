// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spikes;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.DropReason;
import io.runtracker.Ledger;
import io.runtracker.Tracker;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Batches of traces go to a real MLflow, each trace once, although answers are lost. */
@Tag("once")
class TraceSpikeTest {

  private static final int REQUESTS = 200;
  private static final Pattern TRACE = Pattern.compile("\"trace_id\": *\"(tr-[0-9a-f]+)\"");
  private static final Pattern NEXT = Pattern.compile("\"next_page_token\": *\"([^\"]+)\"");

  private final URI server = MlflowServer.shared().uri();
  private final String experiment = MlflowRuns.at(server).createExperiment("traces").id();

  @Test
  @Timeout(120)
  void each_request_is_a_trace_once_and_one_that_mlflow_refuses_is_set_aside() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server);
        Tracker tracker = Service.tracker(new TraceSink(proxy.uri(), experiment))) {
      proxy.inject(3, FaultProxy.on("POST", "/v1/traces"), Fault.cutReply());
      for (int i = 0; i < REQUESTS; i++) {
        Service.serve(tracker, "/" + i, i % 10 == 0 ? 500 : 200);
      }
      Service.serve(tracker, "/" + "a name that is too long for a trace".repeat(200), 200);
      int others = 0;
      while (tracker.stats().ledger().droppedTotal() == 0) {
        Service.serve(
            tracker, "/other/" + others++, 200); // only if others pass it is its own fault
        tracker.flush(Duration.ofMillis(200));
      }
      Ledger ledger = tracker.flush(Service.LONG);
      assertThat(ledger.dropped()).isEqualTo(Map.of(DropReason.REFUSED, 1L));
      assertThat(ledger.delivered()).isEqualTo(REQUESTS + others);
      assertThat(traces()).doesNotHaveDuplicates().hasSize(REQUESTS + others);
    }
  }

  private List<String> traces() throws IOException, InterruptedException {
    List<String> found = new ArrayList<>();
    String page = "";
    do {
      String body = search(page);
      TRACE.matcher(body).results().forEach(match -> found.add(match.group(1)));
      Matcher next = NEXT.matcher(body);
      page = next.find() ? next.group(1) : "";
    } while (!page.isEmpty());
    return found;
  }

  private String search(String page) throws IOException, InterruptedException {
    String asked =
        "{\"locations\":[{\"type\":\"MLFLOW_EXPERIMENT\",\"mlflow_experiment\":{\"experiment_id\":\""
            + experiment
            + "\"}}],\"max_results\":100,\"page_token\":\""
            + page
            + "\"}";
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(server.resolve("/api/3.0/mlflow/traces/search"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(asked))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.body();
  }
}
