// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;
import static io.runtracker.mlflow.TestEvents.START;
import static io.runtracker.mlflow.TestEvents.request;
import static io.runtracker.testkit.FaultProxy.on;
import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.sink.SinkException;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a run holds, as a real MLflow server reports it. */
@Tag("once")
class MlflowSinkRunTest {

  private static MlflowServer server;
  private static MlflowRuns runs;
  private static MlflowRuns.Experiment experiment;
  private static MlflowSink sink;

  @BeforeAll
  static void start() {
    server = MlflowServer.shared();
    runs = MlflowRuns.of(server);
    experiment = runs.createExperiment("sink");
    sink = sink(server.uri().toString()).build();
  }

  @AfterAll
  static void stop() {
    sink.close();
  }

  private static MlflowSink.Builder sink(String uri) {
    return MlflowSink.builder()
        .environment(NO_ENVIRONMENT)
        .trackingUri(uri)
        .experiment(experiment.name());
  }

  private static RecordedRun write(MlflowSink sink, RequestEvent event) throws Exception {
    String id = sink.create(event);
    sink.complete(id, event);
    assertThat(sink.find(event)).contains(id);
    return runs.run(id);
  }

  @Test
  void aKilledRequestIsAKilledRunWithoutAStatusCode() throws Exception {
    RecordedRun run = write(sink, request("/killed").statusCode(0).killed(true).build());
    assertThat(run.status()).isEqualTo("KILLED");
    assertThat(run.tags()).doesNotContainKeys("http.status_code", "status");
  }

  @Test
  void aPlainRequestBecomesARunWithAllThatIsKnownOfIt() throws Exception {
    RequestEvent event = request("/items/42", "q=a b").route("/items/{id}").statusCode(201).build();

    RecordedRun run = write(sink, event);

    assertThat(run.name()).isEqualTo("GET_/items/42_1790000000");
    assertThat(run.status()).isEqualTo("FINISHED");
    assertThat(run.startTime()).isEqualTo(Instant.ofEpochMilli(START));
    assertThat(run.endTime()).isEqualTo(Instant.ofEpochMilli(START + 12));
    assertThat(run.tags())
        .containsEntry("http.method", "GET")
        .containsEntry("http.url", "http://localhost:8080/items/42?q=a b")
        .containsEntry("http.route", "/items/{id}")
        .containsEntry("http.status_code", "201")
        .containsEntry("runtracker.event_id", event.eventId())
        .containsEntry("mlflow.user", System.getProperty("user.name"))
        .containsEntry("mlflow.source.type", "LOCAL")
        .containsKey("mlflow.source.name")
        .doesNotContainKeys("status", "mlflow.parentRunId");
    assertThat(run.params()).isEmpty();
    assertThat(run.metrics()).containsExactly(Map.entry("duration_ms", 12.345678));
    assertThat(runs.artifacts(run.runId())).isEmpty();
  }

  @Test
  void anExceptionIsAFailedRunWithItsTypeAsParamAndItsMessageAsAnArtifact() throws Exception {
    RequestEvent event =
        request("/boom")
            .statusCode(500)
            .error("java.lang.IllegalStateException", "boom: ünïcode 💥")
            .build();

    RecordedRun run = write(sink, event);

    assertThat(run.status()).isEqualTo("FAILED");
    assertThat(run.tags()).containsEntry("status", "FAILED");
    assertThat(run.params()).containsEntry("error_type", "java.lang.IllegalStateException");
    assertThat(runs.artifacts(run.runId())).containsExactly("error_details.txt");
    assertThat(runs.artifact(run.runId(), "error_details.txt")).isEqualTo("boom: ünïcode 💥");
  }

  @Test
  void theHandlersOwnDataIsInTheRun() throws Exception {
    RequestEvent event =
        request("/predict")
            .name("prediction")
            .tag("model", "m1")
            .tag("empty", "")
            .param("temperature", "0.7")
            .metric(new Metric("score", 0.25, START, 0))
            .metric(new Metric("loss", 2, START, 1))
            .metric(new Metric("loss", 1, START + 1, 2))
            .metric(new Metric("nan", Double.NaN, START, 0))
            .metric(new Metric("more", Double.POSITIVE_INFINITY, START, 0))
            .metric(new Metric("less", Double.NEGATIVE_INFINITY, START, 0))
            .metric(new Metric("early", 1, -5, -7))
            .text("notes/answer.md", "# Yes")
            .text("empty.txt", "")
            .build();

    RecordedRun run = write(sink, event);

    assertThat(run.name()).isEqualTo("prediction");
    assertThat(run.tags()).containsEntry("model", "m1").containsEntry("empty", "");
    assertThat(run.params()).containsExactly(Map.entry("temperature", "0.7"));
    assertThat(run.metrics())
        .containsEntry("score", 0.25)
        .containsEntry("loss", 1.0)
        .containsEntry("nan", Double.NaN)
        .containsEntry("more", Double.MAX_VALUE)
        .containsEntry("less", -Double.MAX_VALUE);
    assertThat(runs.metricHistory(run.runId(), "loss"))
        .extracting(MlflowRuns.MetricPoint::value, MlflowRuns.MetricPoint::step)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(2.0, 1L),
            org.assertj.core.groups.Tuple.tuple(1.0, 2L));
    assertThat(runs.artifacts(run.runId())).containsExactly("empty.txt", "notes/answer.md");
    assertThat(runs.artifact(run.runId(), "notes/answer.md")).isEqualTo("# Yes");
  }

  @Test
  void whatRuntrackerRecordsWinsOverTheHandlersSameKeyAndTheHandlerOverDefaults() throws Exception {
    RequestEvent event =
        request("/fail")
            .statusCode(503)
            .error("E", "ours")
            .tag("http.method", "TRACE")
            .tag("status", "fine")
            .tag("mlflow.user", "the user")
            .tag("mlflow.runName", "by its tag")
            .tag("team", "of the handler")
            .param("error_type", "mine")
            .metric(new Metric("duration_ms", 1, START, 0))
            .text("error_details.txt", "mine")
            .build();
    MlflowSink other =
        sink(server.uri() + "/")
            .environment(
                Map.of(
                    "HOME", "/nonexistent",
                    "MLFLOW_RUN_CONTEXT", "{\"stage\": \"test\", \"team\": \"x\", \"n\": 1}",
                    "MLFLOW_RUN_ID", "0123456789abcdef"))
            .serviceName("shop")
            .tag("build", "17")
            .build();

    RecordedRun run = write(other, event);
    other.close();

    assertThat(run.name()).isEqualTo("by its tag");
    assertThat(run.tags())
        .containsEntry("http.method", "GET")
        .containsEntry("status", "FAILED")
        .containsEntry("mlflow.user", "the user")
        .containsEntry("mlflow.source.name", "shop")
        .containsEntry("team", "of the handler")
        .containsEntry("stage", "test")
        .containsEntry("n", "1")
        .containsEntry("build", "17")
        .containsEntry("mlflow.parentRunId", "0123456789abcdef");
    assertThat(run.params()).containsEntry("error_type", "E");
    assertThat(run.metrics()).containsEntry("duration_ms", 12.345678);
    assertThat(runs.artifact(run.runId(), "error_details.txt")).isEqualTo("ours");
    assertThat(runs.artifact(run.runId(), "error_details_2.txt")).isEqualTo("mine");
  }

  @Test
  void aPlainRunTakesThreeCallsAndTwoWithoutTheDurationMetric() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink three = sink(proxy.uri().toString()).build();
      three.create(request("/a").build());
      int before = proxy.requests().size();
      RequestEvent event = request("/b").build();
      String id = three.create(event);
      three.complete(id, event);
      assertThat(proxy.requests().subList(before, before + 3))
          .extracting(FaultProxy.Request::path)
          .containsExactly(
              "/api/2.0/mlflow/runs/create",
              "/api/2.0/mlflow/runs/log-batch",
              "/api/2.0/mlflow/runs/update");
      assertThat(proxy.requests()).hasSize(before + 3);
      three.close();

      MlflowSink two = sink(proxy.uri().toString()).durationMetric(false).build();
      two.complete(two.create(event), event);
      assertThat(proxy.requests()).hasSize(before + 3 + 1 + 2);
      two.close();
    }
  }

  @Test
  void completingTwiceChangesNothing() throws Exception {
    RequestEvent event =
        request("/twice")
            .param("p", "1")
            .metric(new Metric("m", Double.NaN, START, 0))
            .metric(new Metric("m", 2, START, 0))
            .text("a.txt", "a")
            .build();
    RecordedRun first = write(sink, event);

    sink.complete(first.runId(), event);

    assertThat(runs.run(first.runId())).isEqualTo(first);
    assertThat(runs.metricHistory(first.runId(), "m")).hasSize(2);
    assertThat(runs.search(experiment.id()))
        .filteredOn(run -> event.eventId().equals(run.tags().get("runtracker.event_id")))
        .hasSize(1);
  }

  @Test
  void whenTheServerDoesNotServeArtifactsItsUploadIsUsedAndElseATagHoldsTheText() throws Exception {
    RequestEvent event = request("/boom").statusCode(500).error("E", "what went wrong").build();
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink faulty = sink(proxy.uri().toString()).build();
      proxy.inject(
          on("PUT", "error_details.txt"),
          Fault.answer(503, "disabled ... run `mlflow server` with `--serve-artifacts`"));
      RecordedRun uploaded = write(faulty, event);
      assertThat(runs.artifact(uploaded.runId(), "error_details.txt")).isEqualTo("what went wrong");

      proxy.inject(
          on("POST", "upload-artifact"), Fault.answer(500, "{\"error_code\":\"INTERNAL_ERROR\"}"));
      RequestEvent next = request("/boom").statusCode(500).error("E", "what went wrong").build();
      RecordedRun tagged = write(faulty, next);
      assertThat(tagged.status()).isEqualTo("FAILED");
      assertThat(tagged.tags())
          .containsEntry("error_details.txt", "what went wrong")
          .hasEntrySatisfying(
              "runtracker.artifact_error",
              reason -> assertThat(reason).contains("upload-artifact answered 500"));
      faulty.close();
    }
  }

  @Test
  void ofTwoRunsOfOneRequestTheOneThatWasCompletedIsKept() throws Exception {
    RequestEvent event = request("/created-twice").build();
    sink.create(event);
    String second = sink.create(event);
    sink.complete(second, event);
    assertThat(sink.removeDuplicates(second)).isEqualTo(1);
    assertThat(sink.removeDuplicates(second)).isZero();
    assertThat(runs.search(experiment.id()))
        .filteredOn(run -> run.tags().get("http.url").endsWith("/created-twice"))
        .extracting(RecordedRun::status)
        .containsExactly("FINISHED");
  }

  @Test
  void aRunThatIsCompletedTwiceAtOnceIsNotRefused() throws Exception {
    ExecutorService callers = Executors.newFixedThreadPool(4);
    for (int round = 0; round < 20; round++) {
      RequestEvent event =
          request("/at-once-" + round).param("p", "1").metric(new Metric("m", 1, START, 0)).build();
      String runId = sink.create(event);
      List<Future<?>> calls = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        calls.add(
            callers.submit(
                () -> {
                  sink.complete(runId, event);
                  return null;
                }));
      }
      for (Future<?> call : calls) {
        try {
          call.get();
        } catch (ExecutionException e) {
          assertThat(e.getCause())
              .isInstanceOfSatisfying(
                  SinkException.class,
                  failure -> assertThat(failure.kind()).isNotEqualTo(SinkException.Kind.REFUSED));
        }
      }
    }
    callers.shutdown();
  }

  @Test
  void aRunIsFoundByNamesThatCannotBeQuotedToo() throws Exception {
    for (String name : List.of("it's", "\"both\" 'quotes'", "back\\", "a`b", "%_; --", "日本 語")) {
      write(sink, request("/q").name(name).build());
    }
    assertThat(sink.find(request("/never").build())).isEmpty();
  }

  @Test
  void ofSeveralRunsTheOneThatHasEndedIsFoundAndADeletedOneLast() throws Exception {
    RequestEvent event = request("/twice").build();
    String first = sink.create(event);
    String second = sink.create(event);
    String third = sink.create(event);
    sink.discard(first);
    assertThat(sink.find(event)).get().isIn(second, third);
    sink.complete(second, event);
    assertThat(sink.find(event)).contains(second);
    sink.discard(second);
    sink.discard(third);
    assertThat(sink.find(event)).contains(second); // who deleted it does not want it again
  }
}
