// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request, as every subject is told of it. All of it is made before anything is measured.
 *
 * @param query raw, or null
 * @param error what its handler threw, or null
 * @param params what its handler logged, and so on
 */
record Sample(
    String method,
    String path,
    @Nullable String query,
    String route,
    int status,
    @Nullable Exception error,
    List<Map.Entry<String, String>> params,
    List<Map.Entry<String, Double>> metrics,
    @Nullable String text) {

  static final String HOST = "localhost";
  static final int PORT = 8080;

  /** For those who want it whole. */
  String url() {
    return "http://" + HOST + ':' + PORT + path + (query == null ? "" : '?' + query);
  }
}
