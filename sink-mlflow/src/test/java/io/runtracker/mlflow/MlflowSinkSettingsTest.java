// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.runtracker.internal.config.Setting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** Which settings make a sink, and what the others are told. */
class MlflowSinkSettingsTest {

  private static final String SECRET = "s3cr3t";

  @TempDir Path home;

  private Map<String, String> with(String... pairs) {
    Map<String, String> environment = new HashMap<>(Map.of("HOME", home.toString()));
    for (int i = 0; i < pairs.length; i += 2) {
      environment.put(pairs[i], pairs[i + 1]);
    }
    return environment;
  }

  private static MlflowSettings settings(Map<String, String> environment) {
    return new SettingsResolver(MlflowSink.builder().environment(environment)).resolve();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "MLFLOW_TRACKING_URI | file:/tmp/mlruns | is file:...; runs are written to a server",
        "MLFLOW_TRACKING_URI | sqlite:///s3cr3t.db | is sqlite:...; runs are written to a server",
        "MLFLOW_TRACKING_URI | postgresql://u:s3cr3t@db/mlflow | is postgresql:...",
        "MLFLOW_TRACKING_URI | ./mlruns | is a path or a bare name",
        "MLFLOW_TRACKING_URI | C:\\mlruns | is a path or a bare name",
        "MLFLOW_TRACKING_URI | localhost:5000 | must start with http:// or https://",
        "MLFLOW_TRACKING_URI | http:// | is not a URI",
        "MLFLOW_TRACKING_URI | http://h/?token=s3cr3t | neither a query nor a fragment",
        "MLFLOW_TRACKING_URI | http://u:s3cr3t@h:80 0/ | is not a URI",
        "MLFLOW_TRACKING_URI | http://h:99999 | the port must be 1 to 65535, but is 99999",
        "MLFLOW_TRACKING_URI | http://h:-1 | must name a host",
        "HTTP_PROXY | socks5://u:s3cr3t@h:1080 | must be a proxy that is spoken to by http://",
        "HTTP_PROXY | http://u:s3cr3t@h:0 | the port must be 1 to 65535",
        "http_proxy | http://u:s3cr3t @h | is not a URI",
        "MLFLOW_TRACKING_URI | http://u@h | a user is set, but no password",
        "MLFLOW_TRACKING_USERNAME | alice | a user is set, but no password",
        "MLFLOW_TRACKING_PASSWORD | s3cr3t | a password is set, but no user",
        "MLFLOW_TRACKING_AWS_SIGV4 | true | signing for AWS is not supported",
        "MLFLOW_TRACKING_AUTH | plugin | authentication plugins are not supported",
        "MLFLOW_TRACKING_INSECURE_TLS | perhaps | must be true or false, but is 'perhaps'",
        "MLFLOW_TRACKING_SERVER_CERT_PATH | /no/such.pem | /no/such.pem cannot be used: it cannot be read",
        "MLFLOW_TRACKING_CLIENT_CERT_PATH | /no/such.pem | /no/such.pem cannot be used: it cannot be read",
        "MLFLOW_EXPERIMENT_ID | my experiment | must be a number, but is 'my experiment'",
        "MLFLOW_HTTP_REQUEST_TIMEOUT | soon | must be a duration such as",
        "MLFLOW_HTTP_REQUEST_TIMEOUT | 0 | must be longer than zero",
        "RUNTRACKER_CONNECT_TIMEOUT | -1 | must be a duration such as",
        "RUNTRACKER_DURATION_METRIC | 2 | must be true or false",
        "RUNTRACKER_WINDOW_ROUTES | many | must be a whole number, but is 'many'",
        "RUNTRACKER_WINDOW_ROUTES | -1 | RUNTRACKER_WINDOW_ROUTES must be between 0 and 80, but is -1",
        "RUNTRACKER_WINDOW_ROUTES | 81 | RUNTRACKER_WINDOW_ROUTES must be between 0 and 80, but is 81",
        "RUNTRACKER_WINDOW_FAILURE_RATIO | half | must be a number, but is 'half'",
        "RUNTRACKER_WINDOW_FAILURE_RATIO | 50 | must be between 0 and 1, but is 50.0",
        "RUNTRACKER_WINDOW_FAILURE_RATIO | NaN | must be between 0 and 1, but is NaN",
        "MLFLOW_RUN_CONTEXT | {\"a\": | is no JSON",
        "MLFLOW_RUN_CONTEXT | [1] | must be a JSON object",
        "RUNTRACKER_PARENT_RUN | ../x | is '../x', which is no run's id",
        "MLFLOW_RUN_ID | a b | MLFLOW_RUN_ID is 'a b', which is no run's id",
        "MLFLOW_TRACKING_URI | databricks://no-such-profile | no credentials for Databricks",
      })
  void aVariableThatCannotBeUsedIsToldByNameAndWhy(String variable, String value, String why) {
    assertThatThrownBy(() -> MlflowSink.fromEnvironment(with(variable, value)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why)
        .message()
        .doesNotContain(SECRET);
  }

  @Test
  void contradictionsAreTold() {
    assertContradiction(
        MlflowSink.builder().username("a").password("b").token("c"), "a token and a user");
    assertContradiction(
        MlflowSink.builder().trackingUri("http://a:" + SECRET + "@h").token("c"), "a token and");
    assertContradiction(
        MlflowSink.builder().trackingUri("http://a:" + SECRET + "@h").username("c").password("d"),
        "the user is set twice");
    assertContradiction(
        MlflowSink.builder().experiment("a").experimentId("1"), "by its name or by its id");
    assertContradiction(MlflowSink.builder().experiment(" "), "1 to 500 characters");
    assertContradiction(MlflowSink.builder().username("a:b").password("c"), "nor hold a colon");
    assertContradiction(MlflowSink.builder().token("a\nb"), "the token must be printable");
    assertContradiction(MlflowSink.builder().workspace("a\nb"), "the workspace must be printable");
    assertContradiction(MlflowSink.builder().requestTimeout(Duration.ZERO), "longer than zero");
    assertContradiction(MlflowSink.builder().connectTimeout(Duration.ofNanos(1)), "1 ms at least");
    assertContradiction(
        MlflowSink.builder().windowRoutes(81), "windowRoutes must be between 0 and 80");
    assertContradiction(
        MlflowSink.builder().windowFailureRatio(-0.1),
        "windowFailureRatio must be between 0 and 1");
    assertContradiction(
        MlflowSink.builder().insecureTls(true).serverCertificate(Path.of("ca.pem")),
        "set one of the two");
  }

  private static void assertContradiction(MlflowSink.Builder builder, String why) {
    Throwable thrown = catchThrowable(() -> builder.environment(NO_ENVIRONMENT).build());
    assertThat(thrown).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(why);
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      assertThat(t.toString()).doesNotContain(SECRET);
    }
  }

  @Test
  void aKeyThatJavaDoesNotReadIsToldWithTheCommandThatMendsIt() throws Exception {
    String certificate = certificate();
    for (String kind : List.of("RSA ", "EC ", "ENCRYPTED ")) {
      Path pem = home.resolve("client.pem");
      Files.writeString(
          pem,
          certificate + "-----BEGIN " + kind + "PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----");
      assertContradiction(
          MlflowSink.builder().clientCertificate(pem), "openssl pkcs8 -topk8 -nocrypt");
    }
    Path noKey = Files.writeString(home.resolve("no-key.pem"), certificate);
    assertContradiction(
        MlflowSink.builder().clientCertificate(noKey), "must hold the private key as well");
    Path noPem = Files.writeString(home.resolve("no.pem"), "hello");
    assertContradiction(MlflowSink.builder().serverCertificate(noPem), "no PEM certificate");
  }

  private String certificate() throws Exception {
    Path store = home.resolve("key-" + System.nanoTime() + ".p12");
    keytool("-genkeypair", "-alias", "c", "-keyalg", "EC", "-dname", "CN=c", "-keystore", store);
    Path pem = home.resolve("cert.pem");
    keytool("-exportcert", "-rfc", "-alias", "c", "-keystore", store, "-file", pem);
    return Files.readString(pem);
  }

  private static void keytool(Object... arguments) throws Exception {
    List<String> command = new java.util.ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    command.addAll(List.of("-storepass", "changeit"));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).describedAs(output).isZero();
  }

  @Test
  void aHostMayHaveUnderscoresAsThoseOfContainersDo() {
    MlflowSettings settings =
        settings(with("MLFLOW_TRACKING_URI", "http://u:p@mlflow_server:5000/base"));
    assertThat(settings.server().address()).isEqualTo("http://mlflow_server:5000/base");
    assertThat(settings.server().authorization()).isEqualTo("Basic dTpw");
  }

  @Test
  void theVariablesMeanWhatTheyMeanToPythonUsers() {
    MlflowSettings settings =
        settings(
            with(
                "MLFLOW_TRACKING_URI", " https://u%40x:p%3Aw@host:8443/mlflow/v/ ",
                "MLFLOW_EXPERIMENT_NAME", "by name",
                "MLFLOW_EXPERIMENT_ID", "17",
                "MLFLOW_HTTP_REQUEST_TIMEOUT", "7",
                "MLFLOW_WORKSPACE", "team",
                "MLFLOW_RUN_ID", "abc",
                "RUNTRACKER_PARENT_RUN", "def",
                "RUNTRACKER_CONNECT_TIMEOUT", "250ms",
                "RUNTRACKER_DURATION_METRIC", "false",
                "RUNTRACKER_WINDOW_ROUTES", "5",
                "RUNTRACKER_WINDOW_FAILURE_RATIO", "0.05",
                "RUNTRACKER_SERVICE_NAME", "shop"));
    assertThat(settings.server().address()).isEqualTo("https://host:8443/mlflow/v");
    assertThat(settings.server().authorization()).isEqualTo("Basic dUB4OnA6dw==");
    assertThat(settings.experimentName()).isEqualTo("by name");
    assertThat(settings.requestTimeout()).isEqualTo(Duration.ofSeconds(7));
    assertThat(settings.connectTimeout()).isEqualTo(Duration.ofMillis(250));
    assertThat(settings.workspace()).isEqualTo("team");
    assertThat(settings.parentRun()).isEqualTo("def");
    assertThat(settings.durationMetric()).isFalse();
    assertThat(settings.windowRoutes()).isEqualTo(5);
    assertThat(settings.windowFailureRatio()).isEqualTo(0.05);
    assertThat(settings.serviceName()).isEqualTo("shop");
    assertThat(settings.defaultTags()).containsEntry("mlflow.source.name", "shop");
    assertThat(settings(with("MLFLOW_RUN_ID", "abc")).parentRun()).isEqualTo("abc");
    assertThat(settings(with("MLFLOW_EXPERIMENT_ID", "17")).experimentId()).isEqualTo("17");
  }

  @Test
  void blankVariablesAreAsGoodAsNone() {
    MlflowSettings settings =
        settings(
            with("MLFLOW_TRACKING_URI", " ", "MLFLOW_EXPERIMENT_NAME", "", "MLFLOW_RUN_ID", ""));
    assertThat(settings.server().address()).isEqualTo("http://127.0.0.1:5000");
    assertThat(settings.experimentName()).isNull();
    assertThat(settings.parentRun()).isNull();
  }

  @Test
  void theCredentialsFileIsReadWhenTheVariablesAreNotSet() throws Exception {
    Files.createDirectories(home.resolve(".mlflow"));
    Files.writeString(
        home.resolve(".mlflow/credentials"),
        """
        [other]
        mlflow_tracking_username = nobody
        # a remark
        [mlflow]
        MLFLOW_TRACKING_USERNAME = alice
        mlflow_tracking_password: p=w
        """);
    assertThat(settings(with()).server().authorization()).isEqualTo("Basic YWxpY2U6cD13");
    assertThat(settings(with("MLFLOW_TRACKING_USERNAME", "bob")).server().authorization())
        .isEqualTo("Basic Ym9iOnA9dw==");
  }

  @Test
  void userAndPasswordComeBeforeATokenAsInMlflowAndTheBuilderBeforeBoth() {
    Map<String, String> both =
        with(
            "MLFLOW_TRACKING_USERNAME", "alice",
            "MLFLOW_TRACKING_PASSWORD", "pw",
            "MLFLOW_TRACKING_TOKEN", "t");
    assertThat(settings(both).server().authorization()).startsWith("Basic ");
    assertThat(settings(with("MLFLOW_TRACKING_TOKEN", "t")).server().authorization())
        .isEqualTo("Bearer t");
    assertThat(
            new SettingsResolver(MlflowSink.builder().environment(both).token("mine"))
                .resolve()
                .server()
                .authorization())
        .isEqualTo("Bearer mine");
  }

  @Test
  void databricksIsFoundByItsVariablesOrItsFile() {
    Map<String, String> variables =
        with(
            "MLFLOW_TRACKING_URI", "databricks",
            "DATABRICKS_HOST", "https://x.cloud.databricks.com/",
            "DATABRICKS_TOKEN", "dapi");
    assertThat(settings(variables).server().address()).isEqualTo("https://x.cloud.databricks.com");
    assertThat(settings(variables).server().authorization()).isEqualTo("Bearer dapi");
  }

  @Test
  void aHostOfDatabricksWithoutASchemeIsTold() {
    assertThatThrownBy(
            () ->
                settings(
                    with(
                        "MLFLOW_TRACKING_URI", "databricks",
                        "DATABRICKS_HOST", "x.cloud.databricks.com",
                        "DATABRICKS_TOKEN", "dapi")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("DATABRICKS_HOST: must start with http:// or https://");
  }

  @Test
  void theDefaultServerIsSaidInOneLineAndNoCredentialIsEverLogged() {
    Logger logger = (Logger) LoggerFactory.getLogger("io.runtracker");
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    Level before = logger.getLevel();
    logger.setLevel(Level.INFO);
    logger.addAppender(log);
    try {
      MlflowSink.fromEnvironment(
              with(
                  "MLFLOW_TRACKING_USERNAME", "alice",
                  "MLFLOW_TRACKING_PASSWORD", SECRET,
                  "MLFLOW_TRACKING_TOKEN", SECRET))
          .close();
      assertThat(log.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .anyMatch(line -> line.contains("runs go to http://127.0.0.1:5000"))
          .noneMatch(line -> line.contains(SECRET));
    } finally {
      logger.detachAppender(log);
      logger.setLevel(before);
    }
  }

  @Test
  void aSinkThatWasBuiltHasNoThreads() {
    Set<Thread> before = threads();
    MlflowSink sink = MlflowSink.fromEnvironment(NO_ENVIRONMENT);
    assertThat(threads()).isSubsetOf(before); // those of other tests' sinks may end meanwhile
    sink.close();
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches("(runtracker-mlflow|HttpClient).*"))
        .collect(Collectors.toSet());
  }

  @ParameterizedTest
  @MethodSource("all")
  void theDocumentsSayOfEachSettingWhatTheCodeSays(Setting<?> setting) throws Exception {
    String row =
        String.join(
            " | ",
            "| `" + setting.name() + '`',
            '`' + setting.variable() + '`',
            setting.defaultText(),
            setting.meaning());
    assertThat(Files.readAllLines(Path.of("../docs/configuration.md")))
        .anyMatch(line -> line.startsWith(row));
  }

  static List<Setting<?>> all() {
    return SinkSettings.ALL;
  }

  /** The log names the sink by that. */
  @Test
  void itsNameSaysWhereRunsGoAndNothingSecret() {
    try (MlflowSink sink =
        MlflowSink.builder()
            .environment(Map.of())
            .trackingUri("http://user:s3cr3t@127.0.0.1:1")
            .experiment("shop")
            .build()) {
      assertThat(sink).hasToString("MLflow at http://127.0.0.1:1, experiment 'shop'");
    }
  }
}
