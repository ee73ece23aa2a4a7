// SPDX-License-Identifier: Apache-2.0
/**
 * The crash-safe segment log that the spool stands on: bytes in, bytes out. It knows nothing of
 * requests, runs or MLflow.
 */
@NullMarked
package io.runtracker.spool;

import org.jspecify.annotations.NullMarked;
