// SPDX-License-Identifier: Apache-2.0
/**
 * A finished request as data: what its handler logged, its bytes, and what is taken out of its URL.
 * Uses the public values and the form of fields in {@code internal.log}. Start to read with {@link
 * io.runtracker.internal.event.EventCodec}.
 */
@NullMarked
package io.runtracker.internal.event;

import org.jspecify.annotations.NullMarked;
