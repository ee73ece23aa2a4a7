// SPDX-License-Identifier: Apache-2.0
/** The command line: looks into a spool, empties it, and sends again what was refused. */
@NullMarked
package io.runtracker.cli;

import org.jspecify.annotations.NullMarked;
