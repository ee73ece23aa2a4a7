// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import java.time.Duration;
import java.util.Map;

/** What {@link FaultProxy} does to a request instead of passing it on and its reply back. */
public sealed interface Fault {

  /**
   * The server acts, the client never learns: its connection ends when the reply begins to arrive.
   */
  record CutReply() implements Fault {}

  /**
   * The server acts, and of its reply the last byte never comes, until the proxy or client closes.
   */
  record StallReply() implements Fault {}

  /** The server never sees the request: the client's connection ends once it was read. */
  record CutRequest() implements Fault {}

  /** The server acts at once, its reply reaches the client this much later. */
  record DelayReply(Duration delay) implements Fault {}

  /**
   * Neither does the server see the request nor the client a reply, until the proxy or client
   * closes.
   */
  record Hang() implements Fault {}

  /** This answer, from the proxy itself; the server never sees the request. */
  record Answer(int status, Map<String, String> headers, String body) implements Fault {
    public Answer {
      headers = Map.copyOf(headers);
    }
  }

  /** Bytes that are no HTTP, from the proxy itself, and the end of the connection. */
  record Garbage() implements Fault {}

  static Fault cutReply() {
    return new CutReply();
  }

  static Fault stallReply() {
    return new StallReply();
  }

  static Fault cutRequest() {
    return new CutRequest();
  }

  static Fault delayReply(Duration delay) {
    return new DelayReply(delay);
  }

  static Fault hang() {
    return new Hang();
  }

  static Fault answer(int status) {
    return new Answer(status, Map.of(), "");
  }

  static Fault answer(int status, String body) {
    return new Answer(status, Map.of(), body);
  }

  static Fault answer(int status, Map<String, String> headers, String body) {
    return new Answer(status, headers, body);
  }

  /** 429 with {@code Retry-After} in whole seconds. */
  static Fault tooManyRequests(Duration retryAfter) {
    return new Answer(429, Map.of("Retry-After", Long.toString(retryAfter.toSeconds())), "");
  }

  static Fault garbage() {
    return new Garbage();
  }
}
