// SPDX-License-Identifier: Apache-2.0
/**
 * What sinks implement, and what they are given to write. Uses the values of {@link io.runtracker}
 * alone, but for {@link io.runtracker.sink.EncodedEvent#of}. Start to read with {@link
 * io.runtracker.sink.RunSink}.
 */
@NullMarked
package io.runtracker.sink;

import org.jspecify.annotations.NullMarked;
