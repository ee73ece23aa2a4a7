// SPDX-License-Identifier: Apache-2.0
/** How many runs per second reach MLflow, beside a bare client. */
@NullMarked
package io.runtracker.benchmarks.delivery;

import org.jspecify.annotations.NullMarked;
