// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a tracker is doing, at one moment.
 *
 * @param ledger where every request went
 * @param ringCapacity slots of the ring buffer
 * @param ringRemaining free slots of the ring buffer
 * @param queueSize requests that wait for delivery or are being delivered
 * @param queueBytes their estimated size on the heap, in bytes
 * @param oldestAge how long the oldest of them has been finished; zero when there is none
 * @param retries deliveries tried again since the start
 * @param lateWrites writes to a handle that were ignored: after the request's end, or null
 * @param serverAway whether delivery is pausing because the sink is away or refuses the credentials
 * @param lastError the last failure of delivery, or null when there was none
 */
public record TrackerStats(
    Ledger ledger,
    long ringCapacity,
    long ringRemaining,
    long queueSize,
    long queueBytes,
    Duration oldestAge,
    long retries,
    long lateWrites,
    boolean serverAway,
    @Nullable String lastError) {}
