// SPDX-License-Identifier: Apache-2.0
/** What a tracker costs a process that serves nothing. */
@NullMarked
package io.runtracker.benchmarks.idle;

import org.jspecify.annotations.NullMarked;
