// SPDX-License-Identifier: Apache-2.0
package service;

/** Reaches for what is not for it: a package of the core's own, and one of its sinks'. */
public final class Main {

  io.runtracker.internal.capture.CurrentRequest hidden;
  io.runtracker.internal.config.Checks qualified;
}
