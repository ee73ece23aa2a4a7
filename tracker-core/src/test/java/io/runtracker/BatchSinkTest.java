// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.sink.BatchSink;
import io.runtracker.sink.BatchWriter;
import io.runtracker.sink.RequestBatch;
import io.runtracker.sink.SinkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests go in batches, as they are, to a sink that knows what it has taken. */
@Tag("once")
class BatchSinkTest {

  @TempDir Path directory;

  private final MemoryBatchSink sink = new MemoryBatchSink();

  private Tracker.Builder tracker(BatchSink to) {
    return Requests.tracker(to)
        .windowRows(20)
        .windowAge(Duration.ofMillis(5))
        .closeTimeout(Duration.ZERO);
  }

  private Tracker.Builder tracker() {
    return tracker(sink);
  }

  private static List<String> paths(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "/" + i).toList();
  }

  private static void serve(Tracker tracker, int from, int to) {
    for (int i = from; i < to; i++) {
      Requests.serve(tracker, "/" + i, 1);
    }
  }

  @Test
  void each_request_is_in_one_batch_whatever_it_is() {
    try (Tracker tracker = tracker().build()) {
      serve(tracker, 0, 100);
      Requests.open(tracker, "/100").text("t.txt", "text").end(500, null);
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(101);
    }
    assertThat(sink.paths()).containsExactlyInAnyOrderElementsOf(paths(0, 101));
  }

  @Test
  void requests_wait_a_second_at_most_for_others_whatever_windows_do() {
    try (Tracker tracker = Requests.tracker(sink).windowAge(Duration.ofHours(1)).build()) {
      serve(tracker, 0, 3);
      await().atMost(Requests.LONG).until(() -> sink.written().size() == 3);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = SinkException.Kind.class,
      names = {"UNAVAILABLE", "UNKNOWN", "FAILED", "UNAUTHORIZED"})
  void a_batch_that_took_effect_without_an_answer_is_not_written_twice(SinkException.Kind kind) {
    AtomicInteger calls = new AtomicInteger();
    sink.after =
        batch -> {
          if (calls.incrementAndGet() % 3 != 0) {
            throw new SinkException(kind, "no answer", null);
          }
        };
    try (Tracker tracker = tracker().build()) {
      serve(tracker, 0, 100);
      await().atMost(Requests.LONG).until(() -> tracker.flush(Requests.LONG).delivered() == 100);
    }
    assertThat(sink.paths()).containsExactlyInAnyOrderElementsOf(paths(0, 100));
  }

  @ParameterizedTest
  @EnumSource(
      value = SinkException.Kind.class,
      names = {"REFUSED", "TOO_LARGE"})
  void the_one_that_does_not_fit_is_found_and_set_aside(SinkException.Kind kind) {
    sink.before =
        batch -> {
          if (batch.requests().stream().anyMatch(BatchSinkTest::isBad)) {
            throw new SinkException(kind, "one of them does not fit", null);
          }
        };
    int others;
    try (Tracker tracker = tracker().build()) {
      serve(tracker, 0, 50);
      Requests.serve(tracker, "/bad", 1);
      others = Requests.serveOthersUntilDropped(tracker, 1);
      assertThat(tracker.stats().ledger().dropped()).isEqualTo(Map.of(DropReason.REFUSED, 1L));
    }
    assertThat(sink.paths()).hasSize(50 + others).doesNotContain("/bad");
    assertThat(sink.written()).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @EnumSource(
      value = SinkException.Kind.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = "UNSUPPORTED")
  void where_each_batch_has_one_that_does_not_fit_the_others_are_written(SinkException.Kind kind) {
    sink.before =
        batch -> {
          if (batch.requests().stream().anyMatch(BatchSinkTest::isBad)) {
            throw new SinkException(kind, "one of them does not fit", null);
          }
        };
    try (Tracker tracker = tracker().build()) {
      for (int i = 0; i < 400; i++) {
        Requests.serve(tracker, i % 10 == 3 ? "/bad" : "/" + i, 1);
      }
      await().atMost(Requests.LONG).until(() -> tracker.stats().ledger().delivered() == 360);
    }
    assertThat(sink.written()).hasSize(360).doesNotHaveDuplicates();
    assertThat(sink.paths()).doesNotContain("/bad");
  }

  private static boolean isBad(RequestBatch.Entry entry) {
    try {
      return entry.event().decode().target().path().equals("/bad");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void what_is_settled_for_good_need_not_be_remembered() {
    try (Tracker tracker = tracker().spool(directory).build()) {
      for (int i = 0; i < 50; i++) {
        serve(tracker, 20 * i, 20 * (i + 1));
        tracker.flush(Requests.LONG);
      }
      assertThat(sink.written()).hasSize(1000);
      assertThat(sink.remembered()).isLessThan(500);
    }
  }

  @Test
  void a_spool_has_the_same_name_after_a_restart_and_no_other_has_it() {
    Path other = directory.resolve("other");
    String name;
    try (Tracker tracker = tracker().spool(directory.resolve("one")).build()) {
      serve(tracker, 0, 1);
      name = sink.openLogs().get(0);
    }
    assertThat(sink.openLogs()).isEmpty();
    MemoryBatchSink again = new MemoryBatchSink();
    try (Tracker one = tracker(again).spool(directory.resolve("one")).build();
        Tracker two = tracker(again).spool(other).build();
        Tracker three = tracker(again).build();
        Tracker four = tracker(again).build()) {
      serve(one, 0, 1);
      serve(two, 0, 1);
      serve(three, 0, 1);
      serve(four, 0, 1);
      assertThat(again.openLogs()).doesNotHaveDuplicates().hasSize(4).startsWith(name);
    }
  }

  @Test
  void a_spool_whose_name_cannot_be_read_or_kept_works_all_the_same() throws IOException {
    Files.createDirectories(directory.resolve("spool-id/in the way"));
    try (Tracker tracker = tracker().spool(directory).build()) {
      serve(tracker, 0, 10);
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(10);
    }
  }

  /** As it was killed there. What is not written twice is written once. */
  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest
  @EnumSource(FailPoint.class)
  void what_was_safe_when_the_line_stopped_is_written_once(FailPoint point) throws IOException {
    AtomicInteger calls = new AtomicInteger();
    sink.after =
        batch -> {
          if (calls.incrementAndGet() == 2) {
            throw new SinkException(SinkException.Kind.UNKNOWN, "no answer", null);
          }
        };
    AtomicReference<Tracker> first = new AtomicReference<>();
    StoppedLine line = new StoppedLine(point, 3, directory, () -> safe(first.get()));
    Tracker tracker = tracker(seenBy(line)).spool(directory).failPoints(line).build();
    first.set(tracker);
    try {
      serve(tracker, 0, 200);
      await()
          .atMost(Requests.LONG)
          .until(
              () -> line.left() != null || tracker.flush(Duration.ofMillis(20)).delivered() == 200);
      if (line.left() != null) {
        Ledger ledger;
        try (Tracker second = tracker().spool(line.left()).build()) {
          serve(second, 200, 210);
          ledger = second.flush(Requests.LONG);
        }
        assertThat(ledger.inFlight() + ledger.spooled()).as("%s", ledger).isZero();
        assertThat(ledger.delivered()).isGreaterThanOrEqualTo(line.safe() + 10);
        assertThat(sink.written()).doesNotHaveDuplicates();
        assertThat((long) sink.written().size()).isEqualTo(ledger.delivered());
      }
    } finally {
      line.release();
      tracker.close();
    }
  }

  /** The sink as a line sees it that may be stopped. */
  private BatchSink seenBy(StoppedLine line) {
    return new BatchSink() {
      @Override
      public BatchWriter open(String logId) {
        BatchWriter writer = sink.open(logId);
        return new BatchWriter() {
          @Override
          public void write(RequestBatch batch) throws SinkException, InterruptedException {
            line.call(
                () -> {
                  writer.write(batch);
                  return batch;
                });
          }

          @Override
          public void close() {
            writer.close();
          }
        };
      }

      @Override
      public void close() {}
    };
  }

  private static long safe(Tracker tracker) {
    if (tracker == null) {
      return 0;
    }
    Ledger ledger = tracker.stats().ledger();
    return ledger.accepted() - ledger.inFlight();
  }
}
