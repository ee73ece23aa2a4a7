// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

/**
 * An asynchronous client that is told of the same request as all others. {@link #request} and
 * {@link #publish} are called by many threads at once.
 */
interface Subject extends AutoCloseable {

  /** The request: a GET of an item that is found. The strings are the user's own. */
  String METHOD = "GET";

  String HOST = "localhost";
  int PORT = 8080;
  String PATH = "/items/42";
  String URL = "http://localhost:8080/items/42";
  String ROUTE = "/items/{id}";
  int STATUS = 200;

  /** What becomes of the events that a client has taken. */
  enum Ending {
    /** Each is written to a place that takes no time. */
    WELL,
    /** The thread that takes events out of the client's buffer never comes back. */
    STUCK,
    /** Nobody is there to take them. */
    DEAD
  }

  /** Events that each client has room for. */
  int CAPACITY = 1 << 16;

  /** From the request's begin to the event's publication. */
  void request();

  /** All of {@link #request} that can be done before the publication. */
  Object prepare();

  /** The rest of it. */
  void publish(Object prepared);

  /** Events that have come out at the other end. */
  long consumed();

  /** Asks for what waits to be sent now; does nothing where nobody needs to be asked. */
  default void flush() {}

  /** Whether this is a thread that the client runs, by its name. */
  boolean owns(String threadName);

  @Override
  void close();
}
