// SPDX-License-Identifier: Apache-2.0
/**
 * The request thread's part: from the opening of a request to its place in the ring. Uses {@code
 * internal.event}, {@code internal.stage} and {@code internal.config}; knows no log, no delivery
 * and no sink. Start to read with {@link io.runtracker.internal.capture.Capture}.
 */
@NullMarked
package io.runtracker.internal.capture;

import org.jspecify.annotations.NullMarked;
