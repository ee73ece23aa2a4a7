// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The other end of a connection, which says to every request what it was told to. */
final class HttpPeer implements AutoCloseable {

  private final ServerSocket listener;
  private final Thread acceptor = daemon(this::accept);
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger connections = new AtomicInteger();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final AtomicLong discarded = new AtomicLong();
  private volatile @Nullable String answer;
  private volatile boolean closes;
  private volatile boolean readsBodies = true;

  private HttpPeer(ServerSocket listener) {
    this.listener = listener;
  }

  static HttpPeer start() {
    return start(InetAddress.getLoopbackAddress(), 0);
  }

  /** One at an address of this machine; any free port is 0. */
  static HttpPeer start(InetAddress address, int port) {
    try {
      HttpPeer peer = new HttpPeer(new ServerSocket(port, 50, address));
      peer.acceptor.start();
      return peer;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int port() {
    return listener.getLocalPort();
  }

  String address() {
    return "http://127.0.0.1:" + port();
  }

  void answer(String text) {
    closes = false;
    answer = text;
  }

  /** Says nothing of closing in advance. */
  void answerAndClose(String text) {
    closes = true;
    answer = text;
  }

  /** Answers before it reads the body, of which it counts what comes. */
  void answerFromTheHead(String text) {
    closes = false;
    readsBodies = false;
    answer = text;
  }

  /** Reads nothing and says nothing. */
  void hang() {
    answer = null;
  }

  /** Connections that were made. */
  int connections() {
    return connections.get();
  }

  /** Connections that neither end has closed. */
  int open() {
    return open.size();
  }

  /** The heads of the requests that came. */
  List<String> requests() {
    return requests;
  }

  /** Bytes of bodies that came behind an answer. */
  long discarded() {
    return discarded.get();
  }

  List<String> requestLines() {
    return requests.stream().map(head -> head.substring(0, head.indexOf("\r\n"))).toList();
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listener.accept();
        connections.incrementAndGet();
        open.add(socket);
        daemon(() -> serve(socket)).start();
      }
    } catch (IOException closed) {
      return;
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      while (answer != null && readRequest(socket.getInputStream())) {
        socket.getOutputStream().write(String.valueOf(answer).getBytes(ISO_8859_1));
        if (closes) {
          return;
        }
        if (!readsBodies) {
          discard(socket.getInputStream());
        }
      }
      if (answer == null) {
        Thread.currentThread().join();
      }
    } catch (IOException | InterruptedException ended) {
      return;
    } finally {
      open.remove(socket);
    }
  }

  private void discard(InputStream in) throws IOException {
    byte[] some = new byte[64 << 10];
    for (int count = in.read(some); count >= 0; count = in.read(some)) {
      discarded.addAndGet(count);
    }
  }

  private boolean readRequest(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        return false;
      }
      head.append((char) next);
    }
    requests.add(head.toString());
    for (String line : head.toString().split("\r\n")) {
      if (readsBodies && line.startsWith("Content-Length: ")) {
        in.skipNBytes(Long.parseLong(line.substring(16)));
      }
    }
    return true;
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "http-peer");
    thread.setDaemon(true);
    return thread;
  }

  /** One who was about to accept may still do so after the listener is closed. */
  @Override
  public void close() {
    try {
      listener.close();
      acceptor.join();
      for (Socket socket : open) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
