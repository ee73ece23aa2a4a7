// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import io.runtracker.internal.log.SegmentLogOptions.Durability;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
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

  static Group group(List<byte[]> payloads) {
    Group group = new Group(payloads.size(), 1024);
    for (byte[] payload : payloads) {
      group.out().raw(payload, 0, payload.length);
      group.endEvent();
    }
    return group;
  }

  static Group group(byte[]... payloads) {
    return group(List.of(payloads));
  }

  /** Events with the payloads of these numbers. */
  static Group groupOf(long first, int count) {
    return group(payloads(first, count));
  }

  static byte[] bytes(SpooledEvent event) {
    return Arrays.copyOfRange(event.array(), event.offset(), event.offset() + event.length());
  }

  /** Appends events in groups; each has the payload of its position. */
  static void fill(SegmentLog log, int events, int group) throws IOException {
    long next = log.stats().next();
    for (int done = 0; done < events; done += group) {
      int n = Math.min(group, events - done);
      log.append(groupOf(next, n));
      next += n;
    }
  }

  /** What {@link SegmentLog#next} hands out until it has nothing more. */
  static Map<Long, byte[]> readAll(SegmentLog log) throws IOException {
    Map<Long, byte[]> events = new TreeMap<>();
    for (SpooledEvent event = log.next(0); event != null; event = log.next(0)) {
      if (events.put(event.position(), bytes(event)) != null) {
        throw new AssertionError("handed out twice: " + event.position());
      }
    }
    return events;
  }

  /** As {@link #readAll}, in the order in which they come. */
  static List<Long> readPositions(SegmentLog log) throws IOException {
    List<Long> positions = new ArrayList<>();
    for (SpooledEvent event = log.next(0); event != null; event = log.next(0)) {
      positions.add(event.position());
    }
    return positions;
  }

  /** Events read again; fails when one comes twice. */
  static Map<Long, byte[]> read(SegmentLog log, Positions positions) throws IOException {
    Map<Long, byte[]> events = new TreeMap<>();
    log.read(
        positions,
        event -> {
          if (events.put(event.position(), bytes(event)) != null) {
            throw new AssertionError("read twice: " + event.position());
          }
        });
    return events;
  }

  static Positions positions(Collection<Long> positions) {
    Positions.Builder builder = new Positions.Builder();
    positions.forEach(builder::add);
    return builder.build();
  }

  /** The files that hold what segments know once more. */
  static List<Path> mirrors(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".mirror")).sorted().toList();
    }
  }

  static void deleteMirrors(Path directory) throws IOException {
    for (Path mirror : mirrors(directory)) {
      Files.delete(mirror);
    }
  }

  /** An owner that has read all events, and whose ledger stays as it is. */
  static void done(SegmentLog log, Positions positions) {
    byte[] ledger = log.ledger();
    log.done(positions, ledger == null ? new byte[0] : ledger, log.stats().next());
  }

  static void done(SegmentLog log, long position) {
    done(log, Positions.of(position));
  }

  /** One call for each. */
  static void doneOneByOne(SegmentLog log, Collection<Long> positions) {
    positions.forEach(position -> done(log, position));
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
    Path lock = from.resolve(DirectoryLock.FILE);
    Files.copy(lock, to.resolve(DirectoryLock.FILE), StandardCopyOption.REPLACE_EXISTING);
  }
}
