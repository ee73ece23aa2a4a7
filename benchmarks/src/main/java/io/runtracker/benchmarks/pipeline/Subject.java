// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import java.util.Map;

/** A client that is told of requests by one thread, and has threads of its own to pass them on. */
interface Subject {

  /** The request, from its begin to its end. */
  void request(Sample sample);

  /** Makes the subject pass on all that it was told, as far as it does so while it is in use. */
  void flush();

  /** What it says of itself now. */
  Map<String, Object> facts();

  /** Passes on all that is left, says what it has lost, and ends. */
  Map<String, Object> finish() throws Exception;
}
