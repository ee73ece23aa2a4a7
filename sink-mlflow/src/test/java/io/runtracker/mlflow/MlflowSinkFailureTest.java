// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;
import static io.runtracker.mlflow.TestEvents.request;
import static io.runtracker.testkit.FaultProxy.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.runtracker.RequestEvent;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What failures of a real server and of the way to it are told as. */
@Timeout(120)
class MlflowSinkFailureTest {

  private static final String SECRET = "s3cr3t-pa55word";

  private static MlflowServer server;
  private static FaultProxy proxy;
  private static MlflowRuns runs;
  private static MlflowRuns.Experiment experiment;
  private static MlflowSink sink;

  @BeforeAll
  static void start() {
    server = MlflowServer.shared();
    proxy = FaultProxy.inFrontOf(server.uri());
    runs = MlflowRuns.of(server);
    experiment = runs.createExperiment("sink-failure");
    sink = sink().build();
  }

  @AfterAll
  static void stop() {
    sink.close();
    proxy.close();
  }

  @AfterEach
  void clear() {
    proxy.accept();
    proxy.clear();
  }

  private static MlflowSink.Builder sink() {
    return MlflowSink.builder()
        .environment(NO_ENVIRONMENT)
        .trackingUri(proxy.uri().toString())
        .experimentId(experiment.id())
        .username("alice")
        .password(SECRET)
        .requestTimeout(Duration.ofSeconds(20));
  }

  private static SinkException createFails(MlflowSink sink) {
    SinkException failure =
        catchThrowableOfType(SinkException.class, () -> sink.create(request("/f").build()));
    assertThat(failure).isNotNull();
    assertThat(failure.getMessage())
        .doesNotContain(SECRET)
        .doesNotContain("YWxpY2U6czNjcjN0"); // "alice:s3cr3t" in base 64
    return failure;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "400 | {\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"m\"} | REFUSED",
        "400 | {\"error_code\":\"BAD_REQUEST\",\"message\":\"value too long\"} | REFUSED",
        "400 | {\"error_code\":\"BAD_REQUEST\",\"message\":\"QueuePool limit of size 5\"} | UNKNOWN",
        "404 | {\"error_code\":\"RESOURCE_DOES_NOT_EXIST\"} | GONE",
        "400 | <html>plain HTTP was sent to an HTTPS port</html> | FAILED",
        "404 | no such page | FAILED",
        "413 | too large | TOO_LARGE",
        "414 | | TOO_LARGE",
        "431 | | TOO_LARGE",
        "401 | You are not authenticated | UNAUTHORIZED",
        "403 | Invalid Host header | UNAUTHORIZED",
        "403 | {\"error_code\":\"PERMISSION_DENIED\"} | UNAUTHORIZED",
        "408 | | UNAVAILABLE",
        "429 | | UNAVAILABLE",
        "429 | {\"error_code\":\"REQUEST_LIMIT_EXCEEDED\"} | UNAVAILABLE",
        "500 | {\"error_code\":\"INTERNAL_ERROR\"} | FAILED",
        "500 | {\"error_code\":\"FEATURE_DISABLED\"} | REFUSED",
        "500 | oops | FAILED",
        "502 | Bad Gateway | UNKNOWN",
        "503 | {\"error_code\":\"TEMPORARILY_UNAVAILABLE\"} | UNAVAILABLE",
        "504 | | UNKNOWN",
        "200 | <html>Sign in to the hotel</html> | UNKNOWN",
        "200 | {} | UNKNOWN",
        "200 | {\"run\":{\"info\":{\"run_id\":\"../..\"}}} | UNKNOWN",
        "200 | | UNKNOWN",
        "200 | {\"run\": | UNKNOWN",
        "200 | {\"run\":5} | UNKNOWN",
        "200 | {\"run\":{\"info\":[1]}} | UNKNOWN",
        "200 | {\"run\":{\"data\":{\"metrics\":[{\"value\":{}}]}}} | UNKNOWN",
        "200 | [1] | UNKNOWN",
        "302 | | UNAVAILABLE",
      })
  void anAnswerMeans(int status, String body, Kind kind) {
    proxy.inject(on("POST", "runs/create"), Fault.answer(status, body == null ? "" : body));

    SinkException failure = createFails(sink);

    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure.getMessage())
        .startsWith("POST " + proxy.uri() + "/api/2.0/mlflow/runs/create answered " + status);
    assertThat(failure.getMessage()).hasSizeLessThan(500);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "401 | You are not authenticated | (check the credentials, such as MLFLOW_TRACKING_USERNAME",
        "403 | {\"error_code\":\"PERMISSION_DENIED\"} | (check the credentials, such as",
        "403 | Invalid Host header | (start MLflow with this host in --allowed-hosts)",
      })
  void aRefusalOfAllSaysWhatToDo(int status, String body, String what) {
    proxy.inject(on("POST", "runs/create"), Fault.answer(status, body));
    assertThat(createFails(sink)).hasMessageContaining(what);
  }

  @Test
  void aServerThatIsNotThereIsNamedWithWhatToDo() {
    SinkException failure = createFails(sink().trackingUri("http://127.0.0.1:1").build());
    assertThat(failure)
        .hasMessageStartingWith("POST http://127.0.0.1:1/")
        .hasMessageEndingWith("; check that MLflow is up, and that this is its address");
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 404, 406, 500})
  void aPageSaysWhoAnsweredAndNothingOfCredentials(int status) {
    String page =
        "<!DOCTYPE html>\n<html><head><title>Attention Required!</title><script>var x = 1;</script>"
            + "</head><body><p>Your credentials may be wrong.</p></body></html>";
    proxy.inject(Fault.answer(status, Map.of("Server", "shield/7"), page));
    SinkException failure = createFails(sink().experiment(null).build());
    assertThat(failure.getMessage())
        .contains("answered " + status + " with a page of 'shield/7'")
        .endsWith(": Attention Required!")
        .doesNotContain("<", "credentials");
  }

  @Test
  void aPageWithoutATitleIsItsText() {
    proxy.inject(Fault.answer(403, "<html><style>p {}</style><p>Go\n<b>away</b></p></html>"));
    assertThat(createFails(sink().experiment(null).build()).getMessage()).endsWith(": Go away");
  }

  @Test
  void aServersMessageIsCutAndNeverRepeatsCredentials() {
    String message = "you sent alice:" + SECRET + " and more ".repeat(1000);
    proxy.inject(
        Fault.answer(400, "{\"error_code\":\"BAD_REQUEST\",\"message\":\"" + message + "\"}"));
    SinkException failure = createFails(sink().experiment(null).build());
    assertThat(failure.getMessage()).contains("BAD_REQUEST", "***").hasSizeLessThan(500);
  }

  @Test
  void retryAfterIsReadAsSecondsAndAsADate() {
    proxy.inject(1, r -> true, Fault.tooManyRequests(Duration.ofSeconds(7)));
    assertThat(createFails(sink).retryAfter()).isEqualTo(Duration.ofSeconds(7));

    String date =
        ZonedDateTime.now(ZoneOffset.UTC)
            .plusSeconds(90)
            .format(DateTimeFormatter.RFC_1123_DATE_TIME);
    proxy.inject(1, r -> true, Fault.answer(503, Map.of("Retry-After", date), ""));
    assertThat(createFails(sink).retryAfter())
        .isBetween(Duration.ofSeconds(60), Duration.ofSeconds(90));

    proxy.inject(1, r -> true, Fault.answer(503, Map.of("Retry-After", "soon"), ""));
    assertThat(createFails(sink).retryAfter()).isNull();
  }

  @Test
  void aRedirectIsNotFollowedWithCredentials() {
    try (FaultProxy elsewhere = FaultProxy.inFrontOf(server.uri())) {
      String location = elsewhere.uri() + "/login?next=secret";
      for (int status : new int[] {301, 302, 307, 308}) {
        proxy.inject(1, r -> true, Fault.answer(status, Map.of("Location", location), ""));
        assertThat(createFails(sink).getMessage())
            .contains(elsewhere.uri().toString(), "MLFLOW_TRACKING_URI")
            .doesNotContain("next=secret");
      }
      assertThat(elsewhere.requests()).isEmpty();
    }
  }

  @Test
  void aCreateWhoseReplyWasCutIsUnknownAndTheRunIsFound() throws Exception {
    proxy.inject(1, on("POST", "runs/create"), Fault.cutReply());
    RequestEvent event = request("/cut").tag("a", "b").build();

    SinkException failure = catchThrowableOfType(SinkException.class, () -> sink.create(event));

    assertThat(failure.kind()).isEqualTo(Kind.UNKNOWN);
    String id = sink.find(event).orElseThrow();
    sink.complete(id, event);
    assertThat(runs.run(id).tags()).containsEntry("runtracker.event_id", event.eventId());
    assertThat(runs.run(id).status()).isEqualTo("FINISHED");
  }

  @Test
  void whatIsNoHttpOrEndsTooEarlyIsUnknown() {
    proxy.inject(1, r -> true, Fault.garbage());
    assertThat(createFails(sink).kind()).isEqualTo(Kind.UNKNOWN);
    proxy.inject(1, r -> true, Fault.cutRequest());
    assertThat(createFails(sink).kind()).isEqualTo(Kind.UNKNOWN);
  }

  @Test
  void nobodyListeningIsUnavailable() {
    proxy.refuse();
    // A sink of its own: one that has a connection may be told on it that it was too late.
    MlflowSink refused = sink().build();
    assertThat(createFails(refused).kind()).isEqualTo(Kind.UNAVAILABLE);
    refused.close();
    MlflowSink nowhere = sink().trackingUri("http://no-such-host.invalid:5000").build();
    assertThat(createFails(nowhere).kind()).isEqualTo(Kind.UNAVAILABLE);
    nowhere.close();
  }

  @Test
  void aServerThatNeverAnswersIsGivenUpInTimeAndUnknown() {
    proxy.inject(Fault.hang());
    MlflowSink hasty = sink().requestTimeout(Duration.ofMillis(300)).build();
    long start = System.nanoTime();
    SinkException failure = createFails(hasty);
    assertThat(failure.kind()).isEqualTo(Kind.UNKNOWN);
    assertThat(failure.getMessage()).contains("not answered within PT0.3S");
    assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isBetween(290L, 5_000L);
    hasty.close();
  }

  @Test
  void aServerThatNeverEndsItsAnswerIsGivenUpInTimeWithItsConnection() {
    proxy.inject(Fault.stallReply());
    MlflowSink hasty = sink().requestTimeout(Duration.ofMillis(1_500)).build();
    SinkException failure = createFails(hasty);
    assertThat(failure.kind()).isEqualTo(Kind.UNKNOWN);
    assertThat(failure.getMessage()).contains("not answered within PT1.5S");
    await().until(() -> proxy.inFlight() == 0);
    hasty.close();
  }

  @Test
  void anInterruptionEndsACallAtOnce() throws Exception {
    proxy.inject(Fault.hang());
    Thread caller = Thread.currentThread();
    Thread interrupter =
        new Thread(
            () -> {
              while (proxy.inFlight() == 0) {
                Thread.onSpinWait();
              }
              caller.interrupt();
            });
    interrupter.start();
    assertThat(
            catchThrowableOfType(
                InterruptedException.class, () -> sink.create(request("/i").build())))
        .isNotNull();
    interrupter.join();
  }

  @Test
  void aRunThatIsNotThereAnyMoreIsGone() throws Exception {
    RequestEvent event = request("/gone").build();
    SinkException failure =
        catchThrowableOfType(
            SinkException.class, () -> sink.complete("0123456789abcdef0123456789abcdef", event));
    assertThat(failure.kind()).isEqualTo(Kind.GONE);
    assertThat(failure.getMessage()).contains("404 RESOURCE_DOES_NOT_EXIST");
  }

  @Test
  void aTextThatIsTooLargeOnTheWayIsATag() throws Exception {
    proxy.inject(on("PUT", "error_details.txt"), Fault.answer(413, "too large"));
    proxy.inject(on("POST", "upload-artifact"), Fault.answer(413, "too large"));
    RequestEvent event = request("/boom").statusCode(500).error("E", "why").build();
    String id = sink.create(event);
    sink.complete(id, event);
    assertThat(runs.run(id).tags())
        .containsEntry("error_details.txt", "why")
        .containsKey("runtracker.artifact_error");
  }

  @Test
  void anArtifactStoreThatHangsDoesNotHoldARunForEver() throws Exception {
    proxy.inject(on("PUT", "error_details.txt"), Fault.hang());
    MlflowSink hasty = sink().requestTimeout(Duration.ofSeconds(3)).build();
    RequestEvent event = request("/boom").statusCode(500).error("E", "why").build();
    String id = hasty.create(event);
    for (int i = 0; i < 2; i++) {
      SinkException failure =
          catchThrowableOfType(SinkException.class, () -> hasty.complete(id, event));
      assertThat(failure.kind()).isEqualTo(Kind.UNKNOWN);
    }
    hasty.complete(id, event);
    assertThat(runs.run(id).status()).isEqualTo("FAILED");
    assertThat(runs.run(id).tags())
        .containsEntry("error_details.txt", "why")
        .containsKey("runtracker.artifact_error");
    hasty.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 429, 502, 503})
  void anArtifactStoreThatTakesNothingDoesNotHoldARunForEver(int status) throws Exception {
    proxy.inject(on("PUT", "error_details.txt"), Fault.answer(status, ""));
    proxy.inject(on("POST", "upload-artifact"), Fault.answer(status, ""));
    String id = completedAtTheThirdTry();
    assertThat(runs.run(id).status()).isEqualTo("FAILED");
    assertThat(runs.run(id).tags())
        .containsEntry("error_details.txt", "why")
        .containsKey("runtracker.artifact_error");
  }

  private String completedAtTheThirdTry() throws Exception {
    RequestEvent event = request("/boom").statusCode(500).error("E", "why").build();
    String id = sink.create(event);
    for (int i = 0; i < 2; i++) {
      assertThat(catchThrowableOfType(SinkException.class, () -> sink.complete(id, event)))
          .isNotNull();
    }
    sink.complete(id, event);
    return id;
  }

  @Test
  void aTextIsStoredWhenItsArtifactStoreIsBackBeforeTheLastTry() throws Exception {
    proxy.inject(2, on("PUT", "error_details.txt"), Fault.answer(503, ""));
    String id = completedAtTheThirdTry();
    assertThat(runs.artifact(id, "error_details.txt")).isEqualTo("why");
    assertThat(runs.run(id).tags()).doesNotContainKey("runtracker.artifact_error");
  }

  @Test
  void aFrozenServerTimesOutAndAKilledOneIsUnavailable() throws Exception {
    try (MlflowServer own = MlflowServer.start(MlflowServer.Options.plain())) {
      MlflowSink impatient =
          sink()
              .trackingUri(own.uri().toString())
              .experimentId("0")
              .requestTimeout(Duration.ofSeconds(5))
              .build();
      impatient.create(request("/ok").build());
      own.freeze();
      RequestEvent event = request("/frozen").build();
      SinkException failure =
          catchThrowableOfType(SinkException.class, () -> impatient.create(event));
      assertThat(failure.kind()).isEqualTo(Kind.UNKNOWN);
      own.thaw();
      if (impatient.find(event).isEmpty()) {
        impatient.create(event);
      }
      assertThat(MlflowRuns.of(own).search("0"))
          .filteredOn(run -> run.name().startsWith("GET_/frozen"))
          .hasSize(1);
      own.kill();
      assertThat(createFails(impatient).kind()).isIn(Kind.UNAVAILABLE, Kind.UNKNOWN);
      assertThat(createFails(impatient).kind()).isEqualTo(Kind.UNAVAILABLE);
      impatient.close();
    }
  }

  @Test
  void aClosedSinkSaysSo() {
    MlflowSink closed = sink().build();
    closed.close();
    assertThat(createFails(closed).getMessage()).contains("closed");
  }
}
