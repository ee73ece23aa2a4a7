// SPDX-License-Identifier: Apache-2.0
/**
 * From the log to the sink: which requests become one unit, what is tried when, and what is written
 * down about it. Uses {@code internal.log}, {@code internal.event} and {@code io.runtracker.sink};
 * knows nothing of capture. Start to read with {@link io.runtracker.internal.delivery.Delivery}.
 */
@NullMarked
package io.runtracker.internal.delivery;

import org.jspecify.annotations.NullMarked;
