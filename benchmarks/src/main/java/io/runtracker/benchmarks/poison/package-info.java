// SPDX-License-Identifier: Apache-2.0
/** How fast good requests are delivered beside bad ones. */
@NullMarked
package io.runtracker.benchmarks.poison;

import org.jspecify.annotations.NullMarked;
