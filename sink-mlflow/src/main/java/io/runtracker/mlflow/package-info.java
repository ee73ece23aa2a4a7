// SPDX-License-Identifier: Apache-2.0
/** Writes runs to MLflow: the one place that knows it. */
@NullMarked
package io.runtracker.mlflow;

import org.jspecify.annotations.NullMarked;
