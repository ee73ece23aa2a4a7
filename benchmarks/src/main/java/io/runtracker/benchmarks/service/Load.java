// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.service;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Load on one path of a service at 127.0.0.1, over plain sockets that are kept alive, one thread
 * each, in phases: as many requests as the service answers, or requests at a fixed rate.
 *
 * <p>At a fixed rate the time of a request counts from the moment it was due, not from the moment
 * it could be sent: a request that waited behind a slow one is as late as its client found it.
 * Without one there are no moments at which requests are due, so only the throughput means
 * anything.
 *
 * <p>Arguments: port, path, connections. Each line of the standard input is a phase: its name, its
 * seconds, and the requests per second, 0 for as many as are answered. Prints a line of JSON when a
 * phase has ended; ends with its input.
 */
final class Load implements AutoCloseable {

  private static final int TIMEOUT_MILLIS = 60_000;
  private static final int BUFFER = 1 << 14;
  private static final long LONGEST_IDLE_NANOS = TimeUnit.SECONDS.toNanos(3);

  private final int port;
  private final String path;
  private final List<Client> clients = new ArrayList<>();
  private final ExecutorService threads;

  private Load(int port, String path, int connections) {
    this.port = port;
    this.path = path;
    this.threads = Executors.newFixedThreadPool(connections);
    for (int i = 0; i < connections; i++) {
      clients.add(new Client());
    }
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
    long start = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20);
    long end = start + (long) (seconds * 1e9);
    long interval = rate > 0 ? (long) (clients.size() * 1e9 / rate) : 0;
    List<Callable<Samples>> work = new ArrayList<>();
    for (int i = 0; i < clients.size(); i++) {
      Client client = clients.get(i);
      long firstDue = start + interval * i / clients.size();
      work.add(() -> client.send(firstDue, end, interval));
    }
    long[] nanos = new long[0];
    long failures = 0;
    String failure = "";
    for (Future<Samples> done : threads.invokeAll(work)) {
      Samples samples = done.get();
      int before = nanos.length;
      nanos = Arrays.copyOf(nanos, before + samples.count);
      System.arraycopy(samples.nanos, 0, nanos, before, samples.count);
      failures += samples.failures;
      failure = samples.failure.isEmpty() ? failure : samples.failure;
    }
    double took = (System.nanoTime() - start) / 1e9;
    Arrays.sort(nanos);
    System.out.printf(
        Locale.ROOT,
        "{\"phase\": \"%s\", \"answers\": %d, \"failures\": %d, \"failure\": \"%s\", \"seconds\": %.3f,"
            + " \"throughput\": %.1f, \"rate\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f,"
            + " \"max_us\": %.1f}%n",
        name,
        nanos.length,
        failures,
        failure.replaceAll("[^\\w .,:()-]", "_"),
        took,
        nanos.length / took,
        rate,
        quantile(nanos, 0.5),
        quantile(nanos, 0.99),
        quantile(nanos, 1));
  }

  @Override
  public void close() throws IOException {
    threads.shutdown();
    for (Client client : clients) {
      client.disconnect();
    }
  }

  /** In microseconds, of sorted nanoseconds: the smallest that this share does not exceed. */
  private static double quantile(long[] sorted, double share) {
    if (sorted.length == 0) {
      return 0;
    }
    return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)] / 1e3;
  }

  /** What a client found in one phase. */
  private static final class Samples {
    private long[] nanos = new long[1 << 12];
    private int count;
    private long failures;
    private String failure = "";

    private void add(long taken) {
      if (count == nanos.length) {
        nanos = Arrays.copyOf(nanos, 2 * count);
      }
      nanos[count++] = taken;
    }
  }

  /**
   * One connection, for phases that follow each other; opened anew after a pause, or when the
   * service closes it. Were each phase to open its own, the service would spend the first seconds
   * of each on compiling anew what it had compiled for connections that never end.
   */
  private final class Client {
    private final byte[] request =
        ("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);

    private @Nullable Socket socket;
    private InputStream in = InputStream.nullInputStream();
    private final byte[] buffer = new byte[BUFFER];
    private int at;
    private int limit;
    private long lastAnswer;
    private boolean close;

    /**
     * Sends requests until the phase ends.
     *
     * @param interval between two that are due; 0 sends each when the one before is answered
     */
    private Samples send(long firstDue, long end, long interval) throws IOException {
      Samples samples = new Samples();
      if (System.nanoTime() - lastAnswer > LONGEST_IDLE_NANOS) {
        disconnect(); // before the service does, between our look and our request
      }
      for (long due = firstDue; ; due = interval > 0 ? due + interval : System.nanoTime()) {
        waitUntil(due);
        if (due - end >= 0 || System.nanoTime() - end >= TimeUnit.SECONDS.toNanos(5)) {
          return samples;
        }
        try {
          exchange();
          lastAnswer = System.nanoTime();
          samples.add(lastAnswer - due);
        } catch (IOException e) {
          samples.failures++;
          samples.failure = String.valueOf(e);
          disconnect();
        }
      }
    }

    private void waitUntil(long due) {
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
    }

    private void exchange() throws IOException {
      connected().getOutputStream().write(request);
      readAnswer();
      if (close) {
        disconnect();
      }
    }

    private Socket connected() throws IOException {
      Socket open = socket;
      if (open == null) {
        open = new Socket(InetAddress.getLoopbackAddress(), port);
        open.setTcpNoDelay(true);
        open.setSoTimeout(TIMEOUT_MILLIS);
        in = open.getInputStream();
        at = 0;
        limit = 0;
        close = false;
        socket = open;
      }
      return open;
    }

    private void readAnswer() throws IOException {
      String status = line();
      if (!status.startsWith("HTTP/1.1 200")) {
        throw new IOException("answered " + status);
      }
      long length = -1;
      boolean chunked = false;
      for (String header = line(); !header.isEmpty(); header = line()) {
        int colon = header.indexOf(':');
        String name = header.substring(0, Math.max(colon, 0)).toLowerCase(Locale.ROOT);
        String value = header.substring(colon + 1).strip().toLowerCase(Locale.ROOT);
        switch (name) {
          case "content-length" -> length = Long.parseLong(value);
          case "transfer-encoding" -> chunked = value.equals("chunked");
          case "connection" -> close = value.equals("close");
          default -> {}
        }
      }
      if (chunked) {
        long size;
        do {
          size = Long.parseLong(line(), 16);
          skip(size);
          line();
        } while (size > 0);
      } else if (length >= 0) {
        skip(length);
      } else {
        throw new IOException("an answer of unknown length");
      }
    }

    private String line() throws IOException {
      int start = at;
      while (true) {
        for (; at < limit; at++) {
          if (buffer[at] == '\n') {
            int end = at++;
            int length = end > start && buffer[end - 1] == '\r' ? end - 1 - start : end - start;
            return new String(buffer, start, length, StandardCharsets.ISO_8859_1);
          }
        }
        fill(start);
        start = 0;
      }
    }

    private void skip(long bytes) throws IOException {
      for (long left = bytes; left > 0; ) {
        if (at == limit) {
          fill(at);
        }
        int some = (int) Math.min(left, limit - at);
        at += some;
        left -= some;
      }
    }

    /** Reads more behind what is kept of the buffer, which then begins with it. */
    private void fill(int keepFrom) throws IOException {
      int kept = limit - keepFrom;
      if (kept == buffer.length) {
        throw new IOException("a line without an end");
      }
      System.arraycopy(buffer, keepFrom, buffer, 0, kept);
      int read = in.read(buffer, kept, buffer.length - kept);
      if (read < 0) {
        throw new EOFException("the service closed the connection");
      }
      at = kept;
      limit = kept + read;
    }

    private void disconnect() throws IOException {
      if (socket != null) {
        socket.close();
        socket = null;
      }
    }
  }
}
