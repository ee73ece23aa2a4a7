// SPDX-License-Identifier: Apache-2.0
/** A service on Javalin, tracked by the plugin. */
@NullMarked
package io.runtracker.examples.javalin;

import org.jspecify.annotations.NullMarked;
