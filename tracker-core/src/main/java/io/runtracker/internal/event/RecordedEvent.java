// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.event;

import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.RunStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The event of a request that was captured, built by hand, or read out of a log. Immutable. */
// Longer than others: a getter and a setter for each thing that is known of a request.
public final class RecordedEvent implements RequestEvent {

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

  private final @Nullable LogEntry entries;

  RecordedEvent(Builder builder) {
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
    this.entries = builder.entries;
  }

  /** Begins with what is known first; {@link Builder#of} must follow. */
  public static Builder builder() {
    return new Builder();
  }

  /** This event itself, or a copy of another implementation's, such as a test's. */
  public static RecordedEvent of(RequestEvent event) {
    return event instanceof RecordedEvent recorded ? recorded : copyOf(event);
  }

  private static RecordedEvent copyOf(RequestEvent event) {
    String id = event.eventId();
    int dash = id.lastIndexOf('-');
    Builder copy =
        new Builder()
            .of(
                id.substring(0, Math.max(dash, 0)),
                Long.parseLong(id.substring(dash + 1)),
                event.method(),
                event.target());
    event.tags().forEach(copy::tag);
    event.params().forEach(copy::param);
    event.metrics().forEach(copy::metric);
    event.texts().forEach(copy::text);
    copy.route(event.route())
        .name(event.givenName())
        .statusCode(event.statusCode())
        .killed(event.status() == RunStatus.KILLED)
        .timing(event.startTime().toEpochMilli(), event.durationNanos())
        .error(event.errorType(), event.errorDetails());
    return copy.ownData(event.givenName() != null || copy.entries != null).build();
  }

  @Override
  public String eventId() {
    return source + '-' + sequence;
  }

  public boolean hasEntries() {
    return entries != null;
  }

  public String source() {
    return source;
  }

  public long sequence() {
    return sequence;
  }

  @Override
  public @Nullable String givenName() {
    return name;
  }

  /** Whether its handler logged anything into its run, or named it. */
  public boolean hasOwnData() {
    return ownData;
  }

  @Override
  public String method() {
    return method;
  }

  @Override
  public RequestTarget target() {
    return target;
  }

  @Override
  public @Nullable String route() {
    return route;
  }

  @Override
  public String runName() {
    if (name != null) {
      return name;
    }
    String path = target.path();
    String kept = path.length() <= LONGEST_PATH ? path : path.substring(0, LONGEST_PATH - 1) + '…';
    return method + '_' + kept + '_' + startMillis / 1000;
  }

  @Override
  public int statusCode() {
    return statusCode;
  }

  @Override
  public RunStatus status() {
    if (killed) {
      return RunStatus.KILLED;
    }
    return statusCode >= 500 || errorType != null || errorDetails != null
        ? RunStatus.FAILED
        : RunStatus.FINISHED;
  }

  @Override
  public Instant startTime() {
    return Instant.ofEpochMilli(startMillis);
  }

  @Override
  public Instant endTime() {
    return Instant.ofEpochMilli(endMillis());
  }

  public long startMillis() {
    return startMillis;
  }

  public long endMillis() {
    return startMillis + durationNanos / 1_000_000;
  }

  @Override
  public long durationNanos() {
    return durationNanos;
  }

  @Override
  public @Nullable String errorType() {
    return errorType;
  }

  @Override
  public @Nullable String errorDetails() {
    return errorDetails;
  }

  @Override
  public Map<String, String> tags() {
    return LogEntry.texts(entries, LogEntry.Kind.TAG);
  }

  @Override
  public Map<String, String> params() {
    return LogEntry.texts(entries, LogEntry.Kind.PARAM);
  }

  @Override
  public List<Metric> metrics() {
    return LogEntry.metrics(entries);
  }

  @Override
  public Map<String, String> texts() {
    return LogEntry.texts(entries, LogEntry.Kind.TEXT);
  }

  public RecordedEvent withName(String given) {
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

  /** Builds a {@link RecordedEvent}. Not safe for use by several threads. */
  public static final class Builder implements RequestEvent.Builder {
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
    private @Nullable LogEntry entries;

    private Builder() {}

    private Builder(RecordedEvent event) {
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
      this.entries = event.entries;
    }

    public Builder of(String ofSource, long itsSequence, String ofMethod, RequestTarget itsTarget) {
      this.source = ofSource;
      this.sequence = itsSequence;
      this.method = ofMethod;
      this.target = itsTarget;
      return this;
    }

    @Override
    public Builder route(@Nullable String route) {
      this.route = route;
      return this;
    }

    @Override
    public Builder name(@Nullable String name) {
      this.name = name;
      return this;
    }

    @Override
    public Builder statusCode(int statusCode) {
      this.statusCode = statusCode;
      return this;
    }

    @Override
    public Builder killed(boolean killed) {
      this.killed = killed;
      return this;
    }

    @Override
    public Builder timing(long startMillis, long durationNanos) {
      this.startMillis = startMillis;
      this.durationNanos = durationNanos;
      return this;
    }

    @Override
    public Builder error(@Nullable String type, @Nullable String details) {
      this.errorType = type;
      this.errorDetails = details;
      return this;
    }

    @Override
    public Builder tag(String key, String value) {
      return push(LogEntry.text(LogEntry.Kind.TAG, key, value));
    }

    @Override
    public Builder param(String key, String value) {
      return push(LogEntry.text(LogEntry.Kind.PARAM, key, value));
    }

    @Override
    public Builder metric(Metric metric) {
      return push(
          LogEntry.metric(metric.key(), metric.value(), metric.timestampMillis(), metric.step()));
    }

    @Override
    public Builder text(String file, String content) {
      return push(LogEntry.text(LogEntry.Kind.TEXT, file, content));
    }

    @Override
    public RecordedEvent build() {
      return new RecordedEvent(this);
    }

    public Builder ownData(boolean logged) {
      this.ownData = logged;
      return this;
    }

    public Builder entries(@Nullable LogEntry newest) {
      this.entries = newest;
      return this;
    }

    private Builder push(LogEntry entry) {
      entry.putOn(entries);
      entries = entry;
      return this;
    }
  }
}
