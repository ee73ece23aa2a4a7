// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

/** What the names of metrics, params and tags may hold, see {@link ServerNames}. */
enum Naming {
  WITH_COLONS,
  WITHOUT_COLONS;

  /** The same for the same name. Two names may become one. */
  String fit(String name) {
    return this == WITH_COLONS ? name : name.replace(':', '_');
  }
}
