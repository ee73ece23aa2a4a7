// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A hop before a server that passes on bytes, whatever they mean, and breaks a connection after so
 * many of those that the server sent. Behind TLS they are of the handshake first.
 */
final class CuttingRelay implements AutoCloseable {

  private final ServerSocket listener;
  private final int target;
  private final Queue<Integer> cuts = new ConcurrentLinkedQueue<>();
  private final Set<Connection> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger cut = new AtomicInteger();

  private CuttingRelay(int target) throws IOException {
    this.target = target;
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    daemon(this::accept);
  }

  /** Before a port of this machine. */
  static CuttingRelay before(int port) {
    try {
      return new CuttingRelay(port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int port() {
    return listener.getLocalPort();
  }

  /** The next connection that is made breaks after so many bytes, the one after it next. */
  void cutNext(int... bytes) {
    for (int each : bytes) {
      cuts.add(each);
    }
  }

  /** Those that are open break after so many bytes more. */
  void cutIn(int bytes) {
    open.forEach(connection -> connection.left.set(bytes));
  }

  /** How many broke. */
  int cut() {
    return cut.get();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Connection connection =
            new Connection(client, new Socket(InetAddress.getLoopbackAddress(), target));
        Integer bytes = cuts.poll();
        connection.left.set(bytes == null ? Long.MAX_VALUE : bytes);
        open.add(connection);
        daemon(connection::request);
        daemon(connection::answer);
      }
    } catch (IOException closed) {
      return;
    }
  }

  private static void daemon(Runnable work) {
    Thread thread = new Thread(work, "cutting-relay");
    thread.setDaemon(true);
    thread.start();
  }

  private final class Connection {
    private final Socket client;
    private final Socket server;
    private final AtomicLong left = new AtomicLong();

    Connection(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }

    void request() {
      try {
        client.getInputStream().transferTo(server.getOutputStream());
      } catch (IOException ended) {
        return;
      } finally {
        close();
      }
    }

    void answer() {
      byte[] some = new byte[8 << 10];
      try {
        InputStream in = server.getInputStream();
        OutputStream out = client.getOutputStream();
        for (int count = in.read(some); count >= 0; count = in.read(some)) {
          long pass = Math.min(count, left.get());
          out.write(some, 0, (int) pass);
          if (left.addAndGet(-count) <= 0) {
            // By a reset, and by an end that looks like one that was meant.
            client.setSoLinger(cut.getAndIncrement() % 2 == 0, 0);
            return;
          }
        }
      } catch (IOException ended) {
        return;
      } finally {
        close();
      }
    }

    private void close() {
      open.remove(this);
      try (client;
          server) {
        return;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    open.forEach(Connection::close);
  }
}
