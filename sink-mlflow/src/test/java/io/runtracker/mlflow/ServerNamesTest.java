// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.START;
import static io.runtracker.mlflow.TestEvents.request;
import static io.runtracker.testkit.FaultProxy.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** A server that refuses colons in names, as MLflow before 2.16 does, in its words. */
class ServerNamesTest {

  private static final String OF_2_0 =
      "Invalid metric name: 'a:b'. Names may only contain alphanumerics, underscores (_),"
          + " dashes (-), periods (.), spaces ( ), and slashes (/).";

  private static final MlflowServer SERVER = MlflowServer.shared();

  private final MlflowRuns runs = MlflowRuns.of(SERVER);
  private final MlflowRuns.Experiment experiment = runs.createExperiment("names");
  private final FaultProxy proxy = FaultProxy.inFrontOf(SERVER.uri());
  private final Logger logger = (Logger) LoggerFactory.getLogger(MlflowSink.class);
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private final MlflowSink sink =
      MlflowSink.builder()
          .environment(Map.of("HOME", "/nonexistent", "HOSTNAME", "web-1"))
          .trackingUri(proxy.uri().toString())
          .experiment(experiment.name())
          .serviceName("orders")
          .build();

  @BeforeEach
  void listen() {
    logged.start();
    logger.addAppender(logged);
  }

  @AfterEach
  void close() {
    logger.detachAppender(logged);
    sink.close();
    proxy.close();
  }

  private void refuse(String name, String message) {
    String answer =
        new JsonMapper()
            .createObjectNode()
            .put("error_code", "INVALID_PARAMETER_VALUE")
            .put("message", message)
            .toString();
    proxy.injectWhere("\"key\":\"" + name, Fault.answer(400, answer));
  }

  private RecordedRun write(RequestEvent event) throws Exception {
    String id = sink.create(event);
    sink.complete(id, event);
    return runs.run(id);
  }

  private RecordedRun write(TestWindow window) throws Exception {
    String id = window.create(sink);
    window.complete(sink, id);
    return runs.run(id);
  }

  private static Metric metric(String key, double value) {
    return new Metric(key, value, START, 0);
  }

  private long batches() {
    return proxy.count(on("POST", "runs/log-batch"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        OF_2_0,
        "Invalid metric name: 'a:b'. Names may only contain alphanumerics, underscores (_),"
            + " dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).", // 2.16 on Windows
        "Invalid value \"a:b\" for parameter 'metrics[0].name' supplied: Names may only contain"
            + " alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ) and slashes"
            + " (/)." // 3.17 on Windows
      })
  void namesAreWrittenWithoutColonsOnceTheServerHasRefusedThem(String words) throws Exception {
    refuse("a:b", words);

    RecordedRun first = write(request("/1").metric(metric("a:b", 1)).param("p:q", "v").build());
    assertThat(first.metrics()).containsEntry("a_b", 1.0).doesNotContainKey("a:b");
    assertThat(first.params()).containsEntry("p_q", "v");
    assertThat(first.status()).isEqualTo("FINISHED");
    assertThat(batches()).isEqualTo(2);

    RecordedRun second = write(request("/2").metric(metric("a:b", 2)).tag("t:u", "v").build());
    assertThat(second.metrics()).containsEntry("a_b", 2.0);
    assertThat(second.tags()).containsEntry("t_u", "v");
    assertThat(batches()).isEqualTo(3);
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .singleElement()
        .asString()
        .contains("refuses colons", "MLflow before 2.16");
  }

  @Test
  void namesThatAreTheSameWithoutColonsAreToldApart() throws Exception {
    refuse("a:b", OF_2_0);
    RequestEvent.Builder event = request("/1").metric(metric("a:b", 1)).metric(metric("a_b", 2));
    assertThat(write(event.build()).metrics())
        .containsEntry("a_b", 1.0)
        .containsEntry("a_b_2", 2.0);
  }

  @Test
  void whatPassedBeforeTheRefusalIsNotThereTwice() throws Exception {
    refuse("a:b", OF_2_0);
    RequestEvent.Builder event = request("/1");
    IntStream.range(0, 1_500).forEach(i -> event.metric(metric("m" + i, i)));
    event.metric(metric("a:b", 1));

    RecordedRun run = write(event.build());

    assertThat(run.metrics()).hasSize(1_502).containsEntry("a_b", 1.0);
    assertThat(runs.metricHistory(run.runId(), "m7")).hasSize(1);
  }

  @Test
  void theMetricsOfAWindowAndOfItsDayHaveNoColons() throws Exception {
    refuse("GET/items/:id", OF_2_0);
    RequestEvent request =
        request("/items/1").route("/items/{id}").metric(metric("a:b", 1)).timing(START, 0).build();

    RecordedRun window = write(TestWindow.of(List.of(request)));

    assertThat(window.status()).isEqualTo("FINISHED");
    assertThat(window.metrics())
        .containsEntry("GET/items/_id/count", 1.0)
        .containsEntry("all/count", 1.0);
    assertThat(runs.run(window.tags().get("mlflow.parentRunId")).metrics())
        .containsEntry("GET/items/_id/count", 1.0);
    // What is in the file has the name that the handler gave it.
    assertThat(runs.artifact(window.runId(), RequestLines.FILE)).contains("\"a:b\":1.0");
  }

  @Test
  void routesOfOneNameAreCountedTogether() throws Exception {
    refuse("GET/items/:id", OF_2_0);
    TestWindow window =
        TestWindow.of(
            request("/items/1").route("/items/{id}").statusCode(500),
            request("/items/_id").route("/items/_id"),
            request("/items/2").route("/items/{id}"));
    assertThat(write(window).metrics())
        .containsEntry("GET/items/_id/count", 3.0)
        .containsEntry("GET/items/_id/errors", 1.0)
        .hasSize(14);
  }

  @Test
  void aRefusalOfAnotherCharacterChangesNoNames() throws Exception {
    refuse("odd", OF_2_0);
    RequestEvent odd = request("/odd").metric(metric("odd", 1)).build();
    String id = sink.create(odd);
    assertThat(catchThrowableOfType(SinkException.class, () -> sink.complete(id, odd)).kind())
        .isEqualTo(Kind.REFUSED);
    assertThat(batches()).isEqualTo(2);

    assertThat(write(request("/1").metric(metric("a:b", 1)).build()).metrics()).containsKey("a:b");
    assertThat(logged.list).isEmpty();
  }
}
