// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.service;

import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;

/**
 * A proxy in front of MLflow whose every answer comes late. Prints where it is, and ends with its
 * standard input.
 *
 * <p>Arguments: the server, milliseconds.
 */
final class SlowServer {

  private SlowServer() {}

  public static void main(String[] args) throws IOException {
    try (FaultProxy proxy = FaultProxy.inFrontOf(URI.create(args[0]))) {
      proxy.inject(Fault.delayReply(Duration.ofMillis(Long.parseLong(args[1]))));
      System.out.println(proxy.uri());
      while (System.in.read() >= 0) {
        // nothing is said, until the end
      }
    }
  }
}
