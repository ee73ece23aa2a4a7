// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.TrackAs;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Whether requests are written in windows now. With {@link TrackAs#AUTO} that begins when runs do
 * not keep up, and ends when they would, with room to spare, for long enough: after every relapse
 * for twice as long.
 *
 * <p>Not safe for use by several threads. Times are those of {@link System#nanoTime()}.
 */
final class WindowMode {

  static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(10);
  static final int FIRST_CALM_LOOKS = 3;

  private static final int MOST_CALM_LOOKS = 60;
  private static final long RELAPSE_NANOS = TimeUnit.MINUTES.toNanos(10);

  /** Somebody may give the server a place for tables. */
  static final long REFUSED_NANOS = TimeUnit.MINUTES.toNanos(10);

  /** What a server takes that has not been seen at work yet; see {@link TrackAs#RUN}. */
  private static final double RUNS_PER_SECOND = 40;

  private final TrackAs trackAs;
  private final long thresholdNanos;
  private final long crowd;
  private final int inFlight;
  private boolean on;
  private boolean windowsRefused;
  private long refusedNanos;
  private double nanosPerRun;
  private long lookedNanos;
  private long arrived;
  private int calmLooks;
  private int neededLooks = FIRST_CALM_LOOKS;
  private long endedNanos;
  private boolean everEnded;

  WindowMode(TrackAs trackAs, Duration threshold, int queueSize, int inFlight) {
    this.trackAs = trackAs;
    this.thresholdNanos = threshold.toNanos();
    this.crowd = queueSize / 4;
    this.inFlight = inFlight;
    this.nanosPerRun = inFlight * 1e9 / RUNS_PER_SECOND;
    this.on = trackAs == TrackAs.WINDOW;
  }

  boolean isOn() {
    return on;
  }

  /** Whether there are runs now and windows then. */
  boolean mayChange() {
    return trackAs == TrackAs.AUTO;
  }

  /** Whether there may be runs, now or then. */
  boolean mayWriteRuns() {
    return trackAs != TrackAs.WINDOW;
  }

  /** Counts a request that was put into a window, or spared from one. */
  void arrived() {
    arrived++;
  }

  /** Learns how fast the sink takes runs from one that it took. */
  void runTook(long nanos) {
    nanosPerRun += (nanos - nanosPerRun) / 16;
  }

  /**
   * The sink said that it takes no windows, as one without a place for tables does. With {@link
   * TrackAs#AUTO} there are runs from then on, late as they may be, until it is asked again.
   *
   * @return whether that ended the windows
   */
  boolean windowsRefused(long now) {
    if (trackAs != TrackAs.AUTO) {
      return false;
    }
    boolean ended = on;
    refusedNanos = now;
    windowsRefused = true;
    on = false;
    return ended;
  }

  private double runsPerSecond() {
    return inFlight * 1e9 / Math.max(nanosPerRun, 1);
  }

  /**
   * Looks at what waits, and switches where that is due.
   *
   * @param waiting requests not yet delivered, those in windows left out
   * @param ageNanos how long the oldest of them has been finished
   */
  void look(long waiting, long ageNanos, long now) {
    windowsRefused &= now - refusedNanos < REFUSED_NANOS;
    if (trackAs != TrackAs.AUTO || windowsRefused) {
      return;
    }
    if (!on) {
      double backlog = runsPerSecond() * thresholdNanos / 1e9 / 2;
      if (waiting > crowd || (ageNanos > thresholdNanos && waiting > backlog)) {
        begin(now);
      }
    } else if (now - lookedNanos >= LOOK_NANOS) {
      double perSecond = arrived * 1e9 / (now - lookedNanos);
      calmLooks = perSecond <= runsPerSecond() / 2 ? calmLooks + 1 : 0;
      arrived = 0;
      lookedNanos = now;
      if (calmLooks >= neededLooks) {
        on = false;
        everEnded = true;
        endedNanos = now;
      }
    }
  }

  private void begin(long now) {
    boolean relapse = everEnded && now - endedNanos < RELAPSE_NANOS;
    neededLooks = relapse ? Math.min(neededLooks * 2, MOST_CALM_LOOKS) : FIRST_CALM_LOOKS;
    on = true;
    arrived = 0;
    calmLooks = 0;
    lookedNanos = now;
  }
}
