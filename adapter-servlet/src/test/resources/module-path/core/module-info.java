// SPDX-License-Identifier: Apache-2.0

module service {
  requires io.runtracker;
  requires context.propagation;
  requires micrometer.core;

  provides io.runtracker.sink.SinkProvider with
      service.Memory;
}
