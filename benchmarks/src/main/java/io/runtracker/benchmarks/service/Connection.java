// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.service;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One connection to the service, kept alive, with one request under way at most. Were each phase to
 * open its own, the service would spend the first seconds of each on compiling anew what it had
 * compiled for connections that never end.
 */
final class Connection implements AutoCloseable {

  private static final int LARGEST_ANSWER = 1 << 16;
  private static final String END_OF_HEAD = "\r\n\r\n";

  private final InetSocketAddress service;
  private final ByteBuffer request;
  private final ByteBuffer received = ByteBuffer.allocateDirect(LARGEST_ANSWER);
  private SocketChannel channel;
  private long sentNanos;
  private long answeredNanos = System.nanoTime();

  Connection(int port, String path) throws IOException {
    this.service = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    byte[] head =
        ("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    this.request = ByteBuffer.allocateDirect(head.length).put(head).flip();
    this.channel = open();
  }

  private SocketChannel open() throws IOException {
    return SocketChannel.open(service).setOption(StandardSocketOptions.TCP_NODELAY, true);
  }

  /** Takes the place of what is there with a new connection, whose channel blocks. */
  void reopen() throws IOException {
    channel.close();
    channel = open();
  }

  SocketChannel channel() {
    return channel;
  }

  long sentNanos() {
    return sentNanos;
  }

  /** When the last answer was complete; before the first, when this was made. */
  long answeredNanos() {
    return answeredNanos;
  }

  void send() throws IOException {
    received.clear();
    request.rewind();
    sentNanos = System.nanoTime();
    while (request.hasRemaining()) {
      channel.write(request);
    }
  }

  /**
   * Reads what has come or, where the channel blocks, what comes next.
   *
   * @return whether the answer is complete; the service may have said that it closes then, for
   *     which this was opened anew
   * @throws IOException when there will be no answer, or it is not that of a request that went well
   */
  boolean receive() throws IOException {
    if (!received.hasRemaining()) {
      throw new IOException("an answer of more than " + LARGEST_ANSWER + " bytes");
    }
    if (channel.read(received) < 0) {
      throw new EOFException("the service closed the connection");
    }
    String text = StandardCharsets.ISO_8859_1.decode(received.duplicate().flip()).toString();
    int headEnd = text.indexOf(END_OF_HEAD);
    if (headEnd < 0) {
      return false;
    }
    if (!text.startsWith("HTTP/1.1 200")) {
      throw new IOException("answered " + text.lines().findFirst().orElse(""));
    }
    String head = text.substring(0, headEnd + 2).toLowerCase(Locale.ROOT);
    if (!isComplete(text, headEnd + END_OF_HEAD.length(), head)) {
      return false;
    }
    answeredNanos = System.nanoTime();
    if ("close".equals(header(head, "connection"))) {
      reopen();
    }
    return true;
  }

  private static boolean isComplete(String text, int body, String head) throws IOException {
    String length = header(head, "content-length");
    if (length != null) {
      return text.length() >= body + Integer.parseInt(length);
    }
    if ("chunked".equals(header(head, "transfer-encoding"))) {
      return text.endsWith("0\r\n\r\n");
    }
    throw new IOException("an answer of unknown length");
  }

  /** Of a head in small letters, whose every line ends. */
  private static @Nullable String header(String head, String name) {
    int at = head.indexOf("\r\n" + name + ":");
    if (at < 0) {
      return null;
    }
    int value = at + name.length() + 3;
    return head.substring(value, head.indexOf('\r', value)).strip();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
