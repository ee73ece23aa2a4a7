// SPDX-License-Identifier: Apache-2.0
/** What the example services do, whatever framework serves it. */
@NullMarked
package io.runtracker.examples;

import org.jspecify.annotations.NullMarked;
