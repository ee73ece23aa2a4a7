// SPDX-License-Identifier: Apache-2.0
/** A real MLflow server for tests, a reader of what it recorded, and a proxy that makes it fail. */
@NullMarked
package io.runtracker.testkit;

import org.jspecify.annotations.NullMarked;
