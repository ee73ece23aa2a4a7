// SPDX-License-Identifier: Apache-2.0
/**
 * What applications use: {@link io.runtracker.Tracker} and its builder, the handle {@link
 * io.runtracker.TrackedRequest}, and the values that all other packages share. Only the tracker and
 * its builder name the stages below {@code internal}. Start to read with {@link
 * io.runtracker.Tracker}.
 */
@NullMarked
package io.runtracker;

import org.jspecify.annotations.NullMarked;
