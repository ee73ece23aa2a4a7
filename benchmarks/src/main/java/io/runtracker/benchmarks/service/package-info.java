// SPDX-License-Identifier: Apache-2.0
/** What runs beside the whole services that are measured: load, a slow server, a peer. */
@NullMarked
package io.runtracker.benchmarks.service;

import org.jspecify.annotations.NullMarked;
