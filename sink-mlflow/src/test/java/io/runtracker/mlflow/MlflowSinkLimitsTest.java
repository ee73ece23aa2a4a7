// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;
import static io.runtracker.mlflow.TestEvents.START;
import static io.runtracker.mlflow.TestEvents.request;
import static io.runtracker.testkit.FaultProxy.on;
import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Runs that hold more than MLflow takes in one call or one value. */
@Tag("once")
class MlflowSinkLimitsTest {

  private final MlflowServer server = MlflowServer.shared();
  private final FaultProxy proxy = FaultProxy.inFrontOf(server.uri());
  private final MlflowRuns runs = MlflowRuns.of(server);
  private final MlflowSink sink =
      MlflowSink.builder()
          .environment(NO_ENVIRONMENT)
          .trackingUri(proxy.uri().toString())
          .experimentId(runs.createExperiment("limits").id())
          .build();

  @AfterEach
  void close() {
    sink.close();
    proxy.close();
  }

  private RecordedRun write(RequestEvent event) throws Exception {
    String id = sink.create(event);
    sink.complete(id, event);
    return runs.run(id);
  }

  @Test
  void paramsMetricsAndTagsAreSplitOverCallsAndAllArrive() throws Exception {
    RequestEvent.Builder event = request("/many");
    for (int i = 0; i < 250; i++) {
      event.param("p" + i, "value " + i);
    }
    for (int i = 0; i < 150; i++) {
      event.tag("t" + i, "value " + i);
    }
    for (int i = 0; i < 2_500; i++) {
      event.metric(new Metric("m" + i % 50, i, START + i, i / 50));
    }

    RecordedRun run = write(event.build());

    assertThat(run.params()).hasSize(250).containsEntry("p249", "value 249");
    assertThat(run.tags()).containsEntry("t0", "value 0").containsEntry("t149", "value 149");
    assertThat(run.tags().keySet()).filteredOn(key -> key.matches("t\\d+")).hasSize(150);
    assertThat(run.metrics()).hasSize(51).containsEntry("m49", 2499.0);
    assertThat(runs.metricHistory(run.runId(), "m7")).hasSize(50);
    assertThat(proxy.count(on("POST", "log-batch"))).isEqualTo(5);
  }

  @Test
  void longValuesAreCutWithAMarkAndTextsOfAMegabyteAreNot() throws Exception {
    String megabyte = "x".repeat(1 << 20);
    String emoji = "💥".repeat(1 << 19);
    RequestEvent event =
        request("/" + megabyte)
            .name(emoji)
            .statusCode(500)
            .error(megabyte, megabyte)
            .tag("t", megabyte)
            .tag("emoji", emoji)
            .tag("k".repeat(300), "a")
            .tag("k".repeat(301), "b")
            .param("p", megabyte)
            .param("q", "y".repeat(6_000))
            .text("big.txt", emoji)
            .text("bigger.txt", megabyte + "!")
            .build();

    RecordedRun run = write(event);

    assertThat(run.name()).startsWith("💥💥").endsWith("… [cut from 1048576 characters]");
    assertThat(run.name().length()).isBetween(248, 250);
    assertThat(run.tags().get("t")).hasSize(8_000).endsWith("… [cut from 1048576 characters]");
    assertThat(run.tags().get("emoji").length()).isBetween(7_998, 8_000);
    assertThat(run.tags().get("emoji")).doesNotContain("\uFFFD", "?");
    assertThat(run.tags().get("http.url")).hasSize(8_000);
    assertThat(run.tags()).containsEntry("k".repeat(250), "a");
    assertThat(run.tags()).containsEntry("k".repeat(248) + "_2", "b");
    assertThat(run.params().get("p")).hasSize(6_000).endsWith("characters]");
    assertThat(run.params()).containsEntry("q", "y".repeat(6_000));
    assertThat(runs.artifact(run.runId(), "error_details.txt")).isEqualTo(megabyte);
    assertThat(runs.artifact(run.runId(), "big.txt")).isEqualTo(emoji);
    assertThat(runs.artifact(run.runId(), "bigger.txt"))
        .hasSize(1 << 20)
        .endsWith("… [cut from 1048577 characters]");
    assertThat(sink.find(event)).contains(run.runId());
  }

  @Test
  void aHundredLongTagsAndParamsArriveInCallsOfLessThanAMegabyte() throws Exception {
    proxy.injectAbove(1_000_000, Fault.answer(413, "too large"));
    RequestEvent.Builder event = request("/wide");
    for (int i = 0; i < 150; i++) {
      event.param("p" + i, "日".repeat(6_000)).tag("t" + i, "\u0001<日".repeat(2_600));
    }
    RecordedRun run = write(event.build());
    assertThat(run.params()).hasSize(150).containsEntry("p149", "日".repeat(6_000));
    assertThat(run.tags()).containsEntry("t149", "\u0001<日".repeat(2_600));
  }
}
