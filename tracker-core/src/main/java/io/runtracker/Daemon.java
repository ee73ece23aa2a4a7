// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/** Threads that do not keep a JVM alive. */
final class Daemon {

  private Daemon() {}

  /** A thread that is not started. */
  static Thread of(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }
}
