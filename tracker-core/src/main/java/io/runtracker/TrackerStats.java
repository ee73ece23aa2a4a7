// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a tracker is doing, at one moment.
 *
 * @param ledger where every request went
 * @param open requests that have begun and not ended; of more than some ten thousand the rest may
 *     be left out, and so are those of adapters that may never hear of the end
 * @param ringCapacity slots of the ring buffer
 * @param ringRemaining free slots of the ring buffer
 * @param queueSize requests that wait for delivery or are being delivered
 * @param queueBytes what the events in memory take as bytes of the log
 * @param spoolBytes what the spool takes on disk, in bytes; 0 without one
 * @param oldestAge how long the oldest request that is in memory has been finished; zero when there
 *     is none
 * @param retries deliveries tried again since the start
 * @param ignoredWrites writes to a handle that were ignored: after the request's end, or null; and
 *     ends of requests that the closing of the tracker had ended before
 * @param serverAway whether nothing passes: the sink is away, lets no call in, or fails on all
 * @param writingWindows whether requests are written in windows now; see {@link TrackAs}
 * @param adopted requests that another process left in its part of a shared spool directory, and
 *     that this one is delivering in its place; they are not in this ledger
 * @param standingStill stages that have not come round for half a minute: {@code batcher} or {@code
 *     delivery}, as where the spool's disk hangs; empty while all is well, and when the tracker is
 *     closed
 * @param lastError the last failure of delivery, or null when there was none
 */
public record TrackerStats(
    Ledger ledger,
    long open,
    long ringCapacity,
    long ringRemaining,
    long queueSize,
    long queueBytes,
    long spoolBytes,
    Duration oldestAge,
    long retries,
    long ignoredWrites,
    boolean serverAway,
    boolean writingWindows,
    long adopted,
    List<String> standingStill,
    @Nullable String lastError) {}
