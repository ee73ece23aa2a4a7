// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

/**
 * A server that listens.
 *
 * @param port of 127.0.0.1
 * @param stop ends the server; requests in flight may be cut
 */
public record RunningServer(int port, RunningServer.Stop stop) implements AutoCloseable {

  /** Ends a server. */
  @FunctionalInterface
  public interface Stop {
    void stop() throws Exception;
  }

  @Override
  public void close() {
    try {
      stop.stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      throw new IllegalStateException("the server does not stop", e);
    }
  }
}
