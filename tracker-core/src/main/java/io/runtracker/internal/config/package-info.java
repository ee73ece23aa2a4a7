// SPDX-License-Identifier: Apache-2.0
/**
 * How settings are described, read and checked; not for users. Uses nothing of Runtracker's. Start
 * to read with {@link io.runtracker.internal.config.Setting}.
 */
@NullMarked
package io.runtracker.internal.config;

import org.jspecify.annotations.NullMarked;
