// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.examples.servlet.Client.Call;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A service in a process of its own, clients that ask it without end, and one that looks at its
 * ledger meanwhile. Some requests fail, some are slow, and some handlers log params, metrics and
 * texts.
 */
final class LoadedService {

  private static final int CONNECTIONS = 2;
  private static final int PAUSE_MILLIS = 40;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ServiceProcess service;
  private final Client client;
  private final AtomicInteger numbers;
  private final Set<Integer> answered = ConcurrentHashMap.newKeySet();
  private final Set<Integer> safe = ConcurrentHashMap.newKeySet();
  private final AtomicInteger sent = new AtomicInteger();
  private final ConcurrentLinkedQueue<String> wrongLedgers = new ConcurrentLinkedQueue<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean pausing;
  private volatile int looks;
  private long offeredBefore;

  private LoadedService(ServiceProcess service, AtomicInteger numbers) {
    this.service = service;
    this.client = new Client(service.port(), 1);
    this.numbers = numbers;
  }

  /** Starts it, without load. */
  static LoadedService start(Map<String, String> environment, Path log, AtomicInteger numbers)
      throws IOException {
    return new LoadedService(ServiceProcess.start(environment, log), numbers);
  }

  void load(Random random) throws IOException, InterruptedException {
    pausing = false;
    if (sent.get() == 0) {
      offeredBefore = ledger().get("offered").asLong();
    }
    for (int i = 0; i < CONNECTIONS; i++) {
      Random choices = new Random(random.nextLong());
      threads.add(new Thread(() -> sendUntilItDies(choices), "load-" + i));
    }
    threads.add(new Thread(this::lookAtLedger, "ledger"));
    threads.forEach(Thread::start);
  }

  /** Ends the load; what was answered is known then. */
  void pause() throws InterruptedException {
    pausing = true;
    for (Thread thread : threads) {
      thread.join();
    }
    threads.clear();
  }

  /** By SIGKILL or, in its own time, by SIGTERM, which makes safe what was answered. */
  void end(boolean isKilled) throws InterruptedException {
    if (isKilled) {
      service.kill();
    } else {
      service.stop();
    }
    pause();
    client.close();
    if (!isKilled) {
      safe.addAll(answered);
    }
  }

  /** The numbers of the requests that were answered. */
  Set<Integer> answered() {
    return answered;
  }

  /** Those of them that the spool held, or MLflow, as the ledger said after they were answered. */
  Set<Integer> safe() {
    return safe;
  }

  /** Ledgers that did not add up. */
  List<String> wrongLedgers() {
    return List.copyOf(wrongLedgers);
  }

  int looks() {
    return looks;
  }

  private void sendUntilItDies(Random choices) {
    while (!pausing) {
      int number = numbers.incrementAndGet();
      Call call = call(number, choices.nextInt(100));
      sent.incrementAndGet();
      try {
        assertThat(client.send(call).status()).isEqualTo(call.status());
        answered.add(number);
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      } catch (IOException | InterruptedException killed) {
        return;
      }
    }
  }

  private static Call call(int number, int percent) {
    if (percent < 3) {
      return Call.get("/fail?n=" + number, 503);
    } else if (percent < 6) {
      return Call.get("/slow?ms=50&n=" + number, 200);
    } else if (percent < 16) {
      return new Call("POST", "/predict?n=" + number, "input " + number, 200);
    }
    return Call.get("/items/" + number, 200);
  }

  private void lookAtLedger() {
    while (!pausing) {
      try {
        Set<Integer> answeredBefore = Set.copyOf(answered);
        JsonNode ledger = ledger();
        looks++;
        if (holdsAllSafe(ledger)) {
          safe.addAll(answeredBefore);
        }
        if (!addsUp(ledger)) {
          wrongLedgers.add(ledger.toString());
        }
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      } catch (IOException | InterruptedException killed) {
        return;
      }
    }
  }

  /**
   * Whether the tracker had seen the end of each request that was sent, and has lost none since.
   */
  private boolean holdsAllSafe(JsonNode ledger) {
    long offered = ledger.get("offered").asLong() - offeredBefore;
    return offered >= sent.get() && ledger.get("inFlight").asLong() == 0;
  }

  JsonNode ledger() throws IOException, InterruptedException {
    return JSON.readTree(client.send(Call.get("/tracker", 200)).body());
  }

  static boolean addsUp(JsonNode ledger) {
    long before = 0;
    long after = 0;
    for (Map.Entry<String, JsonNode> dropped : ledger.get("dropped").properties()) {
      boolean isBefore = Set.of("RING_FULL", "CLOSED").contains(dropped.getKey());
      before += isBefore ? dropped.getValue().asLong() : 0;
      after += isBefore ? 0 : dropped.getValue().asLong();
    }
    long accepted = ledger.get("accepted").asLong();
    long held = ledger.get("inFlight").asLong() + ledger.get("spooled").asLong();
    return ledger.get("offered").asLong() == accepted + before
        && accepted == ledger.get("delivered").asLong() + held + after
        && ledger.get("inFlight").asLong() >= 0;
  }

  /** Waits until nothing waits for delivery; the ledger then. */
  JsonNode awaitSettled(Duration atMost) {
    return await()
        .atMost(atMost)
        .pollInterval(Duration.ofMillis(300))
        .until(
            this::ledger,
            ledger -> ledger.get("inFlight").asLong() + ledger.get("spooled").asLong() == 0);
  }
}
