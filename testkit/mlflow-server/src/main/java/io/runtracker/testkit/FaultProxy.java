// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A proxy on 127.0.0.1 in front of an HTTP/1.1 server (no TLS) that does to chosen requests what
 * networks and servers do to them on bad days. Without a fault it passes everything on, byte for
 * byte; a request goes to the server at most once. Requests and replies are held in memory whole.
 * Safe for many threads; faults may be changed at any time and count for requests that arrive
 * later.
 */
public final class FaultProxy implements AutoCloseable {

  /**
   * A request as it arrived.
   *
   * @param path without the query
   */
  public record Request(String method, String path, String query) {}

  private record Listener(ServerSocket socket, Thread acceptor) {

    /** The kernel goes on accepting for as long as a thread is in its call, closed or not. */
    void close() {
      closeQuietly(socket);
      boolean interrupted = false;
      while (acceptor.isAlive()) {
        try {
          acceptor.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static final byte[] GARBAGE =
      "\u0016\u0003\u0001 no HTTP, whatever you expected\r\n\r\n"
          .getBytes(StandardCharsets.ISO_8859_1);

  private final InetSocketAddress server;
  private final List<FaultRule> rules = new CopyOnWriteArrayList<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicInteger maxInFlight = new AtomicInteger();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final int port;
  private @Nullable Listener listener;

  private FaultProxy(InetSocketAddress server) {
    this.server = server;
    this.listener = listen(0);
    this.port = listener.socket().getLocalPort();
  }

  /** Starts a proxy in front of this server, on a free port. */
  public static FaultProxy inFrontOf(URI server) {
    if (!"http".equals(server.getScheme())) {
      throw new IllegalArgumentException("only http, not " + server);
    }
    return new FaultProxy(new InetSocketAddress(server.getHost(), server.getPort()));
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + port);
  }

  /** Selects requests by method and the end of their path: {@code on("POST", "runs/create")}. */
  public static Predicate<Request> on(String method, String pathEnd) {
    return request -> request.method().equals(method) && request.path().endsWith(pathEnd);
  }

  /** From now on this happens to every request. */
  public FaultProxy inject(Fault fault) {
    return inject(Integer.MAX_VALUE, request -> true, fault);
  }

  /** From now on this happens to the requests selected. */
  public FaultProxy inject(Predicate<Request> requests, Fault fault) {
    return inject(Integer.MAX_VALUE, requests, fault);
  }

  /**
   * This happens to the next so many of the requests selected. Of several faults the oldest counts.
   */
  public FaultProxy inject(int times, Predicate<Request> requests, Fault fault) {
    rules.add(new FaultRule(requests, message -> true, fault, times));
    return this;
  }

  /**
   * From now on this happens to every request that holds a text in its address or its body, as a
   * firewall does it.
   */
  public FaultProxy injectWhere(String text, Fault fault) {
    byte[] held = text.getBytes(StandardCharsets.UTF_8);
    rules.add(new FaultRule(any -> true, message -> message.holds(held), fault, Integer.MAX_VALUE));
    return this;
  }

  /** From now on this happens to every request with a body of more bytes than that. */
  public FaultProxy injectAbove(long bytes, Fault fault) {
    Predicate<HttpMessage> isLonger = message -> message.bodyLength() > bytes;
    rules.add(new FaultRule(any -> true, isLonger, fault, Integer.MAX_VALUE));
    return this;
  }

  /** Takes all faults back; refused connections are another matter, see {@link #accept()}. */
  public void clear() {
    rules.clear();
  }

  /** Ends every connection and refuses new ones, as a machine without the server does. */
  public synchronized void refuse() {
    if (listener != null) {
      listener.close();
      listener = null;
    }
    sockets.forEach(FaultProxy::closeQuietly);
  }

  /** Accepts connections again, on the same port. */
  public synchronized void accept() {
    if (listener == null) {
      listener = listen(port);
    }
  }

  /** Every request so far, those a fault met included, in the order of their arrival. */
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  /** How many there were, which are forgotten: for long runs, whose requests would fill memory. */
  public int forgetRequests() {
    int count = requests.size();
    requests.clear();
    return count;
  }

  public long count(Predicate<Request> selected) {
    return requests.stream().filter(selected).count();
  }

  /** Requests that have arrived and are not yet answered. */
  public int inFlight() {
    return inFlight.get();
  }

  /** The most that ever were in flight at once. */
  public int maxInFlight() {
    return maxInFlight.get();
  }

  @Override
  public synchronized void close() {
    closed.countDown();
    refuse();
  }

  private Listener listen(int onPort) {
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), onPort), 512);
      return new Listener(socket, startThread("fault-proxy-accept", () -> acceptFrom(socket)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void acceptFrom(ServerSocket socket) {
    while (!socket.isClosed()) {
      try {
        Socket client = socket.accept();
        sockets.add(client);
        startThread("fault-proxy-" + client.getPort(), () -> converse(client));
      } catch (IOException e) {
        // the listener was closed, or this one client is gone
      }
    }
  }

  private static Thread startThread(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private void converse(Socket client) {
    try (client) {
      client.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(client.getInputStream());
      boolean goOn = true;
      while (goOn) {
        HttpMessage message = HttpMessage.readRequest(in);
        goOn = message != null && handle(message, client);
      }
    } catch (IOException | IllegalArgumentException e) {
      // To the client a connection that ends is all there is to say.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      sockets.remove(client);
    }
  }

  /** Returns whether the connection goes on. */
  private boolean handle(HttpMessage message, Socket client)
      throws IOException, InterruptedException {
    Request request = requestOf(message);
    maxInFlight.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
    requests.add(request);
    try {
      Fault fault = faultFor(request, message);
      if (fault == null) {
        return exchange(message, request, client, null);
      }
      return suffer(fault, message, request, client);
    } finally {
      inFlight.decrementAndGet();
    }
  }

  private boolean suffer(Fault fault, HttpMessage message, Request request, Socket client)
      throws IOException, InterruptedException {
    if (fault instanceof Fault.CutReply
        || fault instanceof Fault.DelayReply
        || fault instanceof Fault.StallReply) {
      return exchange(message, request, client, fault);
    }
    if (fault instanceof Fault.Answer answer) {
      HttpMessage.reply(answer.status(), answer.headers(), answer.body()).writeTo(client);
      return !HttpMessage.asksToClose(message.head());
    }
    if (fault instanceof Fault.Garbage) {
      client.getOutputStream().write(GARBAGE);
    } else if (fault instanceof Fault.Hang) {
      waitUntilClosed(client);
    }
    return false;
  }

  private static void waitUntilClosed(Socket client) throws IOException {
    client.getInputStream().transferTo(OutputStream.nullOutputStream());
  }

  /**
   * Passes the request on over a connection of its own: a kept one might have been closed by the
   * server meanwhile, and sending a second time is what this proxy must never do.
   */
  private boolean exchange(
      HttpMessage message, Request request, Socket client, @Nullable Fault fault)
      throws IOException, InterruptedException {
    try (Socket upstream = new Socket()) {
      sockets.add(upstream);
      try {
        upstream.setTcpNoDelay(true);
        upstream.connect(server);
        message.writeTo(upstream);
        InputStream in = new BufferedInputStream(upstream.getInputStream());
        String head = HttpMessage.readReplyHead(in);
        if (fault instanceof Fault.CutReply) {
          return false;
        }
        HttpMessage reply = HttpMessage.readReplyBody(in, head, request.method());
        if (fault instanceof Fault.DelayReply delay
            && closed.await(delay.delay().toNanos(), TimeUnit.NANOSECONDS)) {
          return false;
        }
        if (fault instanceof Fault.StallReply) {
          reply.writeAllButTheLastByteTo(client);
          waitUntilClosed(client);
          return false;
        }
        reply.writeTo(client);
        return !HttpMessage.asksToClose(message.head())
            && !HttpMessage.asksToClose(head)
            && (request.method().equals("HEAD") || !HttpMessage.endsWithConnection(head));
      } finally {
        sockets.remove(upstream);
      }
    }
  }

  private @Nullable Fault faultFor(Request request, HttpMessage message) {
    for (FaultRule rule : rules) {
      if (rule.take(request, message)) {
        return rule.fault();
      }
    }
    return null;
  }

  private static Request requestOf(HttpMessage message) throws IOException {
    String[] line = message.head().split("\r\n", 2)[0].split(" ");
    if (line.length != 3) {
      throw new IOException("no request line");
    }
    int mark = line[1].indexOf('?');
    return mark < 0
        ? new Request(line[0], line[1], "")
        : new Request(line[0], line[1].substring(0, mark), line[1].substring(mark + 1));
  }

  private static void closeQuietly(Closeable socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // it is closed as far as we can
    }
  }
}
