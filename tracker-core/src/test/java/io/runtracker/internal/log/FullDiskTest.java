// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.groupOf;
import static io.runtracker.internal.log.Spools.mirrors;
import static io.runtracker.internal.log.Spools.payload;
import static io.runtracker.internal.log.Spools.readAll;
import static io.runtracker.internal.log.Spools.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file system that really is full, and one that really is read-only. */
class FullDiskTest {
  @TempDir Path parent;
  private Path mount;
  private boolean mounted;

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    return process.waitFor() == 0 ? "" : "failed: " + output;
  }

  @BeforeEach
  void mountSmallDisk() throws Exception {
    mount = Files.createDirectory(parent.resolve("disk"));
    String result;
    try {
      result = run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount.toString());
    } catch (IOException e) {
      result = e.getMessage();
    }
    mounted = result.isEmpty();
    assumeTrue(mounted, "mounting a tmpfs is not permitted here: " + result);
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(run("umount", mount.toString())).isEmpty();
    }
  }

  private static void fillUp(SegmentLog log) {
    assertThatThrownBy(
            () -> {
              while (true) {
                Spools.fill(log, 1, 1);
              }
            })
        .isInstanceOf(SpoolException.class);
  }

  @Test
  void aFullDiskIsACleanErrorAndTheSameLogGoesOnWhenThereIsSpace() throws Exception {
    Path spool = mount.resolve("spool");
    Path ballast = mount.resolve("ballast");
    Files.write(ballast, new byte[512 << 10]);
    long next = 1;
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      boolean full = false;
      while (!full) {
        try {
          log.append(groupOf(next, 25));
          next += 25;
        } catch (SpoolException e) {
          full = true;
        }
      }
      assertThatThrownBy(() -> log.append(groupOf(1, 400))).isInstanceOf(SpoolException.class);
      assertThat(log.stats().next()).isEqualTo(next);
      Files.delete(ballast);
      log.append(groupOf(next, 25));
      next += 25;
    }
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      assertThat(log.recovery().damaged()).isFalse();
      Map<Long, byte[]> found = readAll(log);
      assertThat(found.keySet()).containsExactlyElementsOf(Spools.range(1, next - 1));
      found.forEach((s, event) -> assertThat(event).isEqualTo(payload(s)));
    }
  }

  @Test
  void aFullDiskCanBeDrained() throws Exception {
    Path spool = mount.resolve("spool");
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      assertThatThrownBy(
              () -> {
                while (true) {
                  Spools.fill(log, 25, 25);
                }
              })
          .isInstanceOf(SpoolException.class);
      Spools.doneOneByOne(log, readAll(log).keySet());
      log.commit();
      assertThat(log.stats().segments()).isEqualTo(1);
      Spools.fill(log, 100, 25);
    }
  }

  @Test
  void aControlFitsOnAFullDiskAndTheReserveComesBackWithRoom() throws Exception {
    Path spool = mount.resolve("spool");
    Path reserve = spool.resolve("reserve");
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      assertThat(reserve).hasSize(64 << 10);
      fillUp(log);
      assertThat(reserve).as("not for events").exists();
      for (int i = 0; i < 20; i++) {
        log.control(new byte[1000], 0);
      }
      assertThat(reserve).doesNotExist();
      Spools.done(log, Spools.positions(readAll(log).keySet()));
      log.commit();
      assertThat(reserve).hasSize(64 << 10);
    }
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      assertThat(log.stats().live()).isZero();
    }
  }

  @Test
  void theReserveIsForControlsHoweverSmallTheGroupsAre() throws Exception {
    Path spool = mount.resolve("spool");
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      fillUp(log);
      for (int i = 0; i < 40; i++) { // delivery goes on, and so does the traffic
        log.control(new byte[1000], 0);
        assertThatThrownBy(() -> Spools.fill(log, 1, 1)).isInstanceOf(SpoolException.class);
      }
      Spools.done(log, Spools.positions(readAll(log).keySet()));
      log.commit();
      Spools.fill(log, 1, 1);
    }
  }

  @Test
  void aReadOnlyDiskIsACleanErrorAtStartAndKeepsWhatItHas() throws Exception {
    Path spool = mount.resolve("spool");
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      Spools.fill(log, 10, 10);
    }
    assertThat(run("mount", "-o", "remount,ro", mount.toString())).isEmpty();
    assertThatThrownBy(() -> SegmentLog.open(spool, SMALL)).isInstanceOf(SpoolException.class);
    assertThat(run("mount", "-o", "remount,rw", mount.toString())).isEmpty();
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      assertThat(readAll(log)).hasSize(10);
    }
  }

  /** What was remembered while the disk was full is in two files once it is not. */
  @Test
  void theMirrorIsCompleteAgainOnceThereIsRoom() throws Exception {
    Path spool = mount.resolve("spool");
    Path ballast = mount.resolve("ballast");
    Files.write(ballast, new byte[512 << 10]);
    Path image = parent.resolve("image");
    List<byte[]> plans = new ArrayList<>();
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      log.snapshotFrom(() -> List.copyOf(plans));
      fillUp(log);
      for (int i = 0; i < 20; i++) {
        byte[] plan = new byte[1000];
        plan[0] = (byte) i;
        plans.add(plan);
        log.control(plan, 2);
      }
      assertThat(spool.resolve("reserve")).doesNotExist();
      Files.delete(ballast);
      for (int i = 0; i < 10; i++) { // as delivery does each second; the sink is away for hours
        log.commit();
        Spools.fill(log, 10, 10);
      }
      assertThat(spool.resolve("reserve")).exists();
      Spools.copy(spool, image);
      for (Path mirror : mirrors(spool)) {
        Files.copy(mirror, image.resolve(mirror.getFileName()));
      }
    }
    int worst = 20;
    for (Path segment : segments(image)) {
      Path one = parent.resolve("one-" + segment.getFileName());
      Spools.copy(image, one);
      for (Path mirror : mirrors(image)) {
        Files.copy(mirror, one.resolve(mirror.getFileName()));
      }
      Path victim = one.resolve(segment.getFileName());
      Files.write(victim, new byte[(int) Files.size(victim)]);
      try (SegmentLog log = SegmentLog.open(one, SMALL)) {
        worst =
            Math.min(worst, (int) log.controls().stream().map(plan -> plan[0]).distinct().count());
      }
    }
    assertThat(worst).isEqualTo(20);
  }

  @Test
  void aDiskThatFillsAndFreesLeavesNoMirrorsBehind() throws Exception {
    Path spool = mount.resolve("spool");
    Path ballast = mount.resolve("ballast");
    int most = 0;
    for (int life = 0; life < 5; life++) {
      try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
        log.snapshotFrom(() -> List.of(new byte[20_000]));
        for (int round = 0; round < 5; round++) {
          Files.write(ballast, new byte[512 << 10]);
          fillUp(log);
          for (int i = 0; i < 400; i++) {
            try {
              log.control(new byte[100], 0);
            } catch (SpoolException full) {
              break;
            }
            most = Math.max(most, mirrors(spool).size());
          }
          Files.delete(ballast);
          Spools.done(log, Spools.positions(readAll(log).keySet()));
          log.commit();
          Spools.done(log, log.live());
          log.commit();
          log.control(new byte[100], 0);
        }
      }
    }
    assertThat(mirrors(spool)).hasSize(1);
    assertThat(most).isLessThan(5);
  }

  @Test
  void aLogOpensOnAFullDiskAndKnowsWhatItKnew() throws Exception {
    Path spool = mount.resolve("spool");
    byte[] plan = new byte[1000];
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      log.snapshotFrom(() -> List.of(plan));
      log.control(plan, 2);
      Spools.fill(log, 200, 10);
    }
    Path ballast = mount.resolve("ballast");
    try {
      Files.write(ballast, new byte[1 << 20]);
    } catch (IOException full) {
      // as it is meant
    }
    for (int life = 0; life < 10; life++) {
      try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
        log.snapshotFrom(() -> List.of(plan));
        assertThat(log.controls()).isNotEmpty().containsOnly(plan);
        log.control(plan, 2);
      }
    }
    Files.delete(ballast);
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      assertThat(log.controls()).isNotEmpty().containsOnly(plan);
      log.snapshotFrom(() -> List.of(plan));
      Spools.fill(log, 10, 10);
      log.commit();
    }
    assertThat(mirrors(spool)).hasSize(1);
  }
}
