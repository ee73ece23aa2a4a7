// SPDX-License-Identifier: Apache-2.0
/**
 * The log that requests wait in, on the heap and on disk: bytes in, bytes out, safe against
 * crashes. Uses nothing of Runtracker's and knows nothing of requests, runs or MLflow. Start to
 * read with {@link io.runtracker.internal.log.Log}.
 */
@NullMarked
package io.runtracker.internal.log;

import org.jspecify.annotations.NullMarked;
