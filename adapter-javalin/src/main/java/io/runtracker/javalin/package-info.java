// SPDX-License-Identifier: Apache-2.0
/** Tracks the requests of a Javalin service: one plugin, for Javalin 7.2 and later. */
@NullMarked
package io.runtracker.javalin;

import org.jspecify.annotations.NullMarked;
