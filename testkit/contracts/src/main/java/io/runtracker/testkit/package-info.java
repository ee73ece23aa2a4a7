// SPDX-License-Identifier: Apache-2.0
/** The contracts that adapters are tested against, and a strict recorder of what they captured. */
@NullMarked
package io.runtracker.testkit;

import org.jspecify.annotations.NullMarked;
