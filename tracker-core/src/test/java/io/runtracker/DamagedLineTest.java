// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.sink.SinkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever happens to a file of a spool, the next tracker starts, takes new requests, and writes
 * each request once: the old ones that were not hit too.
 */
@Tag("once")
class DamagedLineTest {

  private static final int TRIES = Integer.getInteger("damage.tries", 1);

  @TempDir Path temporary;

  private MemoryWindowSink sink = new MemoryWindowSink();
  private int spools;

  static Stream<Arguments> harms() {
    return Stream.of(TrackAs.values())
        .flatMap(form -> Stream.of(Harm.values()).map(harm -> Arguments.of(form, harm)));
  }

  /** What a process leaves that was killed with windows and runs under way, and one set aside. */
  private Path spool(TrackAs trackAs) throws IOException {
    Path spool = Files.createDirectory(temporary.resolve("spool" + spools++));
    sink = new MemoryWindowSink();
    sink.runs.beforeCreate = DamagedLineTest::refuse;
    try (Tracker tracker = Requests.tracker(sink, trackAs, spool).build()) {
      Requests.serve(tracker, "/refused", 1); // before others, which must pass meanwhile
      Requests.serve(tracker, "/", 30);
      long others = serveOthersUntilSettled(tracker);
      AtomicBoolean isOver = new AtomicBoolean();
      AtomicInteger standing = new AtomicInteger();
      sink.beforeCreate = window -> standAfter(isOver);
      sink.runs.beforeCreate =
          event -> {
            standAfter(isOver);
            refuse(event);
          };
      sink.beforeComplete = window -> stand(standing);
      sink.runs.beforeComplete = event -> stand(standing);
      int before = sink.created().size() + sink.runs.created().size();
      for (int i = 0; i < 60; i++) {
        Requests.open(tracker, "/").end(i % 10 == 0 ? 500 : 200, null);
      }
      await().until(() -> tracker.stats().ledger().accepted() == 91 + others);
      awaitStandstill(standing, before);
      isOver.set(true);
      return Crash.leaving(spool);
    } finally {
      sink.isWellAgain();
      sink.runs.beforeCreate = DamagedLineTest::refuse;
      sink.runs.beforeComplete = event -> {};
    }
  }

  /** Only while others pass is anything set aside. */
  private static long serveOthersUntilSettled(Tracker tracker) {
    Ledger settled =
        await()
            .atMost(Requests.LONG)
            .until(
                () -> {
                  Requests.serve(tracker, "/", 1);
                  return tracker.flush(Duration.ofMillis(20));
                },
                ledger -> ledger.inFlight() + ledger.spooled() == 0);
    return settled.accepted() - 31;
  }

  private static void refuse(RequestEvent event) throws SinkException {
    if (event.target().path().equals("/refused")) {
      throw new SinkException(SinkException.Kind.REFUSED, "refused", null);
    }
  }

  private static void stand(AtomicInteger standing) throws InterruptedException {
    standing.incrementAndGet();
    Thread.sleep(60_000);
  }

  /** A call that comes when the process is said to have crashed was never made. */
  private static void standAfter(AtomicBoolean isOver) throws InterruptedException {
    if (isOver.get()) {
      Thread.sleep(60_000);
    }
  }

  /** Until each call stands that there is a place for: a crash leaves no file half copied. */
  private void awaitStandstill(AtomicInteger standing, int before) {
    AtomicInteger seen = new AtomicInteger();
    await()
        .pollInterval(Duration.ofMillis(100))
        .until(
            () -> {
              int now = standing.get();
              int created = sink.created().size() + sink.runs.created().size() - before;
              return now > 0 && now == created && now == seen.getAndSet(now);
            });
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest
  @MethodSource("harms")
  void each_request_is_written_once_whatever_happened_to_a_file(TrackAs trackAs, Harm harm)
      throws IOException {
    int files = Harm.victims(spool(trackAs)).size();
    for (int attempt = 0; attempt < TRIES * files; attempt++) {
      Path spool = spool(trackAs);
      List<Path> victims = Harm.victims(spool);
      Path victim = victims.get(attempt % victims.size());
      harm.strike(victim, new Random(31L * attempt + harm.ordinal()));
      startsAndGoesOn(trackAs, harm, spool, victim);
    }
  }

  private void startsAndGoesOn(TrackAs trackAs, Harm harm, Path spool, Path victim) {
    long before = sink.written().stream().distinct().count();
    Ledger ledger;
    try (Tracker tracker = Requests.tracker(sink, trackAs, spool).build()) {
      Requests.serve(tracker, "/new", 5);
      ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.inFlight() + ledger.spooled()).as("%s: %s", victim, ledger).isZero();
      TrackerTest.assertAddsUp(ledger);
    }
    long after = sink.written().stream().distinct().count();
    assertThat(after - before).as("%s: new ones", victim).isGreaterThanOrEqualTo(5);
    boolean isSegment = victim.toString().endsWith(".seg");
    if (!isSegment) {
      assertThat(ledger.dropped().keySet()).as("%s", victim).isSubsetOf(DropReason.REFUSED);
    }
    List<String> asRuns = MemoryWindowSink.ids(sink.runs.completed()).stream().distinct().toList();
    assertThat(Stream.concat(asRuns.stream(), sink.inWindows().stream()))
        .as("%s", victim)
        .doesNotHaveDuplicates();
    assertThat(MemoryWindowSink.ids(sink.runs.created())).as("%s", victim).doesNotHaveDuplicates();
  }
}
