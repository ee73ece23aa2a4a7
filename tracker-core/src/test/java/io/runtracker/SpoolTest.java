// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.internal.delivery.Spool;
import io.runtracker.internal.event.RecordedEvent;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.sink.SinkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolTest {

  @TempDir Path temporary;
  private Path directory;

  private final MemorySink sink = new MemorySink();

  private Tracker.Builder tracker() {
    return Requests.tracker(sink).spool(directory);
  }

  private static MemorySink.Fault away() {
    return event -> {
      throw new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
    };
  }

  private void sinkIsBack() {
    sink.beforeCreate = event -> {};
    sink.afterCreate = event -> {};
    sink.beforeComplete = event -> {};
  }

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = Files.createDirectory(temporary.resolve("spool"));
  }

  @Test
  void what_could_not_be_delivered_waits_in_the_spool_and_is_delivered_by_the_next_tracker() {
    sink.beforeCreate = away();
    Tracker first = tracker().build();
    Requests.serve(first, "/", 1000);
    Ledger left = first.close(Duration.ofMillis(50));
    assertThat(left.spooled()).isEqualTo(1000);
    assertThat(left.dropped()).isEmpty();

    sinkIsBack();
    try (Tracker second = tracker().build()) {
      Ledger ledger = second.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
      assertThat(ledger.delivered()).isEqualTo(1000);
      assertThat(sink.completed()).extracting(RequestEvent::eventId).doesNotHaveDuplicates();
    }
  }

  @Test
  void the_ledger_goes_on_across_restarts() {
    sink.beforeCreate =
        event -> {
          if (event.target().path().equals("/poison")) {
            throw new SinkException(SinkException.Kind.REFUSED, "refused", null);
          }
        };
    long others = 0;
    for (int round = 1; round <= 3; round++) {
      Tracker tracker = tracker().build();
      Requests.serve(tracker, "/poison", 1);
      others += Requests.serveOthersUntilDropped(tracker, round);
      Ledger ledger = tracker.close(Requests.LONG);
      assertThat(ledger.offered()).isEqualTo(others + round);
      assertThat(ledger.delivered()).isEqualTo(others);
      assertThat(ledger.dropped()).isEqualTo(Map.of(DropReason.REFUSED, (long) round));
      assertThat(ledger.inFlight()).isZero();
      assertThat(ledger.spooled()).isZero();
    }
  }

  @Test
  void what_is_in_the_spool_is_there_after_a_crash() throws IOException {
    sink.beforeCreate = away();
    try (Tracker first = tracker().closeTimeout(Duration.ZERO).build()) {
      Requests.serve(first, "/", 500);
      await().until(() -> first.stats().ledger().spooled() == 500);
      Path crashed = Crash.leaving(directory);
      sinkIsBack();
      try (Tracker second = tracker().spool(crashed).build()) {
        Ledger ledger = second.flush(Requests.LONG);
        assertThat(ledger.delivered()).isEqualTo(500);
        assertThat(ledger.isComplete()).isTrue();
      }
    }
  }

  @Test
  void a_run_that_was_created_before_the_crash_is_completed_and_not_created_again()
      throws IOException {
    sink.beforeComplete = away();
    try (Tracker first = tracker().closeTimeout(Duration.ZERO).build()) {
      Requests.serve(first, "/", 1);
      await().until(() -> first.stats().retries() > 0);
      Path crashed = Crash.leaving(directory);
      sinkIsBack();
      try (Tracker second = tracker().spool(crashed).build()) {
        assertThat(second.flush(Requests.LONG).delivered()).isEqualTo(1);
        assertThat(sink.created()).hasSize(1);
      }
    }
  }

  @Test
  void a_create_that_the_crash_cut_off_is_looked_up_and_not_repeated() throws IOException {
    // The server has created the run, and the answer is still on its way when the process ends.
    sink.afterCreate = event -> TimeUnit.DAYS.sleep(1);
    try (Tracker first = tracker().closeTimeout(Duration.ZERO).build()) {
      Requests.serve(first, "/", 8);
      await().until(() -> sink.created().size() == 8);
      Path crashed = Crash.leaving(directory);
      sinkIsBack();
      try (Tracker second = tracker().spool(crashed).build()) {
        assertThat(second.flush(Requests.LONG).delivered()).isEqualTo(8);
        assertThat(sink.created()).hasSize(8);
      }
    }
  }

  @Test
  void requests_that_were_never_tried_are_not_looked_up_after_a_crash() throws IOException {
    sink.beforeCreate = away();
    try (Tracker first = tracker().closeTimeout(Duration.ZERO).build()) {
      Requests.serve(first, "/", 1000);
      await().until(() -> first.stats().ledger().spooled() == 1000);
      Path crashed = Crash.leaving(directory);
      sinkIsBack();
      // So long that a look-up would be seen as a request that is still not delivered.
      try (Tracker second =
          tracker()
              .spool(crashed)
              .lookupDelay(Duration.ofHours(1))
              .closeTimeout(Duration.ZERO)
              .build()) {
        await()
            .untilAsserted(
                () ->
                    assertThat(second.stats().ledger().delivered())
                        .as("%s", second.stats())
                        .isGreaterThanOrEqualTo(1000 - 2 * 64));
      }
    }
  }

  @Test
  void a_refused_request_is_kept_as_readable_json_with_its_reason() throws IOException {
    refusePoison("no \"such\" thing\n\u0000\uD800");
    try (Tracker tracker = tracker().build()) {
      Requests.open(tracker, "/poison").tag("k\u00e9y", "v\"1").end(200, null);
      Requests.serveOthersUntilDropped(tracker, 1);
    }
    try (Spool spool = Spool.open(directory)) {
      assertThat(spool.rejected()).hasSize(1);
      List<String> lines = Files.readAllLines(spool.rejected().get(0));
      JsonNode head = new ObjectMapper().readTree(lines.get(0));
      JsonNode json = new ObjectMapper().readTree(lines.get(1));
      assertThat(head.get("reason").asText()).startsWith("REFUSED: no \"such\" thing\n\u0000");
      assertThat(json.get("url").asText()).isEqualTo("http://shop.example:8080/poison");
      assertThat(json.get("tags").get("k\u00e9y").asText()).isEqualTo("v\"1");
    }
  }

  @Test
  void a_refused_request_is_sent_again_whatever_its_handler_called_its_tags() throws IOException {
    refusePoison("refused");
    try (Tracker tracker = tracker().build()) {
      Requests.open(tracker, "/poison")
          .tag("event", "\"AAAA\"")
          .param("event", "{\"event\":\"AAAA\"}")
          .tag("reason", "none")
          .end(200, null);
      Requests.serveOthersUntilDropped(tracker, 1);
    }
    try (Spool spool = Spool.open(directory)) {
      spool.resend(spool.rejected().get(0));
    }
    sinkIsBack();
    try (Tracker tracker = tracker().build()) {
      tracker.flush(Requests.LONG);
    }
    assertThat(sink.completed())
        .filteredOn(event -> event.target().path().equals("/poison"))
        .singleElement()
        .satisfies(event -> assertThat(event.tags()).containsEntry("event", "\"AAAA\""))
        .satisfies(event -> assertThat(event.params()).containsKey("event"));
  }

  @Test
  void a_request_is_safe_while_delivery_is_busy_with_what_is_read_back() {
    sink.beforeCreate = away();
    try (Tracker first = tracker().build()) {
      Requests.serve(first, "/old", 100);
      first.close(Duration.ZERO);
    }
    sinkIsBack();
    CountDownLatch mayGoOn = new CountDownLatch(1);
    AtomicBoolean isBusy = new AtomicBoolean();
    Tracker second =
        tracker()
            .failPoints(
                point -> {
                  if (point == FailPoint.BEFORE_ROUTE && mayGoOn.getCount() > 0) {
                    isBusy.set(true);
                    awaitUnlessInterrupted(mayGoOn);
                  }
                })
            .build();
    try (second) {
      await().atMost(Requests.LONG).untilTrue(isBusy);
      Requests.serve(second, "/new", 60);
      await().atMost(Requests.LONG).until(() -> second.stats().ledger().spooled() == 160);
      mayGoOn.countDown();
      assertThat(second.flush(Requests.LONG).spooled()).isZero();
    }
  }

  private static void awaitUnlessInterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void refusePoison(String reason) {
    sink.beforeCreate =
        event -> {
          if (event.target().path().equals("/poison")) {
            throw new SinkException(SinkException.Kind.REFUSED, reason, null);
          }
        };
  }

  @Test
  void a_refused_request_is_sent_again_when_told_to() throws IOException {
    refusePoison("refused");
    int others;
    try (Tracker tracker = tracker().build()) {
      Requests.serve(tracker, "/poison", 1);
      others = Requests.serveOthersUntilDropped(tracker, 1);
    }
    try (Spool spool = Spool.open(directory)) {
      spool.resend(spool.rejected().get(0));
      assertThat(spool.rejected()).isEmpty();
      assertThat(spool.ledger().spooled()).isEqualTo(1);
    }
    sinkIsBack();
    try (Tracker tracker = tracker().build()) {
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(others + 1);
      assertThat(sink.completed()).hasSize(others + 1);
    }
  }

  @Test
  void a_second_tracker_on_the_same_directory_is_a_clear_error() {
    try (Tracker first = tracker().build()) {
      assertThat(first.isEnabled()).isTrue();
      assertThatThrownBy(() -> tracker().build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(directory.toString());
    }
  }

  @Test
  void processes_that_share_a_directory_have_a_part_of_it_each() {
    try (Tracker first = tracker().spoolShared(true).build();
        Tracker second = tracker().spoolShared(true).build()) {
      Requests.serve(first, "/", 1);
      Requests.serve(second, "/", 1);
      assertThat(first.flush(Requests.LONG).delivered()).isEqualTo(1);
      assertThat(second.flush(Requests.LONG).delivered()).isEqualTo(1);
    }
    assertThat(directory.resolve("instance-0")).isDirectory();
    assertThat(directory.resolve("instance-1")).isDirectory();
  }

  @Test
  void only_the_owner_can_read_what_is_in_the_spool() throws IOException {
    refusePoison("refused");
    Path own = directory.resolve("own");
    try (Tracker tracker = tracker().spool(own).build()) {
      Requests.serve(tracker, "/poison", 1);
      Requests.serveOthersUntilDropped(tracker, 1);
    }
    try (Stream<Path> files = Files.walk(own)) {
      for (Path file : files.toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
            .as("%s", file)
            .endsWith("------");
      }
    }
  }

  @Test
  void a_full_spool_refuses_what_is_new_and_counts_it() {
    sink.beforeCreate = away();
    Tracker tracker = tracker().spoolQuota(8 << 20).ringBytes(1 << 30).build();
    String large = "x".repeat(100_000);
    for (int i = 0; i < 200; i++) {
      Requests.open(tracker, "/").text("large.txt", large).end(200, null);
    }
    Ledger ledger = tracker.close(Duration.ofMillis(50));
    assertThat(ledger.dropped()).containsOnlyKeys(DropReason.SPOOL_FULL);
    assertThat(ledger.spooled() + ledger.droppedTotal()).isEqualTo(200);
    assertThat(ledger.spooled()).isBetween(50L, 85L);
  }

  @Test
  void a_drained_spool_gives_its_space_back() {
    sink.beforeCreate = away();
    try (Tracker tracker = tracker().ringBytes(1 << 30).build()) {
      String large = "x".repeat(100_000);
      for (int i = 0; i < 200; i++) {
        Requests.open(tracker, "/").text("large.txt", large).end(200, null);
      }
      await().until(() -> tracker.stats().ledger().spooled() == 200);
      assertThat(tracker.stats().spoolBytes()).isGreaterThan(20_000_000);
      sinkIsBack();
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      await().until(() -> tracker.stats().spoolBytes() < 4 << 20);
    }
  }

  @Test
  void a_full_disk_degrades_to_memory_and_the_spool_is_used_again_when_there_is_room()
      throws Exception {
    try (SmallDisk disk = SmallDisk.mounted(directory.resolve("disk"))) {
      Path filler = disk.path.resolve("filler");
      sink.beforeCreate = away();
      try (Tracker tracker = tracker().spool(disk.path.resolve("spool")).build()) {
        fill(filler);
        Requests.serve(tracker, "/", 50);
        await().until(() -> tracker.stats().queueSize() == 50);
        assertThat(tracker.stats().ledger().spooled()).isLessThan(50);
        Files.delete(filler);
        Requests.serve(tracker, "/", 50);
        await().until(() -> tracker.stats().ledger().spooled() >= 50);
        sinkIsBack();
        Ledger ledger = tracker.flush(Requests.LONG);
        assertThat(ledger.delivered()).isEqualTo(100);
        assertThat(sink.completed()).extracting(RequestEvent::eventId).doesNotHaveDuplicates();
      }
    }
  }

  @Test
  void what_neither_a_full_disk_nor_memory_has_room_for_is_counted() throws Exception {
    try (SmallDisk disk = SmallDisk.mounted(directory.resolve("disk"))) {
      Path filler = disk.path.resolve("filler");
      sink.beforeCreate = away();
      try (Tracker tracker = tracker().spool(disk.path.resolve("spool")).queueSize(10).build()) {
        fill(filler);
        Requests.serve(tracker, "/", 1000);
        await().until(() -> tracker.stats().ledger().droppedTotal() > 0);
        Files.delete(filler);
        sinkIsBack();
        Ledger ledger = tracker.flush(Requests.LONG);
        assertThat(ledger.dropped()).containsOnlyKeys(DropReason.QUEUE_FULL);
        assertThat(ledger.delivered())
            .isEqualTo(sink.completed().size())
            .isGreaterThanOrEqualTo(10);
        assertThat(ledger.delivered() + ledger.droppedTotal()).isEqualTo(1000);
      }
    }
  }

  @Test
  void what_a_full_disk_would_not_take_is_delivered_when_its_window_is_taken_at_last()
      throws Exception {
    MemoryWindowSink windows = new MemoryWindowSink();
    AtomicInteger refused = new AtomicInteger();
    windows.beforeCreate =
        window -> {
          refused.incrementAndGet();
          throw new SinkException(SinkException.Kind.REFUSED, "no", null);
        };
    try (SmallDisk disk = SmallDisk.mounted(directory.resolve("disk"))) {
      Path filler = disk.path.resolve("filler");
      Path spool = disk.path.resolve("spool");
      try (Tracker tracker = windows(windows, spool).build()) {
        Requests.serve(tracker, "/", 10);
        await().until(() -> tracker.stats().ledger().spooled() == 10);
        fill(filler);
        Requests.serve(tracker, "/", 50);
        await().until(() -> tracker.stats().queueSize() == 60);
        assertThat(tracker.stats().ledger().spooled()).isLessThan(60);
        Files.delete(filler);
        tracker.flush(Duration.ofMillis(300));
        await().until(() -> refused.get() > 2);
        windows.isWellAgain();
        assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      }
      assertThat(windows.written()).hasSize(60).doesNotHaveDuplicates();
    }
  }

  private static Tracker.Builder windows(MemoryWindowSink sink, Path spool) {
    return Requests.tracker(sink)
        .spool(spool)
        .trackAs(TrackAs.WINDOW)
        .windowAge(Duration.ofHours(1));
  }

  /** One of a megabyte, in memory. */
  private static final class SmallDisk implements AutoCloseable {
    private final Path path;

    private SmallDisk(Path path) {
      this.path = path;
    }

    /** Skips the test where none can be had. */
    static SmallDisk mounted(Path path) throws IOException {
      Files.createDirectory(path);
      assumeTrue(
          run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path.toString()), "no tmpfs here");
      return new SmallDisk(path);
    }

    @Override
    public void close() {
      run("umount", path.toString());
    }
  }

  private static void fill(Path file) throws IOException {
    try (var out = Files.newOutputStream(file)) {
      while (true) {
        out.write(new byte[512]);
      }
    } catch (IOException full) {
      assertThat(full).hasMessageContaining("space");
    }
  }

  private static boolean run(String... command) {
    try {
      return new ProcessBuilder(command).start().onExit().join().exitValue() == 0;
    } catch (IOException notInstalled) {
      return false;
    }
  }

  @RepeatedTest(5)
  void the_ledger_adds_up_at_any_moment() throws Exception {
    sink.beforeComplete =
        event -> {
          boolean isOther = event.target().path().equals("/other");
          if (RecordedEvent.of(event).sequence() % 50 == 0 && !isOther) {
            throw new SinkException(SinkException.Kind.REFUSED, "refused", null);
          }
          if (RecordedEvent.of(event).sequence() % 7 == 0 && Math.random() < 0.5) {
            throw new SinkException(SinkException.Kind.UNKNOWN, "unknown", null);
          }
        };
    try (Tracker tracker = tracker().ringSize(64).build()) {
      List<Thread> threads =
          Stream.generate(() -> new Thread(() -> Requests.serve(tracker, "/", 1_000)))
              .limit(4)
              .toList();
      threads.forEach(Thread::start);
      while (threads.stream().anyMatch(Thread::isAlive)) {
        TrackerTest.assertAddsUp(tracker.stats().ledger());
      }
      int others = Requests.serveOthersUntilSettled(tracker);
      Ledger end = tracker.stats().ledger();
      TrackerTest.assertAddsUp(end);
      assertThat(end.offered()).isEqualTo(4_000 + others);
      assertThat(end.inFlight() + end.spooled()).isZero();
      assertThat(sink.completed()).hasSize((int) end.delivered());
    }
  }

  /** The server takes the first create only after everybody has stopped waiting for it. */
  private void firstCreateIsLate() {
    AtomicBoolean first = new AtomicBoolean(true);
    sink.beforeCreate =
        event -> {
          if (first.getAndSet(false)) {
            throw new SinkException(SinkException.Kind.UNKNOWN, "no answer", null);
          }
          sink.createLate(event);
        };
  }

  @Test
  void a_first_create_that_comes_late_is_swept_away() {
    firstCreateIsLate();
    try (Tracker tracker = tracker().build()) {
      Requests.serve(tracker, "/", 1);
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(1);
      await().until(() -> sink.runs() == 1);
    }
  }

  @Test
  void a_run_that_is_gone_ends_the_look_for_a_second_one() {
    firstCreateIsLate();
    sink.beforeSweep =
        () -> {
          throw new SinkException(SinkException.Kind.GONE, "somebody has erased it", null);
        };
    try (Tracker tracker = tracker().build()) {
      Requests.serve(tracker, "/", 1);
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(1);
      await().until(() -> "somebody has erased it".equals(tracker.stats().lastError()));
      long retries = tracker.stats().retries();
      Requests.serve(tracker, "/", 10);
      tracker.flush(Requests.LONG);
      assertThat(tracker.stats().retries()).isEqualTo(retries);
    }
  }

  @Test
  void a_first_create_that_comes_late_is_swept_away_after_the_next_start() {
    firstCreateIsLate();
    Tracker first = tracker().lookupDelay(Duration.ofSeconds(1)).build();
    Requests.serve(first, "/", 1);
    first.flush(Requests.LONG);
    first.close(Duration.ZERO);
    assertThat(sink.runs()).isEqualTo(2);

    try (Tracker second = tracker().build()) {
      await().until(() -> sink.runs() == 1);
      await().until(() -> second.stats().ledger().delivered() == 1);
    }
  }

  @Test
  void a_drained_spool_is_as_small_after_many_lives() throws IOException {
    for (int life = 0; life < 12; life++) {
      try (Tracker tracker = tracker().build()) {
        Requests.serve(tracker, "/", 700);
        assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      }
    }
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.filter(file -> file.toString().endsWith(".mirror")))
          .allSatisfy(mirror -> assertThat(Files.size(mirror)).isLessThan(300_000));
    }
  }

  @Test
  void to_open_a_directory_that_is_no_spool_is_an_error_and_makes_nothing() {
    assertThatIOException()
        .isThrownBy(() -> Spool.open(directory))
        .withMessage("There is no spool in " + directory);
    assertThat(directory).isEmptyDirectory();
  }
}
