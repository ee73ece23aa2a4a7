// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.Ledger;
import io.runtracker.Tracker;
import io.runtracker.TrackerStats;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What health says of a tracker, in the words of every Spring Boot. It is never down: a service
 * that is not tracked serves as well as before, and must stay in its load balancer.
 *
 * @param isMoving false where a stage stands still, so that nobody knows what becomes of requests
 * @param details figures and the last error; no setting is among them
 */
record TrackerHealth(boolean isMoving, Map<String, Object> details) {

  static TrackerHealth of(Tracker tracker) {
    return tracker.isEnabled()
        ? of(tracker.stats())
        : new TrackerHealth(true, Map.of("enabled", false));
  }

  static TrackerHealth of(TrackerStats stats) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("standingStill", stats.standingStill());
    details.put("serverAway", stats.serverAway());
    if (stats.lastError() != null) {
      details.put("lastError", stats.lastError());
    }
    details.put("open", stats.open());
    details.put("queueSize", stats.queueSize());
    details.put("queueBytes", stats.queueBytes());
    details.put("spoolBytes", stats.spoolBytes());
    details.put("oldestAge", stats.oldestAge().toString());
    details.put("adopted", stats.adopted());
    details.put("ledger", ledger(stats.ledger()));
    return new TrackerHealth(stats.standingStill().isEmpty(), details);
  }

  private static Map<String, Object> ledger(Ledger ledger) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("offered", ledger.offered());
    figures.put("accepted", ledger.accepted());
    figures.put("delivered", ledger.delivered());
    figures.put("inFlight", ledger.inFlight());
    figures.put("spooled", ledger.spooled());
    Map<String, Long> dropped = new LinkedHashMap<>();
    ledger.dropped().forEach((reason, count) -> dropped.put(reason.name(), count));
    figures.put("dropped", dropped);
    return figures;
  }
}
