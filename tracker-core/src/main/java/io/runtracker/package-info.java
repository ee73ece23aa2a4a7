// SPDX-License-Identifier: Apache-2.0
/** Captures the requests of a web service and records each as a run, off the request thread. */
@NullMarked
package io.runtracker;

import org.jspecify.annotations.NullMarked;
