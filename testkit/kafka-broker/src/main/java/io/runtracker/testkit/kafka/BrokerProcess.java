// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit.kafka;

import java.io.IOException;

/**
 * The main class of a broker's process. It ends with the process that started it, however that
 * ends: then its standard input does.
 */
final class BrokerProcess {

  private BrokerProcess() {}

  /**
   * Serves until it is told to end.
   *
   * @param arguments as Kafka's own main class takes them
   */
  public static void main(String[] arguments) {
    Thread watch = new Thread(BrokerProcess::endWithParent, "end-with-parent");
    watch.setDaemon(true);
    watch.start();
    kafka.Kafka.main(arguments);
  }

  private static void endWithParent() {
    try {
      while (System.in.read() >= 0) {
        // nobody writes
      }
    } catch (IOException gone) {
      // as its end
    }
    Runtime.getRuntime().halt(1);
  }
}
