// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;
import static io.runtracker.mlflow.TestEvents.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.TrackAs;
import io.runtracker.Tracker;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections to a server behind TLS that are cut in their handshake, or in an answer. */
@Tag("once")
@Timeout(180)
class TlsCutTest {

  private static MlflowServer server;

  @BeforeAll
  static void start() {
    server = MlflowServer.start(MlflowServer.Options.plain().withTls());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static MlflowSink.Builder through(CuttingRelay relay) {
    return MlflowSink.builder()
        .environment(NO_ENVIRONMENT)
        .trackingUri("https://127.0.0.1:" + relay.port())
        .serverCertificate(server.caCertificate().orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 500})
  void aHandshakeThatIsCutIsUnavailableBecauseNothingWasSent(int bytes) {
    try (CuttingRelay relay = CuttingRelay.before(server.uri().getPort());
        MlflowSink sink = through(relay).build()) {
      for (int end = 1; end <= 2; end++) {
        relay.cutNext(bytes);
        assertThat(
                catchThrowableOfType(
                        SinkException.class, () -> sink.create(request("/cut").build()))
                    .kind())
            .isEqualTo(Kind.UNAVAILABLE);
        assertThat(relay.cut()).isEqualTo(end);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 300})
  void anAnswerThatIsCutIsUnknownAndTheRunIsFound(int bytes) throws Exception {
    try (CuttingRelay relay = CuttingRelay.before(server.uri().getPort());
        MlflowSink sink = through(relay).build()) {
      for (int end = 1; end <= 2; end++) {
        sink.create(request("/before").build());
        relay.cutIn(bytes);
        RequestEvent event = request("/cut").build();
        assertThat(catchThrowableOfType(SinkException.class, () -> sink.create(event)).kind())
            .isEqualTo(Kind.UNKNOWN);
        assertThat(relay.cut()).isEqualTo(end);
        assertThat(sink.find(event)).isPresent();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"RUN", "WINDOW"})
  void whereverConnectionsAreCutEachRequestIsThereOnce(TrackAs trackAs) {
    MlflowRuns.Experiment experiment = MlflowRuns.of(server).createExperiment("cut");
    int requests = 12;
    try (CuttingRelay relay = CuttingRelay.before(server.uri().getPort());
        Tracker tracker =
            Tracker.builder()
                .environment(Map.of())
                .sink(through(relay).experimentId(experiment.id()).build())
                .trackAs(trackAs)
                .windowRows(3)
                .retryDelay(Duration.ofMillis(20))
                .maxRetryDelay(Duration.ofMillis(100))
                .lookupDelay(Duration.ofMillis(500))
                .build()) {
      relay.cutNext(1, 700, 1_600, 2_000, 2_400, 3_000, 4_000);
      for (int i = 0; i < requests; i++) {
        RequestTarget target = new RequestTarget("http", "shop.example", 80, "/" + i, null);
        tracker.open("GET", target).end(200, null);
      }
      assertThat(tracker.flush(Duration.ofMinutes(1)).delivered()).isEqualTo(requests);
      assertThat(relay.cut()).isGreaterThanOrEqualTo(5);
      List<RecordedRun> written =
          MlflowRuns.of(server).search(experiment.id()).stream()
              .filter(run -> !run.tags().containsKey("runtracker.day_id"))
              .toList();
      assertThat(written).extracting(RecordedRun::status).containsOnly("FINISHED");
      assertThat(written.stream().map(run -> run.tags().get("runtracker.event_id")))
          .doesNotHaveDuplicates();
      assertThat(
              written.stream()
                  .map(run -> run.tags().getOrDefault("runtracker.window.requests", "1"))
                  .mapToInt(Integer::parseInt)
                  .sum())
          .isEqualTo(requests);
    }
  }
}
