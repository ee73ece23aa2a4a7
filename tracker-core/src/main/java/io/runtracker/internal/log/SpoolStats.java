// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

/**
 * Totals of a log at one moment.
 *
 * @param live events not yet done
 * @param lost events lost to damage since the log was opened, its recovery included
 * @param next position of the next event
 * @param bytes size of the segment files
 * @param segments their number
 */
public record SpoolStats(long live, long lost, long next, long bytes, int segments) {}
