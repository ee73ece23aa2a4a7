// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.DropReason;
import io.runtracker.Ledger;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * What became of the requests of the partitions that this relay has now, whoever wrote them: a
 * partition's ledger goes on from relay to relay. So the sum over all relays is that of the topic.
 *
 * @param stopped partitions that this relay has and does not read; the log says why
 * @param lag records that are not read yet, as far as the client knows
 */
record Totals(
    int partitions,
    int stopped,
    long received,
    long delivered,
    Map<DropReason, Long> dropped,
    long waiting,
    long lag,
    long oldestSeconds,
    boolean isServerAway) {

  static Totals of(GroupMember member) {
    int partitions = 0;
    int stopped = member.unopened();
    long received = 0;
    long delivered = 0;
    long waiting = 0;
    long lag = 0;
    long oldest = 0;
    boolean isServerAway = false;
    Map<DropReason, Long> dropped = new EnumMap<>(DropReason.class);
    for (PartitionLine line : member.lines()) {
      Ledger ledger = line.ledger();
      partitions++;
      stopped += line.isStopped ? 1 : 0;
      received += ledger.accepted();
      delivered += ledger.delivered();
      ledger.dropped().forEach((reason, count) -> dropped.merge(reason, count, Long::sum));
      waiting += line.waiting();
      lag += Math.max(line.lag, 0);
      oldest = Math.max(oldest, line.oldestNanos());
      isServerAway |= line.isServerAway();
    }
    long seconds = TimeUnit.NANOSECONDS.toSeconds(oldest);
    return new Totals(
        partitions, stopped, received, delivered, dropped, waiting, lag, seconds, isServerAway);
  }

  String toJson() {
    String reasons =
        dropped.entrySet().stream()
            .map(entry -> "\"" + entry.getKey() + "\": " + entry.getValue())
            .collect(Collectors.joining(", "));
    return "{\"partitions\": "
        + partitions
        + ", \"stopped\": "
        + stopped
        + ", \"received\": "
        + received
        + ", \"delivered\": "
        + delivered
        + ", \"waiting\": "
        + waiting
        + ", \"dropped\": {"
        + reasons
        + "}, \"lag\": "
        + lag
        + "}\n";
  }
}
