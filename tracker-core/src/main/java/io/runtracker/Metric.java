// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/**
 * One value of a metric.
 *
 * @param key the metric's name
 * @param value any double; NaN and the infinities are kept
 * @param timestampMillis when it was measured, in milliseconds since the epoch
 * @param step the position on the metric's x axis; 0 when the handler gave none
 */
public record Metric(String key, double value, long timestampMillis, long step) {}
