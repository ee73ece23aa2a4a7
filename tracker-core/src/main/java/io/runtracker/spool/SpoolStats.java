// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

/**
 * Totals of a log at one moment.
 *
 * @param live events not yet done
 * @param handedOut those of them polled and neither done nor returned
 * @param lost events lost to damage since the log was opened, its recovery included
 * @param nextSequence sequence of the next event
 * @param bytes size of the segment files
 * @param segments their number
 */
public record SpoolStats(
    long live, int handedOut, long lost, long nextSequence, long bytes, int segments) {}
