// SPDX-License-Identifier: Apache-2.0
/** What several of the benchmarks below need. */
@NullMarked
package io.runtracker.benchmarks;

import org.jspecify.annotations.NullMarked;
