// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.poison;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.RequestTarget;
import io.runtracker.TrackAs;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.benchmarks.poison.PoisonedSink.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Good requests a second, with no bad ones, beside bad ones that have been found, and while more of
 * them come; in turn. Prints one line of JSON.
 *
 * <p>Arguments: the form, what bad requests meet, rounds, seconds of a turn.
 */
final class PoisonRate {

  private static final RequestTarget GOOD = target("/good");
  private static final RequestTarget BAD = target(PoisonedSink.BAD);

  private static final int IN_FLIGHT = 12;
  private static final int WINDOW_ROWS = 500;
  private static final int QUEUE_SIZE = 20_000;

  /** Good ones, so that there are always some to deliver, wherever the bad ones are. */
  private static final int MOST_WAITING = 4_000;

  /** Of both, so that none is dropped. */
  private static final int MOST_HELD = QUEUE_SIZE / 2;

  /** Of the requests, where there are bad ones: one in so many. */
  private static final int ONE_BAD_IN = 10;

  /** So many that they are not settled before a turn ends. */
  private static final int MANY_BAD = 1_000;

  /** Where each takes more than a second to be found, and so does each part that it is in. */
  private static final int FEW_BAD = 20;

  /** What a turn has. */
  private enum Turn {
    CLEAN,
    FOUND,
    COMING
  }

  private final TrackAs form;
  private final Answer answer;
  private final long nanos;
  private long offered;
  private long good;
  private long bad;

  private PoisonRate(TrackAs form, Answer answer, double seconds) {
    this.form = form;
    this.answer = answer;
    this.nanos = (long) (seconds * 1e9);
  }

  public static void main(String[] args) throws Exception {
    PoisonRate rate =
        new PoisonRate(
            TrackAs.valueOf(args[0]), Answer.valueOf(args[1]), Double.parseDouble(args[3]));
    List<Map<String, Double>> rounds = new ArrayList<>();
    for (int round = 0; round < Integer.parseInt(args[2]); round++) {
      rounds.add(
          Map.of(
              "clean", rate.perSecond(Turn.CLEAN),
              "found", rate.perSecond(Turn.FOUND),
              "coming", rate.perSecond(Turn.COMING)));
    }
    System.out.println(new ObjectMapper().writeValueAsString(rounds));
  }

  private double perSecond(Turn turn) throws InterruptedException {
    // A row of a window that is taken apart has failed with its window before.
    PoisonedSink sink = new PoisonedSink(answer, form == TrackAs.RUN ? 2 : 1);
    good = 0;
    bad = 0;
    try (Tracker tracker =
        Tracker.builder()
            .environment(Map.of())
            .sink(sink)
            .trackAs(form)
            .inFlight(IN_FLIGHT)
            .windowRows(WINDOW_ROWS)
            .queueSize(QUEUE_SIZE)
            .closeTimeout(Duration.ZERO)
            .shutdownHook(false)
            .build()) {
      boolean areMoreComing = turn == Turn.COMING;
      if (turn == Turn.FOUND) {
        findBad(tracker, sink);
      }
      serve(tracker, sink, nanos / 4, areMoreComing ? Long.MAX_VALUE : 0);
      long before = sink.goodTaken();
      long start = System.nanoTime();
      serve(tracker, sink, nanos, areMoreComing ? Long.MAX_VALUE : 0);
      return (sink.goodTaken() - before) * 1e9 / (System.nanoTime() - start);
    }
  }

  /** Returns when each that is bad has failed alone. */
  private void findBad(Tracker tracker, PoisonedSink sink) throws InterruptedException {
    int most = answer == Answer.HANGING ? FEW_BAD : MANY_BAD;
    while (bad < most || sink.badFound() < most) {
      serve(tracker, sink, TimeUnit.MILLISECONDS.toNanos(10), most);
    }
  }

  /** As fast as they are taken, so that there is always something to deliver. */
  private void serve(Tracker tracker, PoisonedSink sink, long forNanos, long mostBad)
      throws InterruptedException {
    long start = System.nanoTime();
    while (System.nanoTime() - start < forNanos) {
      long held = tracker.stats().ledger().inFlight();
      long room = Math.min(MOST_WAITING - (good - sink.goodTaken()), MOST_HELD - held);
      for (long more = room; more > 0; more--) {
        boolean isBad = bad < mostBad && ++offered % ONE_BAD_IN == 0;
        bad += isBad ? 1 : 0;
        good += isBad ? 0 : 1;
        end(tracker, isBad ? BAD : GOOD);
      }
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  private static void end(Tracker tracker, RequestTarget target) {
    OpenRequest request = tracker.open("GET", target);
    if (request != null) {
      request.end(200, null);
    }
  }

  private static RequestTarget target(String path) {
    return new RequestTarget("http", "localhost", 8080, path, null);
  }
}
