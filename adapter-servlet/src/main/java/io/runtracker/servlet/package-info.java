// SPDX-License-Identifier: Apache-2.0
/** Tracks the requests of a servlet application: one filter, for any servlet 6 container. */
@NullMarked
package io.runtracker.servlet;

import org.jspecify.annotations.NullMarked;
