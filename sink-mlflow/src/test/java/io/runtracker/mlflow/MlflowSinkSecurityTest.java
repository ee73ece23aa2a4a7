// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;
import static io.runtracker.mlflow.TestEvents.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runtracker.RequestEvent;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server with basic authentication, behind TLS with a CA that nobody knows. */
@Timeout(180)
class MlflowSinkSecurityTest {

  private static MlflowServer server;
  private static String username;
  private static String password;

  @BeforeAll
  static void start() {
    server = MlflowServer.start(MlflowServer.Options.plain().withBasicAuth().withTls());
    username = server.username().orElseThrow();
    password = server.password().orElseThrow();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Map<String, String> environment(String... pairs) {
    Map<String, String> environment = new HashMap<>(NO_ENVIRONMENT);
    environment.put("MLFLOW_TRACKING_URI", server.uri().toString());
    for (int i = 0; i < pairs.length; i += 2) {
      environment.put(pairs[i], pairs[i + 1]);
    }
    return environment;
  }

  private static void writes(Map<String, String> environment) throws Exception {
    RequestEvent event = request("/secure").statusCode(500).error("E", "why").build();
    try (MlflowSink sink = MlflowSink.fromEnvironment(environment)) {
      String id = sink.create(event);
      sink.complete(id, event);
      assertThat(sink.find(event)).contains(id);
      assertThat(MlflowRuns.of(server).run(id).status()).isEqualTo("FAILED");
      assertThat(MlflowRuns.of(server).artifacts(id)).containsExactly("error_details.txt");
    }
  }

  private static SinkException fails(Map<String, String> environment) {
    try (MlflowSink sink = MlflowSink.fromEnvironment(environment)) {
      SinkException failure =
          catchThrowableOfType(SinkException.class, () -> sink.create(request("/x").build()));
      assertThat(failure.getMessage()).doesNotContain(password);
      return failure;
    }
  }

  @Test
  void runsAreWrittenWithItsCaAndItsCredentials() throws Exception {
    writes(
        environment(
            "MLFLOW_TRACKING_SERVER_CERT_PATH", server.caCertificate().orElseThrow().toString(),
            "MLFLOW_TRACKING_USERNAME", username,
            "MLFLOW_TRACKING_PASSWORD", password));
  }

  @Test
  void runsAreWrittenWithoutLookingAtCertificatesAndWithTheUserInTheAddress() throws Exception {
    String address =
        server.uri().toString().replace("https://", "https://" + username + ':' + password + '@');
    writes(environment("MLFLOW_TRACKING_INSECURE_TLS", "true", "MLFLOW_TRACKING_URI", address));
  }

  @Test
  void withoutItsCaTheServerIsUnavailableAndTheMessageSaysWhatToSet() {
    SinkException failure =
        fails(
            environment(
                "MLFLOW_TRACKING_USERNAME", username, "MLFLOW_TRACKING_PASSWORD", password));
    assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
    assertThat(failure.getMessage())
        .contains("unable to find valid certification path", "MLFLOW_TRACKING_SERVER_CERT_PATH");
  }

  @Test
  void missingAndWrongCredentialsAreUnauthorized() {
    assertThat(fails(environment("MLFLOW_TRACKING_INSECURE_TLS", "true")).kind())
        .isEqualTo(Kind.UNAUTHORIZED);
    assertThat(
            fails(
                    environment(
                        "MLFLOW_TRACKING_INSECURE_TLS",
                        "true",
                        "MLFLOW_TRACKING_USERNAME",
                        username,
                        "MLFLOW_TRACKING_PASSWORD",
                        "wrong-" + password))
                .kind())
        .isEqualTo(Kind.UNAUTHORIZED);
  }

  @Test
  void plainHttpToATlsPortIsNotARefusalOfTheRequest() {
    String address = server.uri().toString().replace("https:", "http:");
    assertThat(fails(environment("MLFLOW_TRACKING_URI", address)).kind())
        .isNotEqualTo(Kind.REFUSED);
  }

  @Test
  void aCallToAServerThatFrozeEndsInTimeAndByAnInterrupt() throws Exception {
    Map<String, String> environment =
        environment(
            "MLFLOW_TRACKING_SERVER_CERT_PATH",
            server.caCertificate().orElseThrow().toString(),
            "MLFLOW_TRACKING_USERNAME",
            username,
            "MLFLOW_TRACKING_PASSWORD",
            password,
            "MLFLOW_HTTP_REQUEST_TIMEOUT",
            "2");
    try (MlflowSink sink = MlflowSink.fromEnvironment(environment)) {
      sink.create(request("/before").build());
      server.freeze();
      assertThat(
              catchThrowableOfType(
                      SinkException.class, () -> sink.create(request("/frozen").build()))
                  .kind())
          .isEqualTo(Kind.UNKNOWN);
      Thread caller = Thread.currentThread();
      CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS).execute(caller::interrupt);
      assertThatThrownBy(() -> sink.create(request("/frozen").build()))
          .isInstanceOf(InterruptedException.class);
    } finally {
      server.thaw();
    }
  }
}
