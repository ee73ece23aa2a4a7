// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import io.runtracker.spool.SegmentLogOptions.Durability;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** What the tests of the log have in common. */
final class Spools {
  static final int SEGMENT = 64 << 10;
  static final SegmentLogOptions SMALL =
      new SegmentLogOptions(SEGMENT, 64L << 20, Durability.PROCESS);
  static final SegmentLogOptions POWER = SMALL.withDurability(Durability.POWER);

  private Spools() {}

  /** A payload of 0 to 600 bytes that only this number has. */
  static byte[] payload(long number) {
    Random random = new Random(number * 7919 + 13);
    byte[] noise = new byte[random.nextInt(600)];
    random.nextBytes(noise);
    byte[] head = Long.toString(number).getBytes(StandardCharsets.UTF_8);
    byte[] whole = Arrays.copyOf(head, head.length + 1 + noise.length);
    System.arraycopy(noise, 0, whole, head.length + 1, noise.length);
    return whole;
  }

  static List<byte[]> payloads(long first, int count) {
    return LongStream.range(first, first + count).mapToObj(Spools::payload).toList();
  }

  /** Appends events in groups; each has the payload of its sequence. */
  static void fill(SegmentLog log, int events, int group) throws IOException {
    long next = log.stats().nextSequence();
    for (int done = 0; done < events; done += group) {
      int n = Math.min(group, events - done);
      log.append(payloads(next, n));
      next += n;
    }
  }

  static Map<Long, SpooledEvent> pollAll(SegmentLog log) throws IOException {
    Map<Long, SpooledEvent> events = new TreeMap<>();
    for (SpooledEvent event = log.poll(); event != null; event = log.poll()) {
      if (events.put(event.sequence(), event) != null) {
        throw new AssertionError("handed out twice: " + event.sequence());
      }
    }
    return events;
  }

  static List<Long> pollSequences(SegmentLog log) throws IOException {
    List<Long> sequences = new ArrayList<>();
    for (SpooledEvent event = log.poll(); event != null; event = log.poll()) {
      sequences.add(event.sequence());
    }
    return sequences;
  }

  static List<Long> range(long first, long last) {
    return LongStream.rangeClosed(first, last).boxed().toList();
  }

  static List<Path> segments(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(f -> f.toString().endsWith(".seg")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    for (Path segment : segments(from)) {
      Files.copy(segment, to.resolve(segment.getFileName()));
    }
  }
}
