// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.runtracker.RequestTarget;
import io.runtracker.TrackedRequest;
import io.runtracker.adapter.HttpReader;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.internal.event.EventCodec;
import io.runtracker.internal.event.LogEntry;
import io.runtracker.internal.event.RecordedEvent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request of a tracker that is on, from its start into the ring. */
// Longer than others: what a request thread pays is one object, which keeps all that it is told.
public final class CapturedRequest extends LogEntryStack implements OpenRequest {

  final Capture capture;
  private final String method;
  private final RequestTarget target;
  private final long startMillis = System.currentTimeMillis();
  private final long startNanos = System.nanoTime();
  private volatile @Nullable String route;
  private volatile @Nullable String name;
  private volatile @Nullable Handled handled;
  private volatile boolean dropped;

  /** Written before the push or name that it tells of, and so seen by whoever ends the request. */
  private boolean ownData;

  // How it ended: written by who ends it, and read by who takes it out of the ring.
  private boolean killed;
  private @Nullable LogEntry entries;
  private @Nullable String errorType;
  private @Nullable String errorDetails;
  private long durationNanos;
  private short statusCode; // an int would make every request eight bytes larger
  private boolean endedWithOwnData;

  /** Where {@link OpenRequests} has it; written only by who opens it and who ends it. */
  int place = OpenRequests.NOWHERE;

  public CapturedRequest(Capture capture, String method, RequestTarget target) {
    this.capture = capture;
    this.method = method;
    this.target = target;
  }

  @Override
  public Scope makeCurrent() {
    return CurrentRequest.set(this);
  }

  @Override
  public CapturedRequest route(@Nullable String template) {
    if (template != null && !isEnded()) {
      route = template;
    }
    return this;
  }

  @Override
  public CapturedRequest handled(Throwable error, int failsFrom) {
    if (handled == null && !isEnded()) {
      handled = new Handled(error, null, failsFrom);
    }
    return this;
  }

  @Override
  public CapturedRequest excludeFromShutdown() {
    capture.openRequests().remove(this);
    return this;
  }

  String method() {
    return method;
  }

  public RequestTarget target() {
    return target;
  }

  long startNanos() {
    return startNanos;
  }

  @Nullable String route() {
    return route;
  }

  @Override
  public boolean isEnded() {
    return areEntriesEnded();
  }

  @Override
  public boolean end(int statusCode, @Nullable Throwable error) {
    NothingToRead none = NothingToRead.INSTANCE;
    return end(statusCode, error, none, none, none);
  }

  @Override
  public <Q, S> boolean end(
      int statusCode, @Nullable Throwable error, HttpReader<Q, S> reader, Q request, S response) {
    LogEntry newest = endEntries();
    if (newest == LogEntry.END) {
      if (capture.openRequests().isClosed()) {
        capture.ignoredWrite();
      }
      return false;
    }
    capture.complete(this, newest, statusCode, error, reader, request, response);
    return true;
  }

  boolean isDropped() {
    return dropped;
  }

  /** It failed for a reason that its handler gave. */
  void failsFor(String reason) {
    errorDetails = EventCodec.cut(reason, capture.requestBytes());
  }

  /** What the handler said of its failure; it is kept no longer. */
  @Nullable Handled takeHandled() {
    Handled noted = handled;
    if (noted != null) {
      handled = null;
    }
    return noted;
  }

  /** Ends the request without a trace; false when it had ended. */
  boolean abandon() {
    if (endEntries() == LogEntry.END) {
      return false;
    }
    capture.openRequests().remove(this);
    return true;
  }

  /** Ends the request because the service ends; what its handler still does comes too late. */
  void kill() {
    LogEntry newest = endEntries();
    if (newest != LogEntry.END) {
      killed = true;
      handled = null;
      if (!dropped) {
        capture.offer(this, newest, 0, System.nanoTime(), null);
      }
    }
  }

  /** Takes down how it ended. On the request thread, before it is published. */
  void settle(@Nullable LogEntry newest, int statusCode, long endNanos, @Nullable Throwable error) {
    this.entries = newest;
    this.statusCode = (short) statusCode;
    this.durationNanos = endNanos - startNanos;
    this.endedWithOwnData = ownData;
    if (error != null) {
      this.errorType = error.getClass().getName();
      this.errorDetails = capture.errorText().of(error, capture.requestBytes());
    }
  }

  /** What it holds in the ring besides itself, in bytes; see {@link LogEntry#size}. */
  public int weight() {
    int logged = entries == null ? 0 : entries.taken();
    return targetBytes() + (errorDetails == null ? logged : logged + errorDetails.length());
  }

  private int targetBytes() {
    String query = target.query();
    return target.path().length() + (query == null ? 0 : query.length());
  }

  /**
   * The event of a request that was settled. Off the request thread.
   *
   * @param clean the target without secrets
   */
  public RecordedEvent toEvent(long sequence, RequestTarget clean) {
    LogEntry id = LogEntry.idAmong(entries);
    return RecordedEvent.builder()
        .of(capture.source(), id == null ? sequence : id.number(), method, clean)
        .route(route)
        .name(name)
        .statusCode(statusCode)
        .killed(killed)
        .ownData(endedWithOwnData)
        .timing(startMillis, durationNanos)
        .error(errorType, errorDetails)
        .entries(entries)
        .build();
  }

  @Override
  public @Nullable String id() {
    try {
      LogEntry id = idOr(capture::nextId);
      return id == null ? null : capture.source() + '-' + id.number();
    } catch (Throwable outOfMemory) {
      return null; // the handler is not to hear of it
    }
  }

  @Override
  public CapturedRequest error(Throwable error) {
    return error == null ? ignored() : failed(new Handled(error, null, 0));
  }

  @Override
  public CapturedRequest fail(String reason) {
    return reason == null ? ignored() : failed(new Handled(null, reason, 0));
  }

  private CapturedRequest failed(Handled word) {
    if (isEnded()) {
      return ignored();
    }
    handled = word;
    return this;
  }

  private CapturedRequest ignored() {
    capture.ignoredWrite();
    return this;
  }

  @Override
  public TrackedRequest tags(Map<String, String> tags) {
    return each(() -> OpenRequest.super.tags(tags));
  }

  @Override
  public TrackedRequest params(Map<String, ?> params) {
    return each(() -> OpenRequest.super.params(params));
  }

  @Override
  public TrackedRequest metrics(Map<String, ? extends Number> metrics) {
    return each(() -> OpenRequest.super.metrics(metrics));
  }

  /** A map may be null, or throw while it is read. */
  private CapturedRequest each(Runnable writes) {
    try {
      writes.run();
    } catch (Throwable ofTheMap) {
      capture.ignoredWrite();
    }
    return this;
  }

  @Override
  public CapturedRequest tag(String key, String value) {
    return text(LogEntry.Kind.TAG, key, value);
  }

  @Override
  public CapturedRequest param(String key, Object value) {
    return text(LogEntry.Kind.PARAM, key, stringOf(value));
  }

  @Override
  public CapturedRequest metric(String key, double value, long step) {
    if (key == null) {
      capture.ignoredWrite();
      return this;
    }
    ownData = true;
    try {
      entry(LogEntry.metric(key, value, System.currentTimeMillis(), step));
    } catch (Throwable outOfMemory) {
      capture.ignoredWrite(); // the handler is not to hear of it
    }
    return this;
  }

  @Override
  public CapturedRequest text(String file, String content) {
    return text(LogEntry.Kind.TEXT, file, content);
  }

  @Override
  public CapturedRequest name(String runName) {
    if (runName == null || isEnded()) {
      capture.ignoredWrite();
    } else {
      ownData = true;
      name = EventCodec.cut(runName, EventCodec.LONGEST_PART);
    }
    return this;
  }

  @Override
  public void drop() {
    if (isEnded()) {
      capture.ignoredWrite();
    } else {
      dropped = true;
    }
  }

  private static @Nullable String stringOf(@Nullable Object value) {
    try {
      return value == null ? null : value.toString();
    } catch (Throwable brokenToString) {
      return value.getClass().getName() + " (its toString failed)";
    }
  }

  private CapturedRequest text(LogEntry.Kind kind, @Nullable String key, @Nullable String value) {
    if (key == null || value == null) {
      capture.ignoredWrite();
    } else {
      ownData = true;
      try {
        entry(LogEntry.text(kind, key, value));
      } catch (Throwable outOfMemory) {
        capture.ignoredWrite(); // the handler is not to hear of it
      }
    }
    return this;
  }

  /** A tag of ours, which does not make the request one that its handler logged into. */
  void entryTag(String key, String value) {
    entry(LogEntry.text(LogEntry.Kind.TAG, key, value));
  }

  private CapturedRequest entry(LogEntry entry) {
    if (push(entry, capture.requestBytes()) == Pushed.TOO_LATE) {
      capture.ignoredWrite();
    }
    return this;
  }
}
