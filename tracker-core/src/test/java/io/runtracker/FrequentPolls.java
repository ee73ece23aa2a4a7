// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * Has tests look every few milliseconds for what they wait for. By itself Awaitility looks after a
 * tenth of a second for the first time, and thousands of waits for something quick took minutes.
 */
public final class FrequentPolls implements LauncherSessionListener {

  private static final Duration PAUSE = Duration.ofMillis(5);

  @Override
  public void launcherSessionOpened(LauncherSession session) {
    Awaitility.setDefaultPollDelay(PAUSE);
    Awaitility.setDefaultPollInterval(PAUSE);
  }
}
