// SPDX-License-Identifier: Apache-2.0
/** What a request thread pays, beside five other asynchronous clients. */
@NullMarked
package io.runtracker.benchmarks.capture;

import org.jspecify.annotations.NullMarked;
