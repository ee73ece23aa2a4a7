// SPDX-License-Identifier: Apache-2.0
/** A sink as thin as can be, which tries whether the SPI carries what the next one needs. */
@NullMarked
package io.runtracker.spikes;

import org.jspecify.annotations.NullMarked;
