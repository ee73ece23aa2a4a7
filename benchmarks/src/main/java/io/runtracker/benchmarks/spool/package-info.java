// SPDX-License-Identifier: Apache-2.0
/** How fast the spool is, beside a bare append loop; and how soon a tracker commits to it. */
@NullMarked
package io.runtracker.benchmarks.spool;

import org.jspecify.annotations.NullMarked;
