// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.spool;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.internal.log.Group;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SegmentLog;
import io.runtracker.internal.log.SegmentLogOptions;
import io.runtracker.internal.log.SegmentLogOptions.Durability;
import io.runtracker.internal.log.SpooledEvent;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/**
 * Appends to the spool, reads it back, and opens one that a crash left. Prints one line of JSON.
 *
 * <p>What is not about a new process is run once before, to warm up; its files are deleted before
 * the kernel thinks of writing them to the disk, which takes a core.
 *
 * <p>Arguments: {@code append|bare|single|power|fill|recover}, a directory that is not there yet
 * (for {@code recover}: that of a {@code fill}), the number of events.
 */
final class SpoolRate {

  /** From a plain request to one with some data of its handler's. */
  private static final int SMALLEST_BYTES = 300;

  private static final int LARGEST_BYTES = 800;

  /** The batcher's default. */
  private static final int GROUP = 512;

  private static final long QUOTA = 8L << 30;

  private final Path directory;
  private final int events;
  private final Map<String, Object> result = new LinkedHashMap<>();

  private SpoolRate(Path directory, int events) {
    this.directory = directory;
    this.events = events;
  }

  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args[1]);
    int events = Integer.parseInt(args[2]);
    if (!args[0].equals("fill") && !args[0].equals("recover")) {
      Path warmUp = directory.resolveSibling(directory.getFileName() + "-warm-up");
      new SpoolRate(warmUp, events).measure(args[0]);
      delete(warmUp);
      takeMemory(warmUp, events);
    }
    SpoolRate rate = new SpoolRate(directory, events);
    rate.measure(args[0]);
    System.out.println(new ObjectMapper().writeValueAsString(rate.result));
    if (args[0].equals("fill")) {
      System.out.flush();
      Runtime.getRuntime().halt(0); // as kill -9 would leave it
    }
  }

  /**
   * Has the kernel hold as much memory as the files will take. What a virtual machine has not used
   * in the last seconds may have gone back to its host, and costs more to fetch than to write.
   */
  private static void takeMemory(Path file, int events) throws IOException {
    byte[] some = new byte[1 << 20];
    try (OutputStream out = Files.newOutputStream(file)) {
      for (long left = (long) events * LARGEST_BYTES; left > 0; left -= some.length) {
        out.write(some);
      }
    }
    Files.delete(file);
  }

  static void delete(Path fileOrDirectory) throws IOException {
    try (Stream<Path> all = Files.walk(fileOrDirectory)) {
      for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(one);
      }
    }
  }

  private void measure(String what) throws IOException {
    switch (what) {
      case "append" -> appendAndDrain();
      case "bare" -> bare();
      case "single" -> append(Durability.PROCESS, 1);
      case "power" -> append(Durability.POWER, GROUP);
      case "fill" -> fill();
      case "recover" -> recover();
      default -> throw new IllegalArgumentException(what);
    }
  }

  private void appendAndDrain() throws IOException {
    try (SegmentLog log = open(directory, Durability.PROCESS)) {
      append(log, GROUP);
      drain(log);
    }
  }

  private void append(Durability durability, int group) throws IOException {
    try (SegmentLog log = open(directory, durability)) {
      append(log, group);
    }
  }

  private void fill() throws IOException {
    append(open(directory, Durability.PROCESS), GROUP);
  }

  private void append(SegmentLog log, int group) throws IOException {
    List<List<byte[]>> groups = groups(group);
    Histogram commits = new Histogram(3);
    long start = System.nanoTime();
    long before = start;
    long appended = 0;
    for (int i = 0; appended < events; i++) {
      appended += log.append(group(groups.get(i % groups.size()))).accepted();
      long now = System.nanoTime();
      commits.recordValue(now - before);
      before = now;
    }
    seconds("append", start, appended);
    result.put("commit_p50_us", commits.getValueAtPercentile(50) / 1e3);
    result.put("commit_p99_us", commits.getValueAtPercentile(99) / 1e3);
    result.put("commit_max_us", commits.getMaxValue() / 1e3);
  }

  /** As the batcher makes one: the log keeps what it was given. */
  private static Group group(List<byte[]> payloads) {
    Group group = new Group(payloads.size(), payloads.size() * LARGEST_BYTES);
    for (byte[] payload : payloads) {
      group.out().raw(payload, 0, payload.length);
      group.endEvent();
    }
    return group;
  }

  private void bare() throws IOException {
    List<List<byte[]>> groups = groups(GROUP);
    try (BareLog log = new BareLog(directory)) {
      long start = System.nanoTime();
      long appended = 0;
      for (int i = 0; appended < events; i++) {
        List<byte[]> group = groups.get(i % groups.size());
        log.append(group);
        appended += group.size();
      }
      seconds("append", start, appended);
    }
  }

  private void recover() throws IOException {
    long start = System.nanoTime();
    try (SegmentLog log = open(directory, Durability.PROCESS)) {
      seconds("recovery", start, log.stats().live());
      result.put("damaged", log.recovery().damaged());
      drain(log);
    }
  }

  /** Each event is handed out and settled, as delivery does with a sink that takes no time. */
  private void drain(SegmentLog log) throws IOException {
    long start = System.nanoTime();
    long drained = 0;
    byte[] ledger = new byte[40];
    for (SpooledEvent event = log.next(0); event != null; event = log.next(0)) {
      log.done(Positions.of(event.position()), ledger, event.position() + 1);
      drained++;
    }
    log.commit();
    seconds("drain", start, drained);
  }

  private void seconds(String what, long startNanos, long count) {
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    result.put(what + "_events", count);
    result.put(what + "_seconds", seconds);
    result.put(what + "_per_second", count / seconds);
  }

  private static SegmentLog open(Path directory, Durability durability) throws IOException {
    return SegmentLog.open(directory, SegmentLogOptions.ofQuota(QUOTA).withDurability(durability));
  }

  /** A few groups of different bytes, over and over. */
  private static List<List<byte[]>> groups(int size) {
    Random random = new Random(1);
    List<List<byte[]>> groups = new ArrayList<>();
    for (int g = 0; g < 8; g++) {
      List<byte[]> group = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        byte[] payload = new byte[random.nextInt(SMALLEST_BYTES, LARGEST_BYTES + 1)];
        random.nextBytes(payload);
        group.add(payload);
      }
      groups.add(group);
    }
    return groups;
  }
}
