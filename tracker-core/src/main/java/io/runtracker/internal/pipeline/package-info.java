// SPDX-License-Identifier: Apache-2.0
/**
 * The stages put together: started, looked at and closed in their order. Uses all stages; only
 * {@link io.runtracker.Tracker} uses it. Start to read with {@link
 * io.runtracker.internal.pipeline.Pipeline}.
 */
@NullMarked
package io.runtracker.internal.pipeline;

import org.jspecify.annotations.NullMarked;
