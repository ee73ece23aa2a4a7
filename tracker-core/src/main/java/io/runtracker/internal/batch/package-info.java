// SPDX-License-Identifier: Apache-2.0
/**
 * The ring's consumer: takes requests out, redacts, names and encodes them, and appends them to the
 * log in groups. Uses {@code internal.capture} and {@code internal.log}; knows no delivery and no
 * sink. Start to read with {@link io.runtracker.internal.batch.Batcher}.
 */
@NullMarked
package io.runtracker.internal.batch;

import org.jspecify.annotations.NullMarked;
