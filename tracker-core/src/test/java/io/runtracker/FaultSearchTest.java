// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Several lives of one spool. In each there are requests that the server never takes, with whatever
 * answer; the server fails other calls by chance; and the process is killed somewhere. {@code
 * -Dfaults.trials=200} makes it a long one, {@code -Dfaults.seed} says where it begins.
 */
@Tag("once")
class FaultSearchTest {

  private static final Kind[] ANSWERS = {
    Kind.UNAVAILABLE, Kind.UNKNOWN, Kind.FAILED, Kind.UNAUTHORIZED, Kind.TOO_LARGE, Kind.REFUSED
  };

  /** Of a call that took effect. */
  private static final Kind[] LOST_ANSWERS = {Kind.UNKNOWN, Kind.FAILED};

  private static final Pattern PATH = Pattern.compile("(?<=:8080)/\\w+/\\w+/\\w+");

  @TempDir Path temporary;

  private final MemoryWindowSink sink = new MemoryWindowSink();
  private final List<StoppedLine> lines = new ArrayList<>();
  private final List<Tracker> trackers = new ArrayList<>();
  private int served;

  static Stream<Integer> seeds() {
    int first = Integer.getInteger("faults.seed", 0);
    return Stream.iterate(first, seed -> seed + 1).limit(Integer.getInteger("faults.trials", 50));
  }

  private static <T> T oneOf(T[] all, Random random) {
    return all[random.nextInt(all.length)];
  }

  private void makeTrouble(Random random, int percent) {
    sink.creating = events -> failByChance(random, percent, ANSWERS);
    sink.completing =
        events -> {
          failByChance(random, percent, ANSWERS);
          failForBad(random, events);
        };
    sink.runs.beforeCreate = event -> failForBad(random, List.of(event));
    sink.lookingUp = () -> failByChance(random, percent, ANSWERS);
    sink.discarding = () -> failByChance(random, percent, ANSWERS);
    sink.afterCreate = window -> failByChance(random, percent, LOST_ANSWERS);
    sink.afterComplete = window -> failByChance(random, percent, LOST_ANSWERS);
    sink.runs.afterCreate = event -> failByChance(random, percent, LOST_ANSWERS);
  }

  private static void failByChance(Random random, int percent, Kind[] answers)
      throws SinkException {
    synchronized (random) {
      if (random.nextInt(100) < percent) {
        throw new SinkException(oneOf(answers, random), "by chance", null);
      }
    }
  }

  private static void failForBad(Random random, List<RequestEvent> events) throws SinkException {
    for (RequestEvent event : events) {
      String[] path = event.target().path().split("/");
      if (path[1].equals("bad")) {
        fail(path[2], random);
      }
    }
  }

  private static void fail(String how, Random random) throws SinkException {
    switch (how) {
      case "ERROR" -> throw new NoClassDefFoundError("told by the test");
      case "MIXED" -> failByChance(random, 100, ANSWERS);
      default -> throw new SinkException(Kind.valueOf(how), "told by the test", null);
    }
  }

  private static String anyBad(Random random) {
    int answer = random.nextInt(ANSWERS.length + 2);
    return answer < ANSWERS.length
        ? ANSWERS[answer].name()
        : answer == ANSWERS.length ? "MIXED" : "ERROR";
  }

  @AfterEach
  void endAllLives() {
    lines.forEach(StoppedLine::release);
    trackers.forEach(tracker -> tracker.close(Duration.ZERO));
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void each_good_request_is_written_once_and_only_bad_ones_are_set_aside(int seed)
      throws Exception {
    Random random = new Random(seed);
    int badEach = 8 << random.nextInt(3);
    makeTrouble(new Random(seed), random.nextInt(3) * 2);
    Path spool = Files.createDirectory(temporary.resolve("spool"));
    for (int kills = 1 + random.nextInt(3); kills > 0; kills--) {
      FailPoint point = oneOf(FailPoint.values(), random);
      StoppedLine line = new StoppedLine(point, 1 + random.nextInt(20), spool, () -> 0L);
      live(spool, line, random, badEach);
      spool = line.stop();
    }
    int before = served; // of these a kill may have taken what was not yet safe
    StoppedLine unstopped =
        new StoppedLine(FailPoint.BEFORE_ROUND, Integer.MAX_VALUE, spool, () -> 0L);
    Ledger ledger = live(spool, unstopped, random, badEach);
    eachIsWrittenOnceOrSetAside(ledger, spool);
    assertThat(settledIn(spool)).containsAll(IntStream.range(before, served).boxed().toList());
  }

  /** Until all is settled or, before that, the line is stopped. */
  private Ledger live(Path spool, StoppedLine line, Random random, int badEach) {
    lines.add(line);
    Tracker tracker =
        Requests.tracker(sink, oneOf(TrackAs.values(), random), spool)
            .sink(line.seeing(sink))
            .queueSize(200)
            .batchAge(Duration.ofMillis(1))
            .failPoints(line)
            .build();
    trackers.add(tracker);
    for (int i = 20 + random.nextInt(80); i > 0; i--) {
      boolean isBad = random.nextInt(badEach) == 0;
      String path = isBad ? "/bad/" + anyBad(random) : "/good/request";
      Requests.open(tracker, path + '/' + served++).end(random.nextInt(10) == 0 ? 500 : 200, null);
    }
    await()
        .atMost(Requests.LONG)
        .untilAsserted(
            () -> {
              Requests.serve(tracker, "/good/other/" + served++, 1);
              Ledger ledger = tracker.flush(Duration.ofMillis(10));
              if (line.left() == null) {
                assertThat(ledger.inFlight() + ledger.spooled()).as("%s", tracker.stats()).isZero();
              }
            });
    return tracker.stats().ledger();
  }

  private void eachIsWrittenOnceOrSetAside(Ledger ledger, Path spool) throws IOException {
    assertThat(MemoryWindowSink.ids(sink.runs.created())).doesNotHaveDuplicates();
    assertThat(sink.rewritten()).isEmpty();
    assertThat(written()).doesNotHaveDuplicates().allMatch(path -> path.startsWith("/good"));
    assertThat(setAsideIn(spool)).allMatch(path -> path.startsWith("/bad"));
    TrackerTest.assertAddsUp(ledger);
    assertThat(ledger.delivered()).isEqualTo(written().size());
    assertThat(ledger.droppedTotal()).isEqualTo(setAsideIn(spool).size());
    assertThat(ledger.dropped().keySet()).isSubsetOf(DropReason.REFUSED, DropReason.DELIVERY_FAULT);
  }

  /** The paths in complete runs. One run may have been completed twice, to the same. */
  private List<String> written() {
    Stream<String> asRuns = sink.runs.completed().stream().map(FaultSearchTest::pathOf).distinct();
    Stream<String> inWindows =
        sink.windows().stream().flatMap(w -> w.events().stream()).map(FaultSearchTest::pathOf);
    return Stream.concat(asRuns, inWindows).toList();
  }

  private static String pathOf(RequestEvent event) {
    return event.target().path();
  }

  /** The numbers of all requests that are written or set aside. */
  private Set<Integer> settledIn(Path spool) throws IOException {
    return Stream.concat(written().stream(), setAsideIn(spool).stream())
        .map(path -> Integer.valueOf(path.substring(path.lastIndexOf('/') + 1)))
        .collect(Collectors.toSet());
  }

  private static Set<String> setAsideIn(Path spool) throws IOException {
    Set<String> paths = new HashSet<>();
    Path rejected = spool.resolve("rejected");
    if (Files.exists(rejected)) {
      try (Stream<Path> files = Files.list(rejected)) {
        for (Path file : files.toList()) {
          PATH.matcher(Files.readString(file, UTF_8)).results().forEach(r -> paths.add(r.group()));
        }
      }
    }
    return paths;
  }
}
