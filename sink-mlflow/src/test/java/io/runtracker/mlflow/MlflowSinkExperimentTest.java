// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;
import static io.runtracker.mlflow.TestEvents.request;
import static io.runtracker.testkit.FaultProxy.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runtracker.RequestEvent;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How the experiment is found, created and missed. */
@Timeout(120)
@Tag("once")
class MlflowSinkExperimentTest {

  private final MlflowServer server = MlflowServer.shared();
  private final MlflowRuns runs = MlflowRuns.of(server);
  private final String name = "experiment ü/%&+ " + UUID.randomUUID();

  private MlflowSink sink(URI uri) {
    return MlflowSink.builder()
        .environment(NO_ENVIRONMENT)
        .trackingUri(uri.toString())
        .experiment(name)
        .build();
  }

  private void change(String call, String id) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(server.uri().resolve("/api/2.0/mlflow/experiments/" + call))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{\"experiment_id\":\"" + id + "\"}"))
            .build();
    assertThat(
            HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .build()
                .send(request, HttpResponse.BodyHandlers.ofString())
                .statusCode())
        .isEqualTo(200);
  }

  private List<String> createAtOnce(List<MlflowSink> sinks) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(sinks.size());
    CyclicBarrier start = new CyclicBarrier(sinks.size());
    List<Future<String>> created = new ArrayList<>();
    for (MlflowSink sink : sinks) {
      created.add(
          threads.submit(
              () -> {
                start.await();
                return sink.create(request("/race").build());
              }));
    }
    List<String> ids = new ArrayList<>();
    for (Future<String> id : created) {
      ids.add(id.get());
    }
    threads.shutdown();
    return ids;
  }

  @Test
  void eightThreadsOfOneSinkCreateItOnceAndAskForItOnce() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri());
        MlflowSink sink = sink(proxy.uri())) {
      List<String> ids = createAtOnce(List.of(sink, sink, sink, sink, sink, sink, sink, sink));

      assertThat(new HashSet<>(ids)).hasSize(8);
      assertThat(runs.search(runs.experimentId(name).orElseThrow())).hasSize(8);
      assertThat(proxy.count(on("GET", "experiments/get-by-name"))).isEqualTo(1);
      assertThat(proxy.count(on("POST", "experiments/create"))).isEqualTo(1);
    }
  }

  @Test
  void eightProcessesThatRaceForItAllUseTheSame() throws Exception {
    List<MlflowSink> sinks = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      sinks.add(sink(server.uri()));
    }
    createAtOnce(sinks);
    assertThat(runs.search(runs.experimentId(name).orElseThrow())).hasSize(8);
    sinks.forEach(MlflowSink::close);
  }

  @Test
  void aDeletedExperimentIsTheServersMatterAndRunsGoOnOnceItIsRestored() throws Exception {
    try (MlflowSink sink = sink(server.uri())) {
      sink.create(request("/before").build());
      String id = runs.experimentId(name).orElseThrow();
      change("delete", id);
      RequestEvent event = request("/deleted").build();
      for (int i = 0; i < 2; i++) {
        SinkException failure = catchThrowableOfType(SinkException.class, () -> sink.create(event));
        assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
        assertThat(failure.getMessage())
            .contains("is deleted", "mlflow experiments restore --experiment-id " + id);
      }
      change("restore", id);
      assertThat(runs.run(sink.create(event)).name()).startsWith("GET_/deleted");
    }
  }

  @Test
  void anExperimentIdThatDoesNotExistIsUnavailableAndNamed() {
    try (MlflowSink sink =
        MlflowSink.builder()
            .environment(NO_ENVIRONMENT)
            .trackingUri(server.uri().toString())
            .experimentId("987654321")
            .build()) {
      SinkException failure =
          catchThrowableOfType(SinkException.class, () -> sink.create(request("/x").build()));
      assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
      assertThat(failure.getMessage()).contains("experiment 987654321 does not exist");
    }
  }

  @Test
  void aFailedLookupLosesNothingAndIsTriedAgain() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri());
        MlflowSink sink = sink(proxy.uri())) {
      RequestEvent event = request("/later").build();
      proxy.inject(1, on("GET", "experiments/get-by-name"), Fault.answer(500, "oops"));
      proxy.inject(1, on("POST", "experiments/create"), Fault.cutReply());
      for (int i = 0; i < 2; i++) {
        SinkException failure = catchThrowableOfType(SinkException.class, () -> sink.create(event));
        assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
        assertThat(failure.getMessage()).startsWith("the experiment cannot be had: ");
      }
      assertThat(runs.run(sink.create(event)).name()).startsWith("GET_/later");
    }
  }

  @Test
  void withoutASettingRunsGoToTheDefaultExperiment() throws Exception {
    try (MlflowSink sink =
        MlflowSink.builder()
            .environment(NO_ENVIRONMENT)
            .trackingUri(server.uri().toString())
            .build()) {
      RequestEvent event = request("/default").build();
      String id = sink.create(event);
      assertThat(runs.search("0")).anySatisfy(run -> assertThat(run.runId()).isEqualTo(id));
    }
  }
}
