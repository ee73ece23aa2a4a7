// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A finished request: what a {@link RunSink} writes as one run. Immutable and free of anything that
 * belongs to a container.
 */
public final class RequestEvent {

  private final String source;
  private final long sequence;
  private final String method;
  private final RequestTarget target;
  private final @Nullable String route;
  private final @Nullable String name;
  private final int statusCode;
  private final boolean killed;
  private final boolean ownData;
  private final long startMillis;
  private final long durationNanos;
  private final @Nullable String errorType;
  private final @Nullable String errorDetails;

  /** MLflow takes names of 250 characters; some are left for the method and the time. */
  private static final int LONGEST_PATH = 200;

  private final @Nullable Note notes;

  RequestEvent(Builder builder) {
    this.source = builder.source;
    this.sequence = builder.sequence;
    this.method = builder.method;
    this.target = builder.target;
    this.route = builder.route;
    this.name = builder.name;
    this.statusCode = builder.statusCode;
    this.killed = builder.killed;
    this.ownData = builder.ownData;
    this.startMillis = builder.startMillis;
    this.durationNanos = builder.durationNanos;
    this.errorType = builder.errorType;
    this.errorDetails = builder.errorDetails;
    this.notes = builder.notes;
  }

  /**
   * Starts an event by hand, for sinks' tests and for requests that no adapter saw.
   *
   * @param source what is unique to the process that captured the event
   * @param sequence what is unique within the source
   */
  public static Builder builder(String source, long sequence, String method, RequestTarget target) {
    return builder().of(source, sequence, method, target);
  }

  /** Begins with what is known first; {@link Builder#of} must follow. */
  static Builder builder() {
    return new Builder();
  }

  /** Unique among all events of all services; the run's tag {@code runtracker.event_id}. */
  public String eventId() {
    return source + '-' + sequence;
  }

  boolean hasNotes() {
    return notes != null;
  }

  String source() {
    return source;
  }

  long sequence() {
    return sequence;
  }

  /** The name given by the handler, else by a {@link RunNaming}, or null. */
  public @Nullable String givenName() {
    return name;
  }

  /** Whether its handler logged anything into its run, or named it. */
  boolean hasOwnData() {
    return ownData;
  }

  /** The HTTP method as sent. */
  public String method() {
    return method;
  }

  /** The parts of the URL, secrets redacted. */
  public RequestTarget target() {
    return target;
  }

  /** The template that the path matched, such as {@code /items/{id}}, or null when not known. */
  public @Nullable String route() {
    return route;
  }

  /**
   * The name that the run was given, else {@code {METHOD}_{path}_{epoch seconds}}. Of a path that
   * is too long for a name the end is cut, so that method and time stay.
   */
  public String runName() {
    if (name != null) {
      return name;
    }
    String path = target.path();
    String kept = path.length() <= LONGEST_PATH ? path : path.substring(0, LONGEST_PATH - 1) + '…';
    return method + '_' + kept + '_' + startMillis / 1000;
  }

  /** The HTTP status that the client was sent; 0 when the request was killed before that. */
  public int statusCode() {
    return statusCode;
  }

  /**
   * {@link RunStatus#KILLED} when the tracker was closed before the request had ended; else {@link
   * RunStatus#FAILED} from status 500 on, or when an exception escaped the handler.
   */
  public RunStatus status() {
    if (killed) {
      return RunStatus.KILLED;
    }
    return statusCode >= 500 || errorType != null ? RunStatus.FAILED : RunStatus.FINISHED;
  }

  /** When the request began. */
  public Instant startTime() {
    return Instant.ofEpochMilli(startMillis);
  }

  /** When the request was complete: its start and its duration added, to the millisecond. */
  public Instant endTime() {
    return Instant.ofEpochMilli(endMillis());
  }

  long startMillis() {
    return startMillis;
  }

  long endMillis() {
    return startMillis + durationNanos / 1_000_000;
  }

  /** From the request's begin to its completion, in nanoseconds of the monotonic clock. */
  public long durationNanos() {
    return durationNanos;
  }

  /** The class name of the exception that escaped the handler, or null. */
  public @Nullable String errorType() {
    return errorType;
  }

  /** The message of the exception that escaped the handler, or null. */
  public @Nullable String errorDetails() {
    return errorDetails;
  }

  /** The handler's tags, in the order written. */
  public Map<String, String> tags() {
    return Note.texts(notes, Note.Kind.TAG);
  }

  /** The handler's params, in the order written. */
  public Map<String, String> params() {
    return Note.texts(notes, Note.Kind.PARAM);
  }

  /** The handler's metrics, in the order written; a key may occur more than once. */
  public List<Metric> metrics() {
    return Note.metrics(notes);
  }

  /** The handler's texts by file name, in the order written. */
  public Map<String, String> texts() {
    return Note.texts(notes, Note.Kind.TEXT);
  }

  RequestEvent withName(String given) {
    return new Builder(this).name(given).build();
  }

  @Override
  public String toString() {
    return "RequestEvent["
        + eventId()
        + ' '
        + method
        + ' '
        + target.path()
        + ' '
        + statusCode
        + ']';
  }

  /** Builds a {@link RequestEvent}. Not safe for use by several threads. */
  public static final class Builder {
    private static final RequestTarget NOWHERE = new RequestTarget("", "", 0, "", null);

    private String source = "";
    private long sequence;
    private String method = "";
    private RequestTarget target = NOWHERE;
    private @Nullable String route;
    private @Nullable String name;
    private int statusCode = 200;
    private boolean killed;
    private boolean ownData;
    private long startMillis;
    private long durationNanos;
    private @Nullable String errorType;
    private @Nullable String errorDetails;
    private @Nullable Note notes;

    private Builder() {}

    private Builder(RequestEvent event) {
      of(event.source, event.sequence, event.method, event.target);
      this.route = event.route;
      this.name = event.name;
      this.statusCode = event.statusCode;
      this.killed = event.killed;
      this.ownData = event.ownData;
      this.startMillis = event.startMillis;
      this.durationNanos = event.durationNanos;
      this.errorType = event.errorType;
      this.errorDetails = event.errorDetails;
      this.notes = event.notes;
    }

    Builder of(String ofSource, long itsSequence, String ofMethod, RequestTarget itsTarget) {
      this.source = ofSource;
      this.sequence = itsSequence;
      this.method = ofMethod;
      this.target = itsTarget;
      return this;
    }

    /** See {@link RequestEvent#route()}. */
    public Builder route(@Nullable String route) {
      this.route = route;
      return this;
    }

    /** The run's name; null for the usual one. */
    public Builder name(@Nullable String name) {
      this.name = name;
      return this;
    }

    /** See {@link RequestEvent#statusCode()}; 200 unless set. */
    public Builder statusCode(int statusCode) {
      this.statusCode = statusCode;
      return this;
    }

    /** Whether the service ended before the request did; see {@link RunStatus#KILLED}. */
    public Builder killed(boolean killed) {
      this.killed = killed;
      return this;
    }

    /** When the request began, in milliseconds since the epoch, and how long it took. */
    public Builder timing(long startMillis, long durationNanos) {
      this.startMillis = startMillis;
      this.durationNanos = durationNanos;
      return this;
    }

    /** The class name and the message of the exception that escaped the handler. */
    public Builder error(@Nullable String type, @Nullable String details) {
      this.errorType = type;
      this.errorDetails = details;
      return this;
    }

    /** Adds a tag. */
    public Builder tag(String key, String value) {
      return push(Note.text(Note.Kind.TAG, key, value));
    }

    /** Adds a param. */
    public Builder param(String key, String value) {
      return push(Note.text(Note.Kind.PARAM, key, value));
    }

    /** Adds a value of a metric. */
    public Builder metric(Metric metric) {
      return push(
          Note.metric(metric.key(), metric.value(), metric.timestampMillis(), metric.step()));
    }

    /** Adds a text, which a sink stores as a file of the run. */
    public Builder text(String file, String content) {
      return push(Note.text(Note.Kind.TEXT, file, content));
    }

    /** The event. */
    public RequestEvent build() {
      return new RequestEvent(this);
    }

    Builder ownData(boolean logged) {
      this.ownData = logged;
      return this;
    }

    Builder notes(@Nullable Note newest) {
      this.notes = newest;
      return this;
    }

    private Builder push(Note note) {
      note.putOn(notes);
      notes = note;
      return this;
    }
  }
}
