// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.service;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Load on one path of a service at 127.0.0.1, over connections that are kept alive, in phases: as
 * many requests as the service answers, or requests at a fixed rate.
 *
 * <p>As many as it answers come from one thread for all connections. With a thread each, most of
 * what the load takes would be changes from one to the other, and where it lacks a core, because
 * MLflow wants it too, the service looks slow.
 *
 * <p>At a fixed rate each connection has a thread, and the time of a request counts from the moment
 * it was due, not from the moment it could be sent: a request that waited behind a slow one is as
 * late as its client found it. Without a rate there are no moments at which requests are due, so
 * only the throughput means anything.
 *
 * <p>Arguments: port, path, connections. Each line of the standard input is a phase: its name, its
 * seconds, and the requests per second, 0 for as many as are answered. Prints a line of JSON when a
 * phase has ended; ends with its input, or with an error when answers are a minute late.
 */
final class Load implements AutoCloseable {

  private static final long LATEST_SECONDS = 60;
  private static final long LONGEST_IDLE_NANOS = TimeUnit.SECONDS.toNanos(3);

  private final List<Connection> connections = new ArrayList<>();
  private final ExecutorService threads;

  private Load(int port, String path, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      connections.add(new Connection(port, path));
    }
    this.threads = Executors.newFixedThreadPool(count);
  }

  public static void main(String[] args) throws Exception {
    try (Load load = new Load(Integer.parseInt(args[0]), args[1], Integer.parseInt(args[2]));
        BufferedReader phases =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = phases.readLine(); line != null; line = phases.readLine()) {
        String[] phase = line.split(" ");
        load.phase(phase[0], Double.parseDouble(phase[1]), Double.parseDouble(phase[2]));
      }
    }
  }

  private void phase(String name, double seconds, double rate) throws Exception {
    for (Connection connection : connections) {
      if (System.nanoTime() - connection.answeredNanos() > LONGEST_IDLE_NANOS) {
        connection.reopen(); // before the service closes it, between our look and our request
      }
    }
    long start = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20);
    long end = start + (long) (seconds * 1e9);
    List<Callable<Samples>> work = rate > 0 ? paced(rate, start, end) : List.of(() -> flood(end));
    Samples all = new Samples();
    for (Future<Samples> done :
        threads.invokeAll(work, (long) seconds + LATEST_SECONDS, TimeUnit.SECONDS)) {
      all.add(done.get());
    }
    double took = (System.nanoTime() - start) / 1e9;
    double[] quantiles = all.quantiles(0.5, 0.99, 1);
    System.out.printf(
        Locale.ROOT,
        "{\"phase\": \"%s\", \"answers\": %d, \"failures\": %d, \"failure\": \"%s\", \"seconds\": %.3f,"
            + " \"throughput\": %.1f, \"rate\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f,"
            + " \"max_us\": %.1f}%n",
        name,
        all.answers(),
        all.failures(),
        all.failure().replaceAll("[^\\w .,:()-]", "_"),
        took,
        all.answers() / took,
        rate,
        quantiles[0],
        quantiles[1],
        quantiles[2]);
  }

  /** Each connection sends a request when the one before is answered, until the end. */
  private Samples flood(long end) throws IOException {
    Samples samples = new Samples();
    try (Selector selector = Selector.open()) {
      Deque<Connection> free = new ArrayDeque<>(connections);
      int left = connections.size();
      while (left > 0) {
        for (Connection next = free.poll(); next != null; next = free.poll()) {
          if (System.nanoTime() - end >= 0) {
            left--;
          } else if (!send(next, selector, samples)) {
            free.add(next);
          }
        }
        if (left > 0) {
          selector.select(key -> receive(key, samples, free));
        }
      }
    }
    for (Connection connection : connections) {
      connection.channel().configureBlocking(true);
    }
    return samples;
  }

  /** Whether the request is under way; if not, the connection was opened anew. */
  private static boolean send(Connection connection, Selector selector, Samples samples) {
    try {
      if (connection.channel().keyFor(selector) == null) {
        connection.channel().configureBlocking(false);
        connection.channel().register(selector, SelectionKey.OP_READ, connection);
      }
      connection.send();
      return true;
    } catch (IOException e) {
      samples.failed(e);
      reopen(connection);
      return false;
    }
  }

  /** Adds a connection that is free for the next request. */
  private static void receive(SelectionKey key, Samples samples, Deque<Connection> free) {
    Connection connection = (Connection) key.attachment();
    try {
      if (!connection.receive()) {
        return;
      }
      samples.answered(connection.answeredNanos() - connection.sentNanos());
    } catch (IOException e) {
      samples.failed(e);
      reopen(connection);
    }
    free.add(connection);
  }

  private static void reopen(Connection connection) {
    try {
      connection.reopen();
    } catch (IOException e) {
      throw new UncheckedIOException("the service is gone", e);
    }
  }

  private List<Callable<Samples>> paced(double rate, long start, long end) {
    long interval = (long) (connections.size() * 1e9 / rate);
    List<Callable<Samples>> work = new ArrayList<>();
    for (int i = 0; i < connections.size(); i++) {
      Connection connection = connections.get(i);
      long firstDue = start + interval * i / connections.size();
      work.add(() -> pace(connection, firstDue, interval, end));
    }
    return work;
  }

  private static Samples pace(Connection connection, long firstDue, long interval, long end) {
    Samples samples = new Samples();
    for (long due = firstDue; due - end < 0; due += interval) {
      waitUntil(due);
      if (System.nanoTime() - end >= TimeUnit.SECONDS.toNanos(5)) {
        break; // far behind: the rest would tell no more
      }
      try {
        connection.send();
        while (!connection.receive()) {
          // there is more to come
        }
        samples.answered(connection.answeredNanos() - due);
      } catch (IOException e) {
        samples.failed(e);
        reopen(connection);
      }
    }
    return samples;
  }

  private static void waitUntil(long due) {
    for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  @Override
  public void close() throws IOException {
    threads.shutdownNow();
    for (Connection connection : connections) {
      connection.close();
    }
  }
}
