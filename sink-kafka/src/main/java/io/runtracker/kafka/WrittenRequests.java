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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Which requests of a log are in the topic, but for those that never come again. Mostly that is one
 * range. A position is told together with the source of its event: a log that lost its end with the
 * machine's power, or was restored, gives the same positions again, to events of another source.
 * Immutable.
 */
final class WrittenRequests {

  static final WrittenRequests NONE = new WrittenRequests(Map.of());

  private static final String VERSION = "1";
  private static final String SEPARATOR = " ";

  private final Map<String, Positions> bySource;

  private WrittenRequests(Map<String, Positions> bySource) {
    this.bySource = bySource;
  }

  /** Those of a batch that are not in the topic. */
  List<RequestBatch.Entry> missingOf(RequestBatch batch) throws IOException {
    List<RequestBatch.Entry> missing = new ArrayList<>(batch.requests().size());
    for (RequestBatch.Entry entry : batch.requests()) {
      Positions written = bySource.get(entry.event().source());
      if (written == null || !written.contains(entry.position())) {
        missing.add(entry);
      }
    }
    return missing;
  }

  /** With a batch, and without what never comes again. */
  WrittenRequests plus(RequestBatch batch) throws IOException {
    Map<String, Positions.Builder> added = new LinkedHashMap<>();
    for (RequestBatch.Entry entry : batch.requests()) {
      added
          .computeIfAbsent(entry.event().source(), source -> new Positions.Builder())
          .add(entry.position());
    }
    Map<String, Positions> all = new TreeMap<>(bySource);
    added.forEach((source, positions) -> all.merge(source, positions.build(), Positions::plus));
    Positions over = Positions.of(0, batch.settledBelow());
    all.replaceAll((source, positions) -> positions.minus(over));
    all.values().removeIf(Positions::isEmpty);
    return new WrittenRequests(all);
  }

  /** What {@link #decode} reads: some characters for each range. */
  String encode() {
    return bySource.entrySet().stream()
        .map(
            one ->
                URLEncoder.encode(one.getKey(), UTF_8)
                    + '='
                    + Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(one.getValue().encode()))
        .collect(Collectors.joining(SEPARATOR, VERSION + SEPARATOR, ""));
  }

  /**
   * Reads what {@link #encode} has written.
   *
   * @throws IOException when it is something else, such as that of a later version
   */
  static WrittenRequests decode(String encoded) throws IOException {
    String[] parts = encoded.split(SEPARATOR);
    if (!parts[0].equals(VERSION)) {
      throw new IOException("'" + encoded + "' is of another version of Runtracker");
    }
    Map<String, Positions> all = new TreeMap<>();
    for (int i = 1; i < parts.length; i++) {
      int end = parts[i].indexOf('=');
      if (end < 0) {
        throw new IOException("'" + encoded + "' is damaged");
      }
      byte[] positions = Base64.getUrlDecoder().decode(parts[i].substring(end + 1));
      all.put(URLDecoder.decode(parts[i].substring(0, end), UTF_8), Positions.decode(positions));
    }
    return new WrittenRequests(all);
  }

  @Override
  public String toString() {
    return bySource.toString();
  }
}
