// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.bytes;
import static io.runtracker.internal.log.Spools.groupOf;
import static io.runtracker.internal.log.Spools.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.internal.log.FailingFileSystem.Call;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is thrown while a group is appended: it is in the log, or it is not, and says so. */
class LogFaultTest {

  private static final byte[] LEDGER = {1};
  private static final int GROUPS = 30;

  @TempDir Path directory;

  private final FailingFileSystem disk = new FailingFileSystem();
  private long numbers;

  /** Where a group goes. */
  enum Place {
    HEAP,
    DISK,
    DISK_THAT_FAILS_NOW_AND_THEN
  }

  static List<Arguments> everywhere() {
    List<Arguments> all = new ArrayList<>();
    for (Place place : Place.values()) {
      for (FailPoint point :
          List.of(
              FailPoint.BEFORE_WRITE,
              FailPoint.AFTER_WRITE,
              FailPoint.BEFORE_MIRROR,
              FailPoint.AFTER_MIRROR,
              FailPoint.BEFORE_PUBLISH,
              FailPoint.AFTER_PUBLISH)) {
        all.add(Arguments.of(place, point));
      }
    }
    return all;
  }

  static List<Arguments> everywhereOnDisk() {
    return everywhere().stream().filter(each -> each.get()[0] != Place.HEAP).toList();
  }

  private Log log(Place place, Consumer<FailPoint> failPoints) throws IOException {
    return place == Place.HEAP
        ? Log.onHeap(1000, 1 << 20, failPoints)
        : Log.on(SegmentLog.open(directory, SMALL, disk, failPoints), 1000, 1 << 20, failPoints);
  }

  /** Appends a group of three and adds those that are in the log by what is said of them. */
  private void append(Log log, List<String> taken) {
    Group group = groupOf(++numbers * 3, 3);
    try {
      log.append(group);
    } catch (NoClassDefFoundError told) {
      assertThat(told).hasMessage("told by the test");
    }
    for (int event = 0; event < group.size() && group.isInLog(); event++) {
      taken.add(text(payload(numbers * 3 + event)));
    }
  }

  private static String text(byte[] payload) {
    return new String(payload, StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("everywhere")
  void aGroupThatIsInTheLogIsReadOnceAndNoOther(Place place, FailPoint point) throws IOException {
    int[] reached = {0};
    boolean[] strikes = {true};
    Consumer<FailPoint> everyThird =
        here -> {
          if (here == point && strikes[0] && ++reached[0] % 3 == 0) {
            throw new NoClassDefFoundError("told by the test");
          }
        };
    List<String> taken = new ArrayList<>();
    List<String> read = new ArrayList<>();
    Positions.Builder positions = new Positions.Builder();
    try (Log log = log(place, everyThird)) {
      for (int i = 0; i < GROUPS; i++) {
        boolean fails = place == Place.DISK_THAT_FAILS_NOW_AND_THEN && i / 2 % 2 == 1;
        disk.failing.clear();
        if (fails) {
          disk.failing.add(Call.WRITE);
        }
        if (place != Place.HEAP) {
          log.disk().controlLater(LEDGER, 0); // so that there is something for the mirror
        }
        append(log, taken);
      }
      disk.failing.clear();
      strikes[0] = false;
      append(log, taken);
      for (SpooledEvent event = log.next(); event != null; event = log.next()) {
        read.add(text(bytes(event)));
        assertThat(positions.build().contains(event.position())).isFalse();
        positions.add(event.position());
      }
      assertThat(read).containsExactlyInAnyOrderElementsOf(taken).hasSizeGreaterThan(GROUPS);
      assertThat(log.live()).isEqualTo(taken.size());
      log.done(positions.build(), LEDGER);
      log.release(log.end(), () -> Positions.NONE);
      assertThat(log.live()).isZero();
      assertThat(log.onHeapAlone()).isZero();
      assertThat(log.isDoneBelow(log.end())).isTrue();
      if (place == Place.HEAP) {
        assertThat(log.heapBytes()).isZero();
      }
    }
    if (place != Place.HEAP) {
      try (SegmentLog again = SegmentLog.open(directory, SMALL)) {
        assertThat(again.live().isEmpty()).isTrue();
        assertThat(again.recovery().damaged()).isFalse();
      }
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("everywhereOnDisk")
  void whatIsOnDiskIsThereAfterARestart(Place place, FailPoint point) throws IOException {
    int[] reached = {0};
    boolean[] strikes = {true};
    List<String> taken = new ArrayList<>();
    try (Log log =
        log(
            place,
            here -> {
              if (here == point && strikes[0] && ++reached[0] % 3 == 0) {
                throw new NoClassDefFoundError("told by the test");
              }
            })) {
      for (int i = 0; i < GROUPS; i++) {
        disk.failing.clear();
        if (place == Place.DISK_THAT_FAILS_NOW_AND_THEN && i / 2 % 2 == 1) {
          disk.failing.add(Call.WRITE);
        }
        log.disk().controlLater(LEDGER, 0);
        append(log, taken);
      }
      disk.failing.clear();
      strikes[0] = false;
    }
    List<String> found = new ArrayList<>();
    try (SegmentLog again = SegmentLog.open(directory, SMALL)) {
      for (SpooledEvent event = again.next(0); event != null; event = again.next(0)) {
        found.add(text(bytes(event)));
      }
      assertThat(again.stats().lost()).isZero();
    }
    assertThat(found).containsExactlyInAnyOrderElementsOf(taken);
  }

  @Test
  void whatCannotBeNotedIsNotMarkedAsDone() {
    SegmentIndex index = new SegmentIndex();
    assertThatThrownBy(
            () ->
                index.markDone(
                    Positions.of(1, 5),
                    marked -> {
                      throw new NoClassDefFoundError("told by the test");
                    }))
        .isInstanceOf(NoClassDefFoundError.class);
    assertThat(index.done()).isEqualTo(Positions.NONE);
    PendingControls pending = new PendingControls();
    assertThat(pending.done(index, Positions.of(1, 5), LEDGER)).isEqualTo(Positions.of(1, 5));
    assertThat(pending.done(index, Positions.of(3, 9), LEDGER)).isEqualTo(Positions.of(5, 9));
    assertThat(pending.drain().done()).isEqualTo(index.done());
  }

  @Test
  void aFaultWhileWhatIsDoneIsForgottenChangesNothing() throws IOException {
    boolean[] fails = {false};
    Consumer<FailPoint> whenReaping =
        here -> {
          if (here == FailPoint.BEFORE_REAP && fails[0]) {
            throw new NoClassDefFoundError("told by the test");
          }
        };
    try (Log log = log(Place.DISK, whenReaping)) {
      append(log, new ArrayList<>());
      fails[0] = true;
      log.done(Positions.of(1, 3), LEDGER);
      assertThatThrownBy(log::reap).isInstanceOf(NoClassDefFoundError.class);
      assertThat(log.live()).isEqualTo(1);
      fails[0] = false;
      log.reap();
      assertThat(log.live()).isEqualTo(1);
    }
  }
}
