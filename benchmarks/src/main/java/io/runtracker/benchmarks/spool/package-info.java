// SPDX-License-Identifier: Apache-2.0
/** How fast the spool is, beside a bare append loop. */
@NullMarked
package io.runtracker.benchmarks.spool;

import org.jspecify.annotations.NullMarked;
