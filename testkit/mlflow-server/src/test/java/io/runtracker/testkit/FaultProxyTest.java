// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static io.runtracker.testkit.FaultProxy.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.runtracker.testkit.FaultProxy.Request;
import io.runtracker.testkit.MlflowRuns.Experiment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("once")
class FaultProxyTest {

  private static final Predicate<Request> CREATE = on("POST", "runs/create");

  private final MlflowRuns runs = MlflowRuns.of(MlflowServer.shared());
  private FaultProxy proxy;
  private RawMlflow mlflow;
  private Experiment experiment;

  @BeforeEach
  void open() {
    proxy = FaultProxy.inFrontOf(MlflowServer.shared().uri());
    mlflow = new RawMlflow(proxy.uri());
    experiment = runs.createExperiment("proxy");
  }

  @AfterEach
  void close() {
    proxy.close();
  }

  @Test
  void withoutAFaultEverythingPasses() {
    String runId = mlflow.createRun(experiment.id(), "passes", 1);
    mlflow.putArtifact(experiment.id(), runId, "text.txt", "größer");

    assertThat(MlflowRuns.at(proxy.uri()).artifact(runId, "text.txt")).isEqualTo("größer");
  }

  @Test
  void aLargeBodyPassesWhole() {
    String runId = mlflow.createRun(experiment.id(), "large", 1);
    String text = "0123456789".repeat(300_000);
    mlflow.putArtifact(experiment.id(), runId, "large.txt", text);

    assertThat(MlflowRuns.at(proxy.uri()).artifact(runId, "large.txt")).isEqualTo(text);
  }

  @Test
  void aReplyInChunksPasses() throws IOException {
    HttpServer chunking =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    chunking.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, 0); // of unknown length: in chunks
          for (String part : List.of("one ", "two ", "three")) {
            exchange.getResponseBody().write(part.getBytes(StandardCharsets.UTF_8));
            exchange.getResponseBody().flush();
          }
          exchange.close();
        });
    chunking.start();
    URI uri = URI.create("http://127.0.0.1:" + chunking.getAddress().getPort());
    try (FaultProxy before = FaultProxy.inFrontOf(uri)) {
      RawMlflow client = new RawMlflow(before.uri());

      assertThat(client.get("/first").body()).isEqualTo("one two three");
      assertThat(client.get("/on-the-same-connection").body()).isEqualTo("one two three");
    } finally {
      chunking.stop(0);
    }
  }

  @Test
  void aCutReplyIsAnErrorToTheClientAndARunInMlflow() {
    proxy.inject(CREATE, Fault.cutReply());

    assertThatThrownBy(() -> mlflow.createRun(experiment.id(), "cut", 1))
        .isInstanceOf(UncheckedIOException.class);

    assertThat(runs.search(experiment.id())).hasSize(1);
    assertThat(proxy.count(CREATE)).isEqualTo(1);
  }

  @Test
  void whatHoldsATextMeetsAFaultAndAllElsePasses() {
    proxy.injectWhere("dislike", Fault.cutRequest());

    assertThatThrownBy(() -> mlflow.createRun(experiment.id(), "a-disliked-one", 1))
        .isInstanceOf(UncheckedIOException.class);
    mlflow.createRun(experiment.id(), "another", 1);

    assertThat(runs.search(experiment.id())).hasSize(1);
  }

  @Test
  void whatIsLongerMeetsAFaultAndAllElsePasses() {
    proxy.injectAbove(1_000, Fault.answer(413));

    assertThatThrownBy(() -> mlflow.createRun(experiment.id(), "a".repeat(1_000), 1))
        .hasMessageContaining("413");
    mlflow.createRun(experiment.id(), "a".repeat(100), 1);

    assertThat(runs.search(experiment.id())).hasSize(1);
  }

  @Test
  void aCutRequestNeverReachesMlflow() {
    proxy.inject(CREATE, Fault.cutRequest());

    assertThatThrownBy(() -> mlflow.createRun(experiment.id(), "cut", 1))
        .isInstanceOf(UncheckedIOException.class);

    assertThat(runs.search(experiment.id())).isEmpty();
  }

  @Test
  void aDelayedReplyComesAfterTheServerHasActed() {
    proxy.inject(CREATE, Fault.delayReply(Duration.ofHours(1)));
    AtomicBoolean answered = new AtomicBoolean();
    inBackground(
        () -> {
          mlflow.createRun(experiment.id(), "late", 1);
          answered.set(true);
        });

    await().until(() -> runs.search(experiment.id()).size() == 1);

    assertThat(answered).isFalse();
    assertThat(proxy.inFlight()).isEqualTo(1);
  }

  @Test
  void aReplyIsThereOnceItsDelayIsOver() {
    proxy.inject(Fault.delayReply(Duration.ofMillis(50)));

    assertThat(mlflow.createRun(experiment.id(), "late", 1)).isNotEmpty();
  }

  @Test
  void aHungRequestIsNotAnswered() {
    proxy.inject(Fault.hang());

    assertThatThrownBy(() -> mlflow.send(mlflow.request("/health").timeout(Duration.ofMillis(200))))
        .hasCauseInstanceOf(HttpTimeoutException.class);
    await().until(() -> proxy.inFlight() == 0);
  }

  @Test
  void aStalledReplyIsARunInMlflowAndNoAnswerBeforeTheClientGivesUp() {
    proxy.inject(CREATE, Fault.stallReply());
    CompletableFuture<Void> creation =
        CompletableFuture.runAsync(() -> mlflow.createRun(experiment.id(), "stalled", 1));

    await().until(() -> runs.search(experiment.id()).size() == 1);
    assertThat(creation).isNotDone();

    proxy.close();
    assertThat(creation).failsWithin(Duration.ofSeconds(10));
  }

  @Test
  void anAnswerOfItsOwnNeverReachesMlflow() {
    proxy.inject(CREATE, Fault.answer(503, Map.of("X-Why", "test"), "{}"));

    HttpResponse<String> answer = tryCreate();

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).isEqualTo("{}");
    assertThat(answer.headers().firstValue("X-Why")).contains("test");
    assertThat(runs.search(experiment.id())).isEmpty();
  }

  @Test
  void tooManyRequestsSaysWhenToComeAgain() {
    proxy.inject(Fault.tooManyRequests(Duration.ofSeconds(7)));

    HttpResponse<String> answer = tryCreate();

    assertThat(answer.statusCode()).isEqualTo(429);
    assertThat(answer.headers().firstValue("Retry-After")).contains("7");
  }

  @Test
  void garbageIsNoAnswer() {
    proxy.inject(Fault.garbage());

    assertThatThrownBy(this::tryCreate).isInstanceOf(UncheckedIOException.class);
  }

  @Test
  void aFaultMeetsOnlyTheRequestsItIsFor() {
    proxy.inject(on("POST", "runs/update"), Fault.answer(500));

    assertThat(tryCreate().statusCode()).isEqualTo(200);
  }

  @Test
  void aFaultIsOverAfterItsTimes() {
    proxy.inject(2, CREATE, Fault.answer(503));

    assertThat(List.of(tryCreate().statusCode(), tryCreate().statusCode()))
        .isEqualTo(List.of(503, 503));
    assertThat(tryCreate().statusCode()).isEqualTo(200);
  }

  @Test
  void clearedFaultsAreOver() {
    proxy.inject(Fault.answer(401));
    proxy.clear();

    assertThat(tryCreate().statusCode()).isEqualTo(200);
  }

  @Test
  void refusedConnectionsAreAcceptedAgainOnTheSamePort() {
    assertThat(tryCreate().statusCode()).isEqualTo(200);
    proxy.refuse();
    // The client's kept connection may notice its end only by a call of its own.
    await()
        .untilAsserted(
            () ->
                assertThatThrownBy(this::tryCreate)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasCauseInstanceOf(ConnectException.class));

    proxy.accept();

    assertThat(tryCreate().statusCode()).isEqualTo(200);
  }

  @Test
  void nobodyIsAcceptedOnceConnectionsAreRefused() throws IOException {
    InetSocketAddress address = new InetSocketAddress("127.0.0.1", proxy.uri().getPort());
    for (int i = 0; i < 500; i++) {
      proxy.refuse();
      try (Socket client = new Socket()) {
        assertThatThrownBy(() -> client.connect(address)).isInstanceOf(ConnectException.class);
      }
      proxy.accept();
    }
  }

  @Test
  void everyRequestIsWrittenDown() {
    mlflow.get("/health?a=b");
    proxy.inject(Fault.answer(500));
    tryCreate();

    assertThat(proxy.requests())
        .isEqualTo(
            List.of(
                new Request("GET", "/health", "a=b"),
                new Request("POST", "/api/2.0/mlflow/runs/create", "")));
  }

  @Test
  void theMostThatWereInFlightAtOnceIsRemembered() {
    proxy.inject(Fault.delayReply(Duration.ofHours(1)));
    for (int i = 0; i < 3; i++) {
      inBackground(() -> mlflow.get("/health"));
    }

    await().until(() -> proxy.maxInFlight() == 3);
  }

  /** What is asked here ends in an error when the proxy closes; nobody minds. */
  private static void inBackground(Runnable request) {
    Thread thread = new Thread(request);
    thread.setUncaughtExceptionHandler((which, error) -> {});
    thread.setDaemon(true);
    thread.start();
  }

  private HttpResponse<String> tryCreate() {
    return mlflow.tryPost("runs/create", "{\"experiment_id\": \"" + experiment.id() + "\"}");
  }
}
