// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.START;
import static io.runtracker.mlflow.TestEvents.request;
import static io.runtracker.testkit.FaultProxy.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runtracker.DropReason;
import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.internal.event.EventBytes;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the run of a window holds, as a real MLflow server reports it. */
@Tag("once")
class MlflowSinkWindowTest {

  private static final JsonMapper JSON = new JsonMapper();
  private static final String LINES = "requests.jsonl";
  private static final String TABLE = "highlights.json";

  /** 2026-09-21T14:13:20.123Z, in milliseconds since midnight. */
  private static final long START_OF_DAY = START % 86_400_000;

  private static MlflowServer server;
  private static MlflowRuns runs;

  private MlflowRuns.Experiment experiment;
  private MlflowSink sink;

  @BeforeAll
  static void start() {
    server = MlflowServer.shared();
    runs = MlflowRuns.of(server);
  }

  @BeforeEach
  void open() {
    experiment = runs.createExperiment("windows");
    sink = sink(server.uri().toString()).build();
  }

  @AfterAll
  static void stop() {
    SINKS.forEach(MlflowSink::close);
  }

  private static final List<MlflowSink> SINKS = new ArrayList<>();

  private MlflowSink.Builder sink(String uri) {
    return MlflowSink.builder()
        .environment(Map.of("HOME", "/nonexistent", "HOSTNAME", "web-1"))
        .trackingUri(uri)
        .serviceName("orders")
        .experiment(experiment.name());
  }

  private static RecordedRun write(MlflowSink sink, TestWindow window) throws Exception {
    SINKS.add(sink);
    String id = window.create(sink);
    window.complete(sink, id);
    assertThat(sink.find(window.header())).contains(id);
    return runs.run(id);
  }

  private static List<Map<String, JsonNode>> rows(RecordedRun run) throws Exception {
    List<Map<String, JsonNode>> rows = new ArrayList<>();
    for (String line : runs.artifact(run.runId(), LINES).split("\n")) {
      rows.add(JSON.readValue(line, new TypeReference<>() {}));
    }
    return rows;
  }

  private static JsonNode table(RecordedRun run) throws Exception {
    return JSON.readTree(runs.artifact(run.runId(), TABLE));
  }

  private List<RecordedRun> ofKind(String kind) {
    return runs.search(experiment.id()).stream()
        .filter(run -> kind.equals(run.tags().get("runtracker.kind")))
        .toList();
  }

  private RecordedRun day() {
    assertThat(ofKind("day")).hasSize(1);
    return ofKind("day").get(0);
  }

  @Test
  void aWindowIsOneRunNamedAfterServiceAndSpan() throws Exception {
    TestWindow window =
        TestWindow.of(
            List.of(
                request("/a").timing(START, 12_000_000).build(),
                request("/b").timing(START + 9_000, 1_000_000_000).statusCode(500).build()),
            Map.of(DropReason.RING_FULL, 3L, DropReason.QUEUE_FULL, 1L));

    RecordedRun run = write(sink, window);

    assertThat(run.name()).isEqualTo("14:13:20..14:13:30Z 2026-09-21 orders");
    assertThat(run.startTime()).isEqualTo(Instant.ofEpochMilli(START));
    assertThat(run.endTime()).isEqualTo(Instant.ofEpochMilli(START + 10_000));
    assertThat(run.status()).isEqualTo("FINISHED");
    assertThat(run.tags())
        .containsEntry("runtracker.event_id", window.header().windowId())
        .containsEntry("runtracker.kind", "window")
        .containsEntry("runtracker.window.start", "2026-09-21T14:13:20.123Z")
        .containsEntry("runtracker.window.end", "2026-09-21T14:13:30.123Z")
        .containsEntry("runtracker.window.requests", "2")
        .containsEntry("runtracker.window.failures", "1")
        .containsEntry("runtracker.window.dropped.RING_FULL", "3")
        .containsEntry("runtracker.window.dropped.QUEUE_FULL", "1")
        .containsEntry("mlflow.source.name", "orders")
        .containsEntry(
            "mlflow.loggedArtifacts", "[{\"path\": \"highlights.json\", \"type\": \"table\"}]")
        .doesNotContainKeys("status", "runtracker.artifact_error");
    assertThat(run.tags().get("mlflow.note.content")).contains("`requests.jsonl`");
    assertThat(runs.artifacts(run.runId())).containsExactlyInAnyOrder(LINES, TABLE);
  }

  @Test
  void aLongNameOfAServiceCutsNeitherTimeNorDate() throws Exception {
    try (MlflowSink verbose = sink(server.uri().toString()).serviceName("o".repeat(300)).build()) {
      RecordedRun run = write(verbose, TestWindow.of(request("/a").timing(START, 12_000_000)));
      assertThat(run.name())
          .startsWith("14:13:20..14:13:20Z 2026-09-21 ooo")
          .hasSizeLessThanOrEqualTo(250);
    }
  }

  @Test
  void aWindowOverMidnightNamesBothDays() throws Exception {
    long beforeMidnight = START - START_OF_DAY + 86_399_000;
    RecordedRun run =
        write(sink, TestWindow.of(request("/a").timing(beforeMidnight, 2_000_000_000L)));
    assertThat(run.name()).isEqualTo("23:59:59..2026-09-22T00:00:01Z 2026-09-21 orders");
    assertThat(day().tags()).containsEntry("runtracker.day", "2026-09-22");
    assertThat(runs.metricHistory(day().runId(), "all/count"))
        .extracting(MlflowRuns.MetricPoint::step)
        .containsExactly(1_000L);
  }

  @Test
  void eachRequestIsALineOfTheFile() throws Exception {
    RequestEvent plain = request("/items/42", "q=a b").route("/items/{id}").build();
    RequestEvent failed =
        request("/boom")
            .timing(START + 7, 1_500_000)
            .statusCode(500)
            .error("java.lang.IllegalStateException", "ünïcode 💥")
            .build();

    List<Map<String, JsonNode>> rows = rows(write(sink, TestWindow.of(List.of(plain, failed))));

    assertThat(rows).hasSize(2);
    assertThat(rows.get(0))
        .containsEntry("event_id", JSON.valueToTree(plain.eventId()))
        .containsEntry("name", JSON.nullNode())
        .containsEntry("start_time", JSON.valueToTree("2026-09-21T14:13:20.123Z"))
        .containsEntry("method", JSON.valueToTree("GET"))
        .containsEntry("url", JSON.valueToTree("http://localhost:8080/items/42?q=a b"))
        .containsEntry("route", JSON.valueToTree("/items/{id}"))
        .containsEntry("status_code", JSON.valueToTree(200))
        .containsEntry("status", JSON.valueToTree("FINISHED"))
        .containsEntry("duration_ms", JSON.valueToTree(12.345678))
        .containsEntry("error_type", JSON.nullNode())
        .containsEntry("error_details", JSON.nullNode())
        .containsEntry("tags", JSON.createObjectNode())
        .containsEntry("params", JSON.createObjectNode())
        .containsEntry("metrics", JSON.createObjectNode())
        .containsEntry("metric_history", JSON.createArrayNode())
        .containsEntry("texts", JSON.createObjectNode());
    assertThat(rows.get(1))
        .containsEntry("start_time", JSON.valueToTree("2026-09-21T14:13:20.130Z"))
        .doesNotContainKeys("route", "tags", "params", "metrics", "metric_history", "texts", "name")
        .containsEntry("status_code", JSON.valueToTree(500))
        .containsEntry("status", JSON.valueToTree("FAILED"))
        .containsEntry("error_type", JSON.valueToTree("java.lang.IllegalStateException"))
        .containsEntry("error_details", JSON.valueToTree("ünïcode 💥"));
  }

  @Test
  void whatAHandlerLoggedIsInItsRow() throws Exception {
    RequestEvent event =
        request("/predict")
            .name("prediction")
            .tag("model", "m1")
            .param("temperature", "0.7")
            .metric(new Metric("score", 0.25, START, 0))
            .metric(new Metric("nan", Double.NaN, START, 0))
            .metric(new Metric("less", Double.NEGATIVE_INFINITY, START, 0))
            .text("answer.md", "# Yes")
            .build();

    Map<String, JsonNode> row = rows(write(sink, TestWindow.of(List.of(event)))).get(0);

    assertThat(row)
        .containsEntry("name", JSON.valueToTree("prediction"))
        .containsEntry("tags", JSON.readTree("{\"model\": \"m1\"}"))
        .containsEntry("params", JSON.readTree("{\"temperature\": \"0.7\"}"))
        .containsEntry(
            "metrics",
            JSON.readTree("{\"score\": 0.25, \"nan\": \"NaN\", \"less\": \"-Infinity\"}"))
        .containsEntry("metric_history", JSON.readTree("[]"))
        .containsEntry("texts", JSON.readTree("{\"answer.md\": \"# Yes\"}"));
  }

  @Test
  void aMetricOfSeveralStepsKeepsThemAll() throws Exception {
    RequestEvent event =
        request("/train")
            .metric(new Metric("loss", 1, START + 1, 2))
            .metric(new Metric("loss", 2, START, 1))
            .build();

    Map<String, JsonNode> row = rows(write(sink, TestWindow.of(List.of(event)))).get(0);

    assertThat(row)
        .containsEntry("metrics", JSON.readTree("{\"loss\": 1.0}"))
        .containsEntry(
            "metric_history",
            JSON.readTree(
                "[[\"loss\", 1.0, %d, 2], [\"loss\", 2.0, %d, 1]]".formatted(START + 1, START)));
  }

  @Test
  void nulLoneSurrogatesAndControlCharactersDoNotSpoilTheFile() throws Exception {
    RequestEvent event =
        request("/nul\u0000path\ud800")
            .error("E\u0000", "quote\" back\\ line\n\u2028\u001b")
            .tag("k\u0000\udc00", "v\ud83d")
            .build();

    Map<String, JsonNode> row = rows(write(sink, TestWindow.of(List.of(event)))).get(0);

    assertThat(row)
        .containsEntry("url", JSON.valueToTree("http://localhost:8080/nul\uFFFDpath\uFFFD"))
        .containsEntry("error_type", JSON.valueToTree("E\uFFFD"))
        .containsEntry("error_details", JSON.valueToTree("quote\" back\\ line\n\u2028\u001b"))
        .containsEntry("tags", JSON.valueToTree(Map.of("k\uFFFD\uFFFD", "v\uFFFD")));
  }

  @Test
  void aWindowHasItsMetricsAtItsEnd() throws Exception {
    List<RequestEvent> events = new ArrayList<>();
    for (int i = 1; i <= 100; i++) {
      events.add(
          request("/items/" + i)
              .route("/items/{id}")
              .timing(START + i, i * 1_000_000L)
              .statusCode(i % 10 == 0 ? 503 : 200)
              .build());
    }
    events.add(request("/slow").route("/slow").timing(START, 10_000_000_000L).build());

    RecordedRun run = write(sink, TestWindow.of(events));

    assertThat(run.metrics())
        .containsEntry("all/count", 101.0)
        .containsEntry("all/errors", 10.0)
        .containsEntry("all/per_second", 10.1)
        .containsEntry("GET/items/:id/count", 100.0)
        .containsEntry("GET/items/:id/errors", 10.0)
        .containsEntry("GET/items/:id/per_second", 10.0)
        .containsEntry("GET/slow/count", 1.0)
        .containsEntry("GET/slow/errors", 0.0)
        .hasSize(21);
    assertThat(run.metrics().get("GET/items/:id/p50_ms")).isCloseTo(50, within(0.05));
    assertThat(run.metrics().get("GET/items/:id/p95_ms")).isCloseTo(95, within(0.1));
    assertThat(run.metrics().get("GET/items/:id/p99_ms")).isCloseTo(99, within(0.1));
    assertThat(run.metrics().get("GET/items/:id/max_ms")).isCloseTo(100, within(0.1));
    assertThat(run.metrics().get("all/max_ms")).isCloseTo(10_000, within(10.0));
    assertThat(runs.metricHistory(run.runId(), "all/count"))
        .containsExactly(new MlflowRuns.MetricPoint(101, Instant.ofEpochMilli(START + 10_000), 0));
  }

  @Test
  void theLargestRoutesKeepTheirNamesAndTheRestIsUnderOther() throws Exception {
    List<RequestEvent> events = new ArrayList<>();
    for (int route = 0; route < 1_000; route++) {
      String path = "/r%03d".formatted(route);
      events.add(request(path).route(path).build());
    }
    events.add(request("/r777").route("/r777").build());
    events.add(request("/unknown").build());

    RecordedRun run =
        write(sink("%s".formatted(server.uri())).windowRoutes(3).build(), TestWindow.of(events));

    assertThat(run.metrics().keySet())
        .filteredOn(key -> key.endsWith("/count"))
        .containsExactlyInAnyOrder(
            "all/count", "GET/r777/count", "GET/r000/count", "GET/r001/count", "other/count");
    assertThat(run.metrics())
        .containsEntry("GET/r777/count", 2.0)
        .containsEntry("other/count", 998.0);
  }

  @Test
  void longAndOddRoutesHaveKeysThatMlflowTakes() throws Exception {
    String shared = "/" + "a".repeat(299);
    List<RequestEvent> events =
        List.of(
            request("/1").route(shared + "1").build(),
            request("/2").route(shared + "2").build(),
            request("/3").route("//x/../\u0000{a}%/<b>//").build(),
            request("/4").route("/").build(),
            RequestEvent.builder(
                    "odd-" + UUID.randomUUID(), 1, "BREW", request("/5").build().target())
                .route("/pot")
                .build());

    RecordedRun run = write(sink, TestWindow.of(events));

    Set<String> counted = new HashSet<>(run.metrics().keySet());
    counted.removeIf(key -> !key.endsWith("/count"));
    assertThat(counted)
        .hasSize(6)
        .contains("all/count", "GET/count", "_OTHER/pot/count")
        .allMatch(key -> key.length() <= 250);
  }

  @Test
  void manyRowsAreOneCall() throws Exception {
    List<RequestEvent> events =
        IntStream.range(0, 10_000)
            .mapToObj(i -> request("/items/" + i).route("/items/{id}").build())
            .toList();

    RecordedRun run = write(sink, TestWindow.of(events));

    assertThat(rows(run))
        .extracting(row -> row.get("event_id").asText())
        .containsExactlyElementsOf(events.stream().map(RequestEvent::eventId).toList());
    assertThat(table(run).path("data")).hasSize(100);
    assertThat(run.tags().get("mlflow.note.content")).contains("100 of 10000 requests");
  }

  @Test
  void aWindowIsFailedWhenMoreThanTheRatioOfItsRequestsIs() throws Exception {
    TestWindow half = TestWindow.of(request("/a"), request("/b").statusCode(500));
    assertThat(write(sink, half).status()).isEqualTo("FINISHED");
    TestWindow more =
        TestWindow.of(request("/a"), request("/b").statusCode(500), request("/c").error("E", "e"));
    RecordedRun failed = write(sink, more);
    assertThat(failed.status()).isEqualTo("FAILED");
    assertThat(failed.tags()).containsEntry("status", "FAILED");
    MlflowSink strict = sink(server.uri().toString()).windowFailureRatio(0).build();
    TestWindow one = TestWindow.of(request("/a"), request("/b").statusCode(500));
    assertThat(write(strict, one).status()).isEqualTo("FAILED");
  }

  @Test
  void aWindowIsNestedUnderItsDayWhichHoldsTheCurves() throws Exception {
    RecordedRun first =
        write(sink, TestWindow.of(request("/a").route("/a").timing(START, 1_000_000)));
    TestWindow later =
        TestWindow.of(
            request("/a").route("/a").timing(START + 10_000, 1_000_000),
            request("/a").route("/a").timing(START + 10_000, 5_000_000).statusCode(500));
    RecordedRun second = write(sink, later);

    RecordedRun day = day();

    assertThat(day.name()).isEqualTo("2026-09-21 orders on web-1");
    assertThat(day.startTime()).isEqualTo(Instant.ofEpochMilli(START));
    assertThat(day.status()).isEqualTo("FINISHED");
    assertThat(day.tags())
        .containsEntry("runtracker.day", "2026-09-21")
        .doesNotContainKey("mlflow.parentRunId");
    assertThat(first.tags()).containsEntry("mlflow.parentRunId", day.runId());
    assertThat(second.tags()).containsEntry("mlflow.parentRunId", day.runId());
    assertThat(runs.metricHistory(day.runId(), "GET/a/count"))
        .containsExactly(
            new MlflowRuns.MetricPoint(1, Instant.ofEpochMilli(START + 1), START_OF_DAY + 1),
            new MlflowRuns.MetricPoint(
                2, Instant.ofEpochMilli(START + 10_005), START_OF_DAY + 10_005));
    assertThat(day.metrics()).containsEntry("all/errors", 1.0);
  }

  @Test
  void aConfiguredParentIsTheParentOfWindowsAndDays() throws Exception {
    RecordedRun parent = write(sink, TestWindow.of(request("/parent")));
    MlflowSink nested =
        sink(server.uri().toString()).serviceName("nested").parentRun(parent.runId()).build();

    RecordedRun run = write(nested, TestWindow.of(request("/a")));

    assertThat(run.tags()).containsEntry("mlflow.parentRunId", parent.runId());
    assertThat(ofKind("day"))
        .filteredOn(day -> day.name().endsWith(" nested on web-1"))
        .singleElement()
        .satisfies(
            day -> assertThat(day.tags()).containsEntry("mlflow.parentRunId", parent.runId()));
  }

  @Test
  void anotherProcessOfTheSameServiceFindsTheDayAndAnotherHostHasItsOwn() throws Exception {
    write(sink, TestWindow.of(request("/a")));
    write(sink(server.uri().toString()).build(), TestWindow.of(request("/b")));
    assertThat(ofKind("day")).hasSize(1);

    write(
        sink(server.uri().toString())
            .environment(Map.of("HOME", "/nonexistent", "HOSTNAME", "web-2"))
            .build(),
        TestWindow.of(request("/c")));
    assertThat(ofKind("day"))
        .extracting(RecordedRun::name)
        .containsExactlyInAnyOrder("2026-09-21 orders on web-1", "2026-09-21 orders on web-2");
  }

  @Test
  void completingTwiceChangesNothing() throws Exception {
    TestWindow window =
        TestWindow.of(request("/a").route("/a"), request("/b").route("/b").statusCode(500));
    RecordedRun first = write(sink, window);
    String lines = runs.artifact(first.runId(), LINES);
    String table = runs.artifact(first.runId(), TABLE);
    RecordedRun day = day();

    window.complete(sink, first.runId());
    write(sink(server.uri().toString()).build(), TestWindow.of(request("/other-process")));
    window.complete(sink, first.runId());

    assertThat(runs.run(first.runId())).isEqualTo(first);
    assertThat(runs.artifact(first.runId(), LINES)).isEqualTo(lines);
    assertThat(runs.artifact(first.runId(), TABLE)).isEqualTo(table);
    assertThat(runs.metricHistory(first.runId(), "all/count")).hasSize(1);
    assertThat(runs.metricHistory(day.runId(), "GET/a/p99_ms")).hasSize(1);
    assertThat(ofKind("window")).hasSize(2);
  }

  @Test
  void aWindowIsFoundByItsIdAlone() throws Exception {
    TestWindow window = TestWindow.of(request("/a"));
    TestWindow never = TestWindow.of(request("/a"));
    RecordedRun run = write(sink, window);
    MlflowSink commandLine = sink(server.uri().toString()).serviceName("it's drained").build();
    SINKS.add(commandLine);
    assertThat(commandLine.find(window.header())).contains(run.runId());
    assertThat(commandLine.find(never.header())).isEmpty();
  }

  @Test
  void ofTwoRunsOfOneWindowTheOneThatWasCompletedIsKept() throws Exception {
    TestWindow window = TestWindow.of(request("/created-twice"));
    window.create(sink);
    String second = window.create(sink);
    window.complete(sink, second);
    assertThat(sink.removeDuplicates(second)).isEqualTo(1);
    assertThat(sink.removeDuplicates(second)).isZero();
    assertThat(ofKind("window")).extracting(RecordedRun::runId).containsExactly(second);
  }

  @Test
  void theRunThatAServiceBeganIsRemovedByTheCommandLineThatWroteTheWindow() throws Exception {
    TestWindow window = TestWindow.of(request("/begun"));
    window.create(sink);
    MlflowSink commandLine = sink(server.uri().toString()).serviceName("command line").build();
    SINKS.add(commandLine);
    String kept = window.create(commandLine);
    window.complete(commandLine, kept);
    assertThat(commandLine.removeDuplicates(kept)).isEqualTo(1);
    assertThat(ofKind("window")).extracting(RecordedRun::runId).containsExactly(kept);
  }

  @Test
  void aWindowTakesFiveCallsAndASixthForThePointOfTheDay() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink counted = sink(proxy.uri().toString()).build();
      TestWindow first = TestWindow.of(request("/day"));
      first.complete(counted, first.create(counted));
      List<RequestEvent> events = new ArrayList<>();
      for (int i = 0; i < 1_000; i++) {
        events.add(request("/r" + i).route("/" + "语".repeat(250) + i).build());
      }

      List<String> soonAfter = calls(proxy, counted, TestWindow.of(events));
      List<String> later =
          calls(proxy, counted, TestWindow.of(request("/a").timing(START + 5_100, 0)));

      List<String> five =
          List.of(
              "runs/create",
              "artifacts/requests.jsonl",
              "artifacts/highlights.json",
              "runs/log-batch",
              "runs/update");
      assertThat(soonAfter).isEqualTo(five);
      assertThat(later)
          .startsWith(five.toArray(String[]::new))
          .endsWith("runs/log-batch")
          .hasSize(6);
      counted.close();
    }
  }

  private static List<String> calls(FaultProxy proxy, MlflowSink sink, TestWindow window)
      throws Exception {
    int before = proxy.requests().size();
    String id = window.create(sink);
    window.complete(sink, id);
    return proxy.requests().subList(before, proxy.requests().size()).stream()
        .map(request -> request.path().replaceFirst(".*/(\\w+/[\\w.-]+)$", "$1"))
        .toList();
  }

  @Test
  void windowsThatFollowFastShareAPointOfTheDay() throws Exception {
    long second = 1_000_000_000L;
    write(sink, TestWindow.of(request("/a").route("/a").timing(START, 1_000_000)));
    for (int i = 1; i <= 3; i++) {
      write(
          sink,
          TestWindow.of(
              request("/a").route("/a").timing(START + i * 900L, second),
              request("/b").route("/b").timing(START + i * 900L, i * 1_000_000L).statusCode(500)));
    }
    assertThat(runs.metricHistory(day().runId(), "all/count")).hasSize(1);

    write(sink, TestWindow.of(request("/a").route("/a").timing(START + 4_500, second)));

    String day = day().runId();
    Instant end = Instant.ofEpochMilli(START + 5_500);
    long step = START_OF_DAY + 5_500;
    assertThat(runs.metricHistory(day, "all/count"))
        .containsExactly(
            new MlflowRuns.MetricPoint(1, Instant.ofEpochMilli(START + 1), START_OF_DAY + 1),
            new MlflowRuns.MetricPoint(7, end, step));
    assertThat(runs.metricHistory(day, "all/errors"))
        .contains(new MlflowRuns.MetricPoint(3, end, step));
    assertThat(runs.metricHistory(day, "GET/b/count"))
        .containsExactly(new MlflowRuns.MetricPoint(3, end, step));
    assertThat(runs.run(day).metrics().get("GET/b/p50_ms")).isCloseTo(2, within(0.01));
    assertThat(runs.run(day).metrics().get("all/per_second"))
        .as("of windows that overlap, no time counts twice")
        .isCloseTo(7 / 3.8, within(1e-6));
  }

  @Test
  void aFlushWritesTheRestOfTheDay() throws Exception {
    write(sink, TestWindow.of(request("/a").timing(START, 1_000_000)));
    write(sink, TestWindow.of(request("/a").timing(START + 1_000, 1_000_000)));
    assertThat(runs.metricHistory(day().runId(), "all/count")).hasSize(1);

    sink.flush();
    sink.flush();

    assertThat(runs.metricHistory(day().runId(), "all/count")).hasSize(2);
    assertThat(day().endTime()).isEqualTo(Instant.ofEpochMilli(START + 1_001));
  }

  @Test
  void aPointOfTheDayHasNoMoreRoutesThanAWindow() throws Exception {
    MlflowSink two = sink(server.uri().toString()).windowRoutes(2).build();
    for (int i = 0; i < 4; i++) {
      write(
          two,
          TestWindow.of(request("/r").route("/r" + i).timing(START + i, 0), request("/unknown")));
    }
    two.flush();
    assertThat(runs.run(day().runId()).metrics().keySet())
        .filteredOn(key -> key.endsWith("/count"))
        .containsExactlyInAnyOrder(
            "all/count", "GET/r0/count", "GET/r1/count", "GET/r2/count", "other/count");
    assertThat(runs.run(day().runId()).metrics()).containsEntry("other/count", 4.0);
  }

  @Test
  void aDayThatIsGoneIsLookedForAgain() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink faulty = sink(proxy.uri().toString()).build();
      write(faulty, TestWindow.of(request("/a").timing(START, 1_000_000)));
      write(faulty, TestWindow.of(request("/a").timing(START + 1_000, 1_000_000)));
      String gone = "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"no such run\"}";
      proxy.inject(1, on("POST", "runs/log-batch"), Fault.answer(404, gone));
      assertThatThrownBy(faulty::flush).isInstanceOf(SinkException.class);

      List<String> calls =
          calls(proxy, faulty, TestWindow.of(request("/a").timing(START + 2_000, 1_000_000)));

      assertThat(calls).startsWith("runs/search", "runs/create");
    }
  }

  @Test
  void troubleWithTheDayLosesNoWindow() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink faulty = sink(proxy.uri().toString()).build();
      proxy.inject(on("POST", "runs/search"), Fault.answer(500));
      TestWindow window = TestWindow.of(request("/a"));
      SINKS.add(faulty);
      String id = window.create(faulty);
      window.complete(faulty, id);
      RecordedRun alone = runs.run(id);
      assertThat(alone.status()).isEqualTo("FINISHED");
      assertThat(alone.tags()).doesNotContainKey("mlflow.parentRunId");
      assertThat(ofKind("day")).isEmpty();

      TestWindow next = TestWindow.of(request("/b"));
      String nextId = next.create(faulty);
      proxy.clear();
      next.complete(faulty, nextId);
      assertThat(runs.run(nextId).tags()).containsEntry("mlflow.parentRunId", day().runId());
      assertThat(runs.metricHistory(day().runId(), "all/count")).hasSize(1);
    }
  }

  /** What completing the window fails with. */
  private static SinkException failure(MlflowSink sink, TestWindow window, String runId) {
    return catchThrowableOfType(SinkException.class, () -> window.complete(sink, runId));
  }

  private static final Fault TURNED_OFF =
      Fault.answer(503, "disabled ... run `mlflow server` with `--serve-artifacts`");

  @Test
  void aServerWithoutAnArtifactStoreHasNoPlaceForWindowsAndTheRunSaysSo() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink faulty = sink(proxy.uri().toString()).build();
      SINKS.add(faulty);
      proxy.inject(request -> request.method().equals("PUT"), TURNED_OFF);
      RecordedRun uploaded = write(faulty, TestWindow.of(request("/a")));
      assertThat(rows(uploaded)).hasSize(1);
      assertThat(table(uploaded).path("data")).hasSize(1);

      for (Fault never :
          List.of(Fault.answer(400, INVALID), Fault.answer(404), Fault.answer(500))) {
        proxy.clear();
        proxy.inject(request -> request.method().equals("PUT"), TURNED_OFF);
        proxy.inject(on("POST", "upload-artifact"), never);
        TestWindow window = TestWindow.of(request("/b"), request("/c"));
        String id = window.create(faulty);
        SinkException failure = failure(faulty, window, id);
        assertThat(failure).hasMessageContaining("2 requests are not in MLflow");
        assertThat(failure.kind()).isEqualTo(SinkException.Kind.UNSUPPORTED);
        RecordedRun run = runs.run(id);
        assertThat(run.status()).isEqualTo("FINISHED");
        assertThat(run.metrics()).containsEntry("all/count", 2.0);
        assertThat(run.tags())
            .containsKey("runtracker.artifact_error")
            .containsEntry("mlflow.loggedArtifacts", "[]");
      }
    }
  }

  private static final String INVALID =
      "{\"error_code\": \"INVALID_PARAMETER_VALUE\", \"message\": \"never\"}";

  private static final String LARGE_UPLOAD =
      "{\"error_code\": \"INVALID_PARAMETER_VALUE\","
          + " \"message\": \"Artifact size is too large. Max size is 10MB.\"}";

  @Test
  void aWindowThatIsTooLargeOnTheWayIsLeftForDeliveryToHalve() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink faulty = sink(proxy.uri().toString()).build();
      SINKS.add(faulty);
      TestWindow window = TestWindow.of(request("/a"), request("/b"));
      String id = window.create(faulty);
      for (int status : List.of(413, 414, 431)) {
        proxy.clear();
        proxy.inject(on("PUT", LINES), Fault.answer(status, "<html>too large</html>"));
        assertThat(failure(faulty, window, id).kind()).isEqualTo(SinkException.Kind.TOO_LARGE);
      }
      proxy.clear();
      proxy.inject(on("PUT", LINES), TURNED_OFF);
      proxy.inject(on("POST", "upload-artifact"), Fault.answer(400, LARGE_UPLOAD));
      assertThat(failure(faulty, window, id).kind()).isEqualTo(SinkException.Kind.TOO_LARGE);
      assertThat(runs.run(id).status()).isEqualTo("RUNNING");
      assertThat(runs.run(id).metrics()).isEmpty();
    }
  }

  @Test
  void aRequestThatIsTooLargeAloneHasAWindowThatSaysSo() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink faulty = sink(proxy.uri().toString()).build();
      SINKS.add(faulty);
      proxy.inject(on("PUT", LINES), Fault.answer(413, "too large"));
      TestWindow window = TestWindow.of(request("/a"));
      String id = window.create(faulty);
      assertThat(failure(faulty, window, id).kind()).isEqualTo(SinkException.Kind.TOO_LARGE);
      assertThat(runs.run(id).status()).isEqualTo("FINISHED");
      assertThat(runs.run(id).tags()).containsKey("runtracker.artifact_error");
    }
  }

  @Test
  void aWindowThatAStoreRefusesIsLeftForDeliveryToHalve() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink faulty = sink(proxy.uri().toString()).build();
      SINKS.add(faulty);
      proxy.inject(on("PUT", LINES), Fault.answer(400, INVALID));
      proxy.inject(on("POST", "upload-artifact"), Fault.answer(400, INVALID));
      TestWindow window = TestWindow.of(request("/a"), request("/b"));
      String id = window.create(faulty);
      assertThat(failure(faulty, window, id).kind()).isEqualTo(SinkException.Kind.REFUSED);
      assertThat(runs.run(id).status()).isEqualTo("RUNNING");
    }
  }

  @Test
  void aFileThatTheServerFailsOnIsTriedAgain() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink faulty = sink(proxy.uri().toString()).build();
      SINKS.add(faulty);
      TestWindow window = TestWindow.of(request("/a"));
      String id = window.create(faulty);
      for (String file : List.of(LINES, TABLE)) {
        for (Fault upload : List.of(Fault.answer(500), Fault.answer(400, INVALID))) {
          proxy.inject(1, on("PUT", file), Fault.answer(500));
          proxy.inject(1, on("POST", "upload-artifact"), upload);
          assertThat(failure(faulty, window, id).kind()).isEqualTo(SinkException.Kind.FAILED);
          assertThat(runs.run(id).status()).isEqualTo("RUNNING");
        }
      }
      window.complete(faulty, id);
      assertThat(rows(runs.run(id))).hasSize(1);
    }
  }

  @Test
  void aWindowWithoutItsHighlightsIsWholeAndSaysSo() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink faulty = sink(proxy.uri().toString()).build();
      proxy.inject(on("PUT", TABLE), Fault.answer(413, "too large"));
      RecordedRun run = write(faulty, TestWindow.of(request("/a"), request("/b")));
      assertThat(rows(run)).hasSize(2);
      assertThat(run.status()).isEqualTo("FINISHED");
      assertThat(run.tags())
          .containsKey("runtracker.artifact_error")
          .containsEntry("mlflow.loggedArtifacts", "[]");
    }
  }

  @Test
  void anEventThatCannotBeReadIsNotInItsWindow() throws Exception {
    RequestEvent whole = request("/whole").route("/whole").build();
    byte[] bytes = EventBytes.of(request("/torn").build()).toBytes();
    EncodedEvent torn = new EventBytes(bytes, 0, bytes.length - 1);
    WindowDraft draft = sink.newWindow();
    assertThatThrownBy(() -> draft.add(torn)).isInstanceOf(IOException.class);
    draft.add(EncodedEvent.of(whole));
    assertThatThrownBy(() -> draft.add(torn)).isInstanceOf(IOException.class);
    draft.add(EncodedEvent.of(whole));
    SINKS.add(sink);

    RequestWindow header = TestWindow.of(List.of(whole, whole)).header();
    String id = draft.create(header);
    draft.complete(id, header);

    assertThat(rows(runs.run(id)))
        .extracting(row -> row.get("event_id").asText())
        .containsExactly(whole.eventId(), whole.eventId());
    assertThat(rows(runs.run(id)).get(0)).containsOnlyKeys(RequestRow.COLUMNS);
    assertThat(runs.run(id).metrics()).containsEntry("all/count", 2.0);
  }

  @Test
  void aWindowIsTakenBackWhetherItsRunIsThereOrNot() throws Exception {
    TestWindow window = TestWindow.of(request("/a"));
    String id = window.create(sink);

    sink.discard(id);
    sink.discard(id);
    sink.discard("0123456789abcdef0123456789abcdef");

    assertThat(ofKind("window")).isEmpty();
    SINKS.add(sink);
  }

  @Test
  void aWindowThatCannotBeTakenBackNowIsThrown() throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowSink faulty = sink(proxy.uri().toString()).build();
      SINKS.add(faulty);
      String id = TestWindow.of(request("/a")).create(faulty);
      proxy.inject(on("POST", "runs/delete"), Fault.answer(503));
      assertThatThrownBy(() -> faulty.discard(id)).isInstanceOf(SinkException.class);
      assertThat(ofKind("window")).hasSize(1);
    }
  }
}
