// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.delivery;

/** The plain request whose runs are written. */
final class SampleRequest {

  static final String METHOD = "GET";
  static final String PATH = "/items/42";
  static final String ROUTE = "/items/{id}";

  private SampleRequest() {}
}
