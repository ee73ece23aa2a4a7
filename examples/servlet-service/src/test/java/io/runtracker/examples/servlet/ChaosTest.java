// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Ledger;
import io.runtracker.internal.delivery.Spool;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two services under load that share a spool directory, and are killed again and again or closed in
 * the midst of it, while MLflow is killed, frozen and restarted and replies are cut and delayed.
 * Some requests fail, some are slow, and some handlers log params, metrics and texts. Every request
 * that was answered, and that a ledger then called spooled or delivered, has one run or is a row of
 * one window, and none is there twice or unfinished; the ledgers add up at each look.
 *
 * <p>{@code -Dchaos.kills=200} makes it the long one, {@code -Dchaos.forms=AUTO} runs one form
 * alone, {@code -Dchaos.seed} repeats its choices.
 */
@Tag("once")
class ChaosTest {

  private static final int KILLS = Integer.getInteger("chaos.kills", 3);
  private static final long SEED = Long.getLong("chaos.seed", System.nanoTime());

  private static final int SERVICES = 2;

  private final Random random = new Random(SEED);
  private final AtomicInteger numbers = new AtomicInteger();
  private final Set<Integer> mustBeThere = new HashSet<>();
  private final List<String> wrongLedgers = new ArrayList<>();
  private int looks;

  @TempDir Path directory;

  private static String[] forms() {
    return System.getProperty("chaos.forms", "RUN,WINDOW,AUTO").split(",");
  }

  @ParameterizedTest
  @MethodSource("forms")
  void every_answered_request_is_written_once_whatever_is_killed(String trackAs) throws Exception {
    System.out.println("chaos " + trackAs + ": " + KILLS + " kills, -Dchaos.seed=" + SEED);
    try (MlflowServer server = MlflowServer.start(MlflowServer.Options.plain());
        FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowRuns mlflow = MlflowRuns.of(server);
      MlflowRuns.Experiment experiment = mlflow.createExperiment("chaos-" + trackAs);
      Map<String, String> environment = environment(proxy.uri(), experiment.name(), trackAs);

      Trouble trouble = new Trouble(server, proxy, new Random(SEED + 1));
      trouble.start();
      for (int kill = 0; kill < KILLS; kill++) {
        liveAndDie(environment);
      }
      trouble.end();

      List<Ledger> ledgers = drain(environment);
      WrittenRequests written = WrittenRequests.in(mlflow, experiment);
      report(trackAs, written, ledgers, proxy);
      reportSetAside();
      check(trackAs, written, ledgers);
    }
  }

  private Map<String, String> environment(URI server, String experiment, String trackAs) {
    Map<String, String> variables = new HashMap<>();
    variables.put("MLFLOW_TRACKING_URI", server.toString());
    variables.put("MLFLOW_EXPERIMENT_NAME", experiment);
    variables.put("MLFLOW_HTTP_REQUEST_TIMEOUT", "8");
    variables.put("RUNTRACKER_SPOOL_DIR", directory.resolve("spool").toString());
    variables.put("RUNTRACKER_SPOOL_SHARED", "true");
    variables.put("RUNTRACKER_MAX_RETRY_DELAY", "2s");
    // MLflow may stand still with fifteen calls at once, and two services make them.
    variables.put("RUNTRACKER_IN_FLIGHT", "4");
    // Longer than the longest freeze and the longest delay of a reply together.
    variables.put("RUNTRACKER_LOOKUP_DELAY", "12s");
    variables.put("RUNTRACKER_TRACK_AS", trackAs);
    variables.put("RUNTRACKER_SLOW_THRESHOLD", "40ms");
    // Short and small, so that many are sent within the few seconds that a service lives.
    variables.put("RUNTRACKER_WINDOW_AGE", "300ms");
    variables.put("RUNTRACKER_WINDOW_ROWS", "20");
    // So small that AUTO turns to windows within a life.
    variables.put("RUNTRACKER_QUEUE_SIZE", "100");
    return variables;
  }

  /** Both services serve for a while; then each is killed or, now and then, told to end. */
  private void liveAndDie(Map<String, String> environment) throws Exception {
    List<LoadedService> services = start(environment);
    for (LoadedService service : services) {
      service.load(random);
    }
    for (LoadedService service : services) {
      TimeUnit.MILLISECONDS.sleep(300 + random.nextInt(1_000));
      service.end(random.nextInt(4) > 0);
      mustBeThere.addAll(service.safe());
      wrongLedgers.addAll(service.wrongLedgers());
      looks += service.looks();
    }
  }

  private List<LoadedService> start(Map<String, String> environment) throws IOException {
    List<LoadedService> services = new ArrayList<>();
    for (int i = 0; i < SERVICES; i++) {
      Path log = directory.resolve("service.log");
      services.add(LoadedService.start(environment, log, numbers));
    }
    return services;
  }

  /**
   * A service for each part of the directory, with all well again, until its ledger says that
   * nothing waits. There may be more parts than services were: one that takes over a part holds it.
   */
  private List<Ledger> drain(Map<String, String> environment) throws Exception {
    List<LoadedService> services = new ArrayList<>();
    for (Path part : parts()) {
      Map<String, String> alone = new HashMap<>(environment);
      alone.put("RUNTRACKER_SPOOL_DIR", part.toString());
      alone.put("RUNTRACKER_SPOOL_SHARED", "false");
      services.add(LoadedService.start(alone, directory.resolve("service.log"), numbers));
    }
    for (LoadedService service : services) {
      service.awaitSettled(Duration.ofMinutes(5 + KILLS / 4));
    }
    for (LoadedService service : services) {
      service.end(false);
    }
    List<Ledger> ledgers = new ArrayList<>();
    for (Path part : parts()) {
      try (Spool spool = Spool.open(part)) {
        ledgers.add(spool.ledger());
      }
    }
    return ledgers;
  }

  private List<Path> parts() throws IOException {
    List<Path> parts = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory.resolve("spool"))) {
      found.forEach(parts::add);
    }
    return parts;
  }

  private void report(
      String trackAs, WrittenRequests written, List<Ledger> ledgers, FaultProxy proxy) {
    System.out.printf(
        "chaos %s: %d kills of two services, sent %d, safe %d, written %d (runs %d, windows %d),"
            + " calls %d, looks at the ledger %d, missing: %d, twice: %d, unfinished: %d, %s%n",
        trackAs,
        KILLS,
        numbers.get(),
        mustBeThere.size(),
        written.requests(),
        written.runs(),
        written.windows(),
        proxy.requests().size(),
        looks,
        written.missing(mustBeThere).size(),
        written.twice().size(),
        written.unfinished().size(),
        ledgers);
  }

  /** Why requests were set aside, if any were: they must not be. */
  private void reportSetAside() throws IOException {
    try (Stream<Path> files = Files.walk(directory.resolve("spool"))) {
      for (Path file : files.filter(ChaosTest::isSetAside).toList()) {
        System.out.println("chaos: set aside in " + file + ": " + Files.readString(file));
      }
    }
  }

  private static boolean isSetAside(Path file) {
    return Files.isRegularFile(file) && file.getParent().endsWith("rejected");
  }

  private void check(String trackAs, WrittenRequests written, List<Ledger> ledgers) {
    assertThat(mustBeThere).hasSizeGreaterThan(KILLS);
    assertThat(written.missing(mustBeThere)).as("missing").isEmpty();
    assertThat(written.twice()).as("written twice").isEmpty();
    assertThat(written.unfinished()).as("unfinished").isEmpty();
    assertThat(written.runs() > 0).isEqualTo(!trackAs.equals("WINDOW"));
    assertThat(written.windows() > 0).isEqualTo(!trackAs.equals("RUN"));
    assertThat(wrongLedgers).as("ledgers that do not add up, of " + looks).isEmpty();
    assertThat(ledgers)
        .allSatisfy(ledger -> assertThat(ledger.dropped()).isEmpty())
        .allSatisfy(ledger -> assertThat(ledger.isComplete()).as("%s", ledger).isTrue());
    assertThat(ledgers.stream().mapToLong(Ledger::delivered).sum()).isEqualTo(written.requests());
  }

  /** What happens to MLflow and to the way there, until it is told to end. */
  private static final class Trouble {
    private final MlflowServer server;
    private final FaultProxy proxy;
    private final Random random;
    private final Thread thread = new Thread(this::run, "trouble");
    private volatile boolean ending;

    Trouble(MlflowServer server, FaultProxy proxy, Random random) {
      this.server = server;
      this.proxy = proxy;
      this.random = random;
    }

    void start() {
      Random choices = new Random(random.nextLong());
      proxy.inject(request -> chance(choices, 0.03), Fault.cutReply());
      proxy.inject(request -> chance(choices, 0.03), Fault.delayReply(Duration.ofSeconds(1)));
      proxy.inject(request -> chance(choices, 0.01), Fault.garbage());
      proxy.inject(request -> chance(choices, 0.01), Fault.answer(503));
      thread.start();
    }

    private static boolean chance(Random random, double share) {
      synchronized (random) {
        return random.nextDouble() < share;
      }
    }

    private void run() {
      while (!ending) {
        try {
          TimeUnit.MILLISECONDS.sleep(1_000 + random.nextInt(4_000));
          if (random.nextInt(3) == 0) {
            server.kill();
            TimeUnit.MILLISECONDS.sleep(random.nextInt(2_000));
            server.restart();
          } else {
            server.freeze();
            TimeUnit.MILLISECONDS.sleep(random.nextInt(4_000));
            server.thaw();
          }
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    void end() throws InterruptedException {
      ending = true;
      thread.join();
      proxy.clear();
    }
  }
}
