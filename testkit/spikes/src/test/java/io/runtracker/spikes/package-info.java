// SPDX-License-Identifier: Apache-2.0
/** Sinks as thin as can be, which try whether the SPI carries what the next ones need. */
@NullMarked
package io.runtracker.spikes;

import org.jspecify.annotations.NullMarked;
