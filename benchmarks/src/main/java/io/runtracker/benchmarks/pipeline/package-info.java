// SPDX-License-Identifier: Apache-2.0
/** What the line behind the ring costs a request, and what it reaches. */
@NullMarked
package io.runtracker.benchmarks.pipeline;

import org.jspecify.annotations.NullMarked;
