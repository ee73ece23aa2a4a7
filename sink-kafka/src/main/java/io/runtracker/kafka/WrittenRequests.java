// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.internal.log.Positions;
import io.runtracker.sink.RequestBatch;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which requests of a log are in the topic. A position is told together with the source of its
 * event: a log that lost its end with the machine's power, was restored or copied gives the same
 * positions again, to events of another source. Of each source it is mostly one range. Immutable.
 */
final class WrittenRequests {

  static final WrittenRequests NONE = new WrittenRequests(Map.of());

  private static final String VERSION = "1";
  private static final String SEPARATOR = " ";

  /** Each start of a service is another one; those of long ago have nothing left to write. */
  private static final int MOST_SOURCES = 40;

  private final Map<String, Positions> bySource;

  private WrittenRequests(Map<String, Positions> bySource) {
    this.bySource = bySource;
  }

  /** Where the requests of a batch are, by their sources. */
  static Map<String, Positions> positionsOf(RequestBatch batch) throws IOException {
    Map<String, Positions.Builder> builders = new LinkedHashMap<>();
    for (RequestBatch.Entry entry : batch.requests()) {
      builders
          .computeIfAbsent(entry.event().source(), source -> new Positions.Builder())
          .add(entry.position());
    }
    Map<String, Positions> positions = new LinkedHashMap<>();
    builders.forEach((source, builder) -> positions.put(source, builder.build()));
    return positions;
  }

  /**
   * Those of a batch that are not in the topic; mostly all.
   *
   * @param positions of the batch
   */
  List<RequestBatch.Entry> missingOf(RequestBatch batch, Map<String, Positions> positions)
      throws IOException {
    if (positions.entrySet().stream().noneMatch(one -> holdsAnyOf(one.getKey(), one.getValue()))) {
      return batch.requests();
    }
    List<RequestBatch.Entry> missing = new ArrayList<>(batch.requests().size());
    for (RequestBatch.Entry entry : batch.requests()) {
      Positions written = bySource.get(entry.event().source());
      if (written == null || !written.contains(entry.position())) {
        missing.add(entry);
      }
    }
    return missing;
  }

  private boolean holdsAnyOf(String source, Positions positions) {
    return !bySource.getOrDefault(source, Positions.NONE).and(positions).isEmpty();
  }

  /**
   * With more, and with what is settled for good: that closes the gaps between those that were
   * written.
   *
   * @param settledBelow as {@link RequestBatch#settledBelow}
   * @param ends of each source that the log had, what is behind the last position that it handed
   *     out. What is behind it may be another's, where the log was copied
   */
  WrittenRequests plus(Map<String, Positions> added, long settledBelow, Map<String, Long> ends) {
    Map<String, Positions> all = new LinkedHashMap<>(bySource);
    added.forEach(
        (source, positions) -> {
          Positions before = all.remove(source); // the one that was written last is the last
          all.put(source, before == null ? positions : before.plus(positions));
        });
    ends.forEach(
        (source, end) ->
            all.computeIfPresent(
                source,
                (same, written) -> written.plus(Positions.of(1, Math.min(end, settledBelow)))));
    forgetOldest(all, settledBelow);
    return new WrittenRequests(all);
  }

  /** What is not settled may still be asked for. */
  private static void forgetOldest(Map<String, Positions> all, long settledBelow) {
    Iterator<Positions> oldest = all.values().iterator();
    while (all.size() > MOST_SOURCES && oldest.hasNext()) {
      if (oldest.next().end() <= settledBelow) {
        oldest.remove();
      }
    }
  }

  /** What {@link #decode} reads: some characters for each range. */
  String encode() {
    StringBuilder encoded = new StringBuilder(VERSION);
    Base64.Encoder positions = Base64.getUrlEncoder().withoutPadding();
    bySource.forEach(
        (source, written) ->
            encoded
                .append(SEPARATOR)
                .append(URLEncoder.encode(source, UTF_8))
                .append('=')
                .append(positions.encodeToString(written.encode())));
    return encoded.toString();
  }

  /**
   * Reads what {@link #encode} has written.
   *
   * @throws IOException when it is something else, such as that of a later version
   */
  static WrittenRequests decode(String encoded) throws IOException {
    String[] parts = encoded.split(SEPARATOR, -1);
    if (!parts[0].equals(VERSION)) {
      throw new IOException("'" + encoded + "' is of another version of Runtracker");
    }
    Map<String, Positions> all = new LinkedHashMap<>();
    try {
      for (int i = 1; i < parts.length; i++) {
        String[] one = parts[i].split("=", 2);
        if (one.length < 2) {
          throw new IOException("'" + encoded + "' is damaged");
        }
        byte[] positions = Base64.getUrlDecoder().decode(one[1]);
        all.put(URLDecoder.decode(one[0], UTF_8), Positions.decode(positions));
      }
    } catch (IllegalArgumentException e) {
      throw new IOException("'" + encoded + "' is damaged", e);
    }
    return new WrittenRequests(all);
  }

  @Override
  public String toString() {
    return bySource.toString();
  }
}
