// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;

/** HTTP/1.1 by hand: nothing is retried, corrected or hidden. */
public final class Wire implements AutoCloseable {

  /**
   * An answer as sent.
   *
   * @param status 0 when the server closed the connection without one
   * @param head the status line and the headers
   * @param body without its chunks
   */
  public record Answer(int status, String head, String body) {
    static Answer parse(String text) {
      int end = text.indexOf("\r\n\r\n");
      if (end < 0 || !text.startsWith("HTTP/1.1 ")) {
        return new Answer(0, text, "");
      }
      String head = text.substring(0, end);
      String body = text.substring(end + 4);
      boolean chunked = head.toLowerCase(java.util.Locale.ROOT).contains("chunked");
      return new Answer(
          Integer.parseInt(head.substring(9, 12)), head, chunked ? dechunk(body) : body);
    }

    /** As far as it goes: an aborted answer has no last chunk. */
    private static String dechunk(String body) {
      StringBuilder plain = new StringBuilder();
      int at = 0;
      while (at < body.length()) {
        int lineEnd = body.indexOf("\r\n", at);
        if (lineEnd < 0) {
          break;
        }
        int size = Integer.parseInt(body.substring(at, lineEnd).trim(), 16);
        if (size == 0) {
          break;
        }
        int from = lineEnd + 2;
        plain.append(body, from, Math.min(from + size, body.length()));
        at = from + size + 2;
      }
      return plain.toString();
    }
  }

  private final Socket socket;

  public Wire(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout((int) RecordingSink.PATIENCE.toMillis());
  }

  /** One request on a connection of its own. */
  public static Answer send(int port, String method, String target) throws IOException {
    return send(port, method, target, "", "");
  }

  /**
   * One request on a connection of its own.
   *
   * @param headers further lines, each with its line end
   */
  public static Answer send(int port, String method, String target, String headers, String body)
      throws IOException {
    try (Wire wire = new Wire(port)) {
      wire.write(request(method, target, headers + "Connection: close\r\n", body));
      return Answer.parse(wire.readToEnd());
    }
  }

  /** The text of a request. */
  public static String request(String method, String target, String headers, String body) {
    String length = body.isEmpty() ? "" : "Content-Length: " + body.length() + "\r\n";
    return method
        + ' '
        + target
        + " HTTP/1.1\r\nHost: localhost\r\n"
        + headers
        + length
        + "\r\n"
        + body;
  }

  public void write(String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(ISO_8859_1));
    socket.getOutputStream().flush();
  }

  /** Reads until the text was seen, or the connection ended. */
  public String readUntil(String text) throws IOException {
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    InputStream in = socket.getInputStream();
    int next;
    while ((next = in.read()) >= 0) {
      read.write(next);
      if (read.toString(ISO_8859_1).endsWith(text)) {
        break;
      }
    }
    return read.toString(ISO_8859_1);
  }

  /** Reads until the connection ends, however it does. */
  public String readToEnd() throws IOException {
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    try {
      InputStream in = socket.getInputStream();
      int count;
      while ((count = in.read(buffer)) >= 0) {
        read.write(buffer, 0, count);
      }
    } catch (java.net.SocketTimeoutException e) {
      throw e;
    } catch (IOException cut) {
      // What had arrived by then is the answer.
    }
    return read.toString(ISO_8859_1);
  }

  /** Cuts the connection without a farewell: the server sees a reset. */
  public void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
