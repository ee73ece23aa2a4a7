// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.internal.event.RecordedEvent;
import io.runtracker.sink.RunSink;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A finished request: what a {@link RunSink} writes as one run. Immutable and free of anything that
 * belongs to a container.
 */
public interface RequestEvent {

  /**
   * Starts an event by hand, for sinks' tests and for requests that no adapter saw.
   *
   * @param source what is unique to the process that captured the event
   * @param sequence what is unique within the source
   */
  static Builder builder(String source, long sequence, String method, RequestTarget target) {
    return RecordedEvent.builder().of(source, sequence, method, target);
  }

  /** Unique among all events of all services; the run's tag {@code runtracker.event_id}. */
  String eventId();

  /** The name given by the handler, else by a {@link RunNaming}, or null. */
  @Nullable String givenName();

  /** The HTTP method as sent. */
  String method();

  /** The parts of the URL, secrets redacted. */
  RequestTarget target();

  /** The template that the path matched, such as {@code /items/{id}}, or null when not known. */
  @Nullable String route();

  /**
   * The name that the run was given, else {@code {METHOD}_{path}_{epoch seconds}}. Of a path that
   * is too long for a name the end is cut, so that method and time stay.
   */
  String runName();

  /** The HTTP status that the client was sent; 0 when the request was killed before that. */
  int statusCode();

  /**
   * {@link RunStatus#KILLED} when the tracker was closed before the request had ended; else {@link
   * RunStatus#FAILED} from status 500 on, when an exception escaped the handler, or when the
   * handler said so.
   */
  RunStatus status();

  /** When the request began. */
  Instant startTime();

  /** When the request was complete: its start and its duration added, to the millisecond. */
  Instant endTime();

  /** From the request's begin to its completion, in nanoseconds of the monotonic clock. */
  long durationNanos();

  /** The class name of the exception that the request failed with, or null. */
  @Nullable String errorType();

  /**
   * Why the request failed, or null: the exception's message, with its stack trace below where that
   * is recorded; or the reason that the handler gave.
   */
  @Nullable String errorDetails();

  /** The handler's tags, in the order written. */
  Map<String, String> tags();

  /** The handler's params, in the order written. */
  Map<String, String> params();

  /** The handler's metrics, in the order written; a key may occur more than once. */
  List<Metric> metrics();

  /** The handler's texts by file name, in the order written. */
  Map<String, String> texts();

  /** Builds a {@link RequestEvent}. Not safe for use by several threads. */
  interface Builder {
    /** See {@link RequestEvent#route()}. */
    Builder route(@Nullable String route);

    /** The run's name; null for the usual one. */
    Builder name(@Nullable String name);

    /** See {@link RequestEvent#statusCode()}; 200 unless set. */
    Builder statusCode(int statusCode);

    /** Whether the service ended before the request did; see {@link RunStatus#KILLED}. */
    Builder killed(boolean killed);

    /** When the request began, in milliseconds since the epoch, and how long it took. */
    Builder timing(long startMillis, long durationNanos);

    /** The class name and the message of the exception that escaped the handler. */
    Builder error(@Nullable String type, @Nullable String details);

    /** Adds a tag. */
    Builder tag(String key, String value);

    /** Adds a param. */
    Builder param(String key, String value);

    /** Adds a value of a metric. */
    Builder metric(Metric metric);

    /** Adds a text, which a sink stores as a file of the run. */
    Builder text(String file, String content);

    /** The event. */
    RequestEvent build();
  }
}
