// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

/**
 * How a server under test is to be put together.
 *
 * @param contextPath where the application lives: empty, or with a leading slash
 * @param registrations how often the adapter is registered; 0 is a service without tracking
 */
public record Setup(String contextPath, int registrations) {

  /** At the server's root, with the adapter. */
  public static final Setup PLAIN = new Setup("", 1);

  /** At the server's root, without the adapter. */
  public static final Setup UNTRACKED = new Setup("", 0);
}
