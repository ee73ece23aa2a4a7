// SPDX-License-Identifier: Apache-2.0
/**
 * How settings are described, read and checked, and the settings of a tracker; not for users. Uses
 * the public values and what an event may hold. Start to read with {@link
 * io.runtracker.internal.config.Settings}.
 */
@NullMarked
package io.runtracker.internal.config;

import org.jspecify.annotations.NullMarked;
