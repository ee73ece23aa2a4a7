// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.poison;

import io.runtracker.RequestEvent;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Takes 5 ms for a call and 0.1 ms for each request in it, so that the places for calls are what is
 * short, as with a server; and fails on bad requests.
 */
final class PoisonedSink implements WindowSink {

  /** The path of a bad request. */
  static final String BAD = "/bad";

  private static final long CALL_MICROS = 5_000;
  private static final long REQUEST_MICROS = 100;
  private static final long HANG_MILLIS = 1_100;

  /** What a bad request meets. */
  enum Answer {
    /** As 400: known to be bad after three tries. */
    REFUSED(Kind.REFUSED),
    /** As 500: known to be bad after ten. */
    FAILED(Kind.FAILED),
    /** As a time-out, if a short one. */
    HANGING(Kind.UNKNOWN);

    private final Kind kind;

    Answer(Kind kind) {
      this.kind = kind;
    }
  }

  private final Answer answer;
  private final int triesThatTell;
  private final AtomicLong goodTaken = new AtomicLong();
  private final Map<String, AtomicInteger> badTriedAlone = new ConcurrentHashMap<>();

  /**
   * Has taken nothing.
   *
   * @param triesThatTell how often a bad request fails alone until it is found
   */
  PoisonedSink(Answer answer, int triesThatTell) {
    this.answer = answer;
    this.triesThatTell = triesThatTell;
  }

  long goodTaken() {
    return goodTaken.get();
  }

  /** How many bad requests have failed with no other beside them as often as it takes to tell. */
  long badFound() {
    return badTriedAlone.values().stream().filter(tried -> tried.get() >= triesThatTell).count();
  }

  private void take(List<RequestEvent> events) throws SinkException, InterruptedException {
    TimeUnit.MICROSECONDS.sleep(CALL_MICROS + REQUEST_MICROS * events.size());
    List<RequestEvent> bad = events.stream().filter(PoisonedSink::isBad).toList();
    if (bad.isEmpty()) {
      goodTaken.addAndGet(events.size());
      return;
    }
    if (events.size() == 1) {
      String id = bad.get(0).eventId();
      badTriedAlone.computeIfAbsent(id, key -> new AtomicInteger()).incrementAndGet();
    }
    if (answer == Answer.HANGING) {
      TimeUnit.MILLISECONDS.sleep(HANG_MILLIS);
    }
    throw new SinkException(answer.kind, "a bad request", null);
  }

  private static boolean isBad(RequestEvent event) {
    return event.target().path().equals(BAD);
  }

  @Override
  public String create(RequestEvent event) {
    return "run";
  }

  @Override
  public void complete(String runId, RequestEvent event)
      throws SinkException, InterruptedException {
    take(List.of(event));
  }

  @Override
  public Optional<String> find(RequestEvent event) {
    return Optional.of("run");
  }

  @Override
  public Optional<String> find(RequestWindow window) {
    return Optional.of("run");
  }

  @Override
  public WindowDraft newWindow() {
    return new Draft();
  }

  private final class Draft implements WindowDraft {
    private final List<RequestEvent> events = new ArrayList<>();

    @Override
    public void add(EncodedEvent event) throws IOException {
      events.add(event.decode());
    }

    @Override
    public String create(RequestWindow window) {
      return "run";
    }

    @Override
    public void complete(String runId, RequestWindow window)
        throws SinkException, InterruptedException {
      take(events);
    }
  }

  @Override
  public void close() {}
}
