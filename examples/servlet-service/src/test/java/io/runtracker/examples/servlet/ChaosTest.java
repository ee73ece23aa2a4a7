// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.examples.servlet.Client.Call;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A service under load that is killed again and again, while MLflow is killed, frozen and restarted
 * and replies are cut and delayed: every request that was answered long enough before a kill has
 * one run or is a row of one window, and none is there twice. Each life of the service writes runs
 * or windows, as chance has it, and takes up what the one before it left.
 *
 * <p>{@code -Dchaos.kills=200} makes it the long one, {@code -Dchaos.seed} repeats its choices.
 */
class ChaosTest {

  private static final int KILLS = Integer.getInteger("chaos.kills", 20);
  private static final long SEED = Long.getLong("chaos.seed", System.nanoTime());

  /** What the product promises: answered longer ago than this, a request survives. */
  private static final long SAFE_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private static final String KIND = "runtracker.kind";
  private static final String WINDOW = "window";

  /** Of a run without the tag: it is that of one request. */
  private static final String REQUEST = "request";

  private static final int CONNECTIONS = 4;
  private static final int PAUSE_MILLIS = 40;

  private final Random random = new Random(SEED);
  private final ObjectMapper json = new ObjectMapper();
  private final AtomicInteger numbers = new AtomicInteger();
  private final Map<Integer, Long> answered = new ConcurrentHashMap<>();
  private int answeredInAll;
  private final Set<Integer> mustBeThere = ConcurrentHashMap.newKeySet();

  @TempDir Path directory;

  @Test
  void every_answered_request_has_one_run_whatever_is_killed() throws Exception {
    System.out.println("chaos: " + KILLS + " kills, -Dchaos.seed=" + SEED);
    try (MlflowServer server = MlflowServer.start(MlflowServer.Options.plain());
        FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowRuns mlflow = MlflowRuns.of(server);
      MlflowRuns.Experiment experiment = mlflow.createExperiment("chaos");
      Map<String, String> environment = environment(proxy.uri(), experiment.name());

      Trouble trouble = new Trouble(server, proxy, new Random(SEED + 1));
      trouble.start();
      for (int kill = 0; kill < KILLS; kill++) {
        ServiceProcess service =
            start(trackingAs(random.nextBoolean() ? "RUN" : "WINDOW", environment));
        long lived = loadFor(service, Duration.ofMillis(300 + random.nextInt(1_700)));
        answered.forEach((number, nanos) -> markSafe(number, nanos, lived));
        answeredInAll += answered.size();
        answered.clear();
      }
      trouble.end();

      JsonNode ledger = drain(environment);
      Map<String, List<RecordedRun>> runs =
          mlflow.search(experiment.id()).stream()
              .collect(Collectors.groupingBy(run -> run.tags().getOrDefault(KIND, REQUEST)));
      Written written = written(mlflow, runs);
      report(written, ledger, proxy);
      check(written, ledger);
      assertThat(runs.get(REQUEST))
          .allSatisfy(run -> assertThat(run.metrics()).containsKey("duration_ms"));
      assertThat(runs.get(REQUEST)).extracting(RecordedRun::status).containsOnly("FINISHED");
      assertThat(runs.get(WINDOW)).extracting(RecordedRun::status).containsOnly("FINISHED");
    }
  }

  private Map<String, String> environment(URI server, String experiment) {
    return Map.of(
        "MLFLOW_TRACKING_URI",
        server.toString(),
        "MLFLOW_EXPERIMENT_NAME",
        experiment,
        "MLFLOW_HTTP_REQUEST_TIMEOUT",
        "8",
        "RUNTRACKER_SPOOL_DIR",
        directory.resolve("spool").toString(),
        "RUNTRACKER_MAX_RETRY_DELAY",
        "2s",
        // Longer than the longest freeze and the longest delay of a reply together.
        "RUNTRACKER_LOOKUP_DELAY",
        "12s");
  }

  private static Map<String, String> trackingAs(String kind, Map<String, String> environment) {
    Map<String, String> variables = new HashMap<>(environment);
    variables.put("RUNTRACKER_TRACK_AS", kind);
    // Short and small, so that many are sent within the few seconds that the service lives.
    variables.put("RUNTRACKER_WINDOW_AGE", "300ms");
    variables.put("RUNTRACKER_WINDOW_ROWS", "20");
    return variables;
  }

  private ServiceProcess start(Map<String, String> environment) throws IOException {
    return ServiceProcess.start(environment, directory.resolve("service.log"));
  }

  /** Sends requests for a while, then kills the service in the midst of them; when that was. */
  private long loadFor(ServiceProcess service, Duration time) throws Exception {
    List<Thread> connections = new ArrayList<>();
    try (Client client = new Client(service.port(), 1)) {
      for (int i = 0; i < CONNECTIONS; i++) {
        Thread connection = new Thread(() -> sendUntilItDies(client), "load-" + i);
        connections.add(connection);
        connection.start();
      }
      TimeUnit.NANOSECONDS.sleep(time.toNanos());
      long before = System.nanoTime();
      service.kill();
      for (Thread connection : connections) {
        connection.join();
      }
      return before;
    }
  }

  private void sendUntilItDies(Client client) {
    while (true) {
      int number = numbers.incrementAndGet();
      try {
        Client.Answer answer = client.send(Call.get("/items/" + number, 200));
        assertThat(answer.status()).isEqualTo(200);
        answered.put(number, System.nanoTime());
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      } catch (IOException | InterruptedException killed) {
        return;
      }
    }
  }

  private void markSafe(int number, long answeredNanos, long killedNanos) {
    if (killedNanos - answeredNanos > SAFE_AFTER_NANOS) {
      mustBeThere.add(number);
    }
  }

  /** One more service, with all well again, until its ledger says that nothing waits. */
  private JsonNode drain(Map<String, String> environment) throws Exception {
    ServiceProcess service = start(trackingAs("WINDOW", environment));
    try (Client client = new Client(service.port(), 1)) {
      return await()
          .atMost(Duration.ofMinutes(5 + KILLS / 10))
          .pollInterval(Duration.ofMillis(500))
          .until(
              () -> json.readTree(client.send(Call.get("/tracker", 200)).body()),
              ledger -> ledger.get("inFlight").asLong() + ledger.get("spooled").asLong() == 0);
    } finally {
      service.stop();
    }
  }

  /** How often each request is there, and in how many runs and windows. */
  private record Written(Map<Integer, Long> timesByNumber, int requests, int runs, int windows) {}

  private Written written(MlflowRuns mlflow, Map<String, List<RecordedRun>> byKind)
      throws IOException {
    List<RecordedRun> runs = byKind.getOrDefault(REQUEST, List.of());
    List<RecordedRun> windows = byKind.getOrDefault(WINDOW, List.of());
    List<String> urls = new ArrayList<>();
    runs.forEach(run -> urls.add(run.tags().get("http.url")));
    for (RecordedRun window : windows) {
      JsonNode table = json.readTree(mlflow.artifact(window.runId(), "requests.json"));
      int column = 0;
      while (!table.get("columns").get(column).asText().equals("url")) {
        column++;
      }
      for (JsonNode row : table.get("data")) {
        urls.add(row.get(column).asText());
      }
    }
    Map<Integer, Long> times =
        urls.stream()
            .map(url -> Integer.valueOf(url.replaceAll(".*/items/", "")))
            .collect(Collectors.groupingBy(number -> number, Collectors.counting()));
    return new Written(times, urls.size(), runs.size(), windows.size());
  }

  private void report(Written written, JsonNode ledger, FaultProxy proxy) {
    Map<Integer, Long> times = written.timesByNumber();
    long missing = mustBeThere.stream().filter(n -> !times.containsKey(n)).count();
    long duplicates = times.values().stream().filter(count -> count > 1).count();
    System.out.printf(
        "chaos: sent %d, answered %d, safe %d, written %d (runs %d, windows %d), calls %d, "
            + "missing: %d, duplicates: %d, %s%n",
        numbers.get(),
        answeredInAll,
        mustBeThere.size(),
        written.requests(),
        written.runs(),
        written.windows(),
        proxy.requests().size(),
        missing,
        duplicates,
        ledger);
  }

  private void check(Written written, JsonNode ledger) {
    assertThat(mustBeThere).hasSizeGreaterThan(KILLS);
    assertThat(written.timesByNumber().keySet()).as("missing").containsAll(mustBeThere);
    assertThat(written.timesByNumber().values()).as("duplicates").containsOnly(1L);
    assertThat(ledger.get("delivered").asLong()).isEqualTo(written.requests());
    assertThat(ledger.get("accepted").asLong()).isEqualTo(written.requests());
    assertThat(ledger.get("dropped")).isEmpty();
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
