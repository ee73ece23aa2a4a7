// SPDX-License-Identifier: Apache-2.0
/**
 * What adapters of web frameworks use to open and end requests. Uses the values of {@link
 * io.runtracker} alone. Start to read with {@link io.runtracker.adapter.OpenRequest}.
 */
@NullMarked
package io.runtracker.adapter;

import org.jspecify.annotations.NullMarked;
