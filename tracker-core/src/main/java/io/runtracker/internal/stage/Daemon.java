// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.stage;

/** Threads that do not keep a JVM alive. */
public final class Daemon {

  private Daemon() {}

  /** A thread that is not started. */
  public static Thread of(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }
}
