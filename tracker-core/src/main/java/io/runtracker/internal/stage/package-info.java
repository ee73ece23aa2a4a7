// SPDX-License-Identifier: Apache-2.0
/**
 * What every stage behind the ring has: a thread that is begun anew when it dies, a logger that
 * never throws, and the counts of the ledger. Uses the public values and the fail points of {@code
 * internal.log}. Start to read with {@link io.runtracker.internal.stage.Stage}.
 */
@NullMarked
package io.runtracker.internal.stage;

import org.jspecify.annotations.NullMarked;
