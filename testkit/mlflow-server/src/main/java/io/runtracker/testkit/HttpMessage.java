// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One HTTP/1.1 message with its bytes as they came, chunk sizes included. */
final class HttpMessage {

  private static final int MAX_LINE = 1 << 16;

  private final String head;
  private final byte[] bytes;

  private HttpMessage(String head, byte[] body) {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.writeBytes(head.getBytes(ISO_8859_1));
    whole.writeBytes(body);
    this.head = head;
    this.bytes = whole.toByteArray();
  }

  /** A reply with a body of known length. */
  static HttpMessage reply(int status, Map<String, String> headers, String body) {
    byte[] content = body.getBytes(UTF_8);
    StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Fault\r\n");
    headers.forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
    head.append("Content-Length: " + content.length + "\r\n\r\n");
    return new HttpMessage(head.toString(), content);
  }

  /** From the start line to the blank line. */
  String head() {
    return head;
  }

  /** Bytes of its body, as they came. */
  long bodyLength() {
    return (long) bytes.length - head.length();
  }

  /** Whether these bytes are anywhere in it. */
  boolean holds(byte[] text) {
    for (int at = 0; at <= bytes.length - text.length; at++) {
      if (Arrays.equals(bytes, at, at + text.length, text, 0, text.length)) {
        return true;
      }
    }
    return false;
  }

  void writeTo(Socket socket) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  void writeAllButTheLastByteTo(Socket socket) throws IOException {
    socket.getOutputStream().write(bytes, 0, bytes.length - 1);
  }

  /** The next request of a connection; null when the peer closed it between two. */
  static @Nullable HttpMessage readRequest(InputStream in) throws IOException {
    String head = readHead(in);
    if (head == null) {
      return null;
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    if (isChunked(head)) {
      copyChunks(in, body);
    } else {
      copy(in, body, contentLength(head));
    }
    return new HttpMessage(head, body.toByteArray());
  }

  /** The head of a reply, any interim one (1xx) passed over. */
  static String readReplyHead(InputStream in) throws IOException {
    while (true) {
      String head = readHead(in);
      if (head == null) {
        throw new EOFException("no reply");
      }
      if (status(head) >= 200) {
        return head;
      }
    }
  }

  static HttpMessage readReplyBody(InputStream in, String head, String requestMethod)
      throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    int status = status(head);
    if (requestMethod.equals("HEAD") || status == 204 || status == 304) {
      return new HttpMessage(head, new byte[0]);
    }
    if (isChunked(head)) {
      copyChunks(in, body);
    } else if (endsWithConnection(head)) {
      in.transferTo(body);
    } else {
      copy(in, body, contentLength(head));
    }
    return new HttpMessage(head, body.toByteArray());
  }

  /** Whether this reply has no other end than that of its connection. */
  static boolean endsWithConnection(String replyHead) {
    int status = status(replyHead);
    return status != 204
        && status != 304
        && !isChunked(replyHead)
        && header(replyHead, "content-length") == null;
  }

  static boolean asksToClose(String head) {
    String connection = header(head, "connection");
    return connection != null && connection.toLowerCase(Locale.ROOT).contains("close");
  }

  static @Nullable String header(String head, String lowerCaseName) {
    for (String line : head.split("\r\n")) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).toLowerCase(Locale.ROOT).equals(lowerCaseName)) {
        return line.substring(colon + 1).strip();
      }
    }
    return null;
  }

  private static int status(String replyHead) {
    String[] words = replyHead.split(" ", 3);
    return Integer.parseInt(words[1].substring(0, 3));
  }

  private static boolean isChunked(String head) {
    String encoding = header(head, "transfer-encoding");
    return encoding != null && encoding.toLowerCase(Locale.ROOT).contains("chunked");
  }

  private static long contentLength(String head) {
    String length = header(head, "content-length");
    return length == null ? 0 : Long.parseLong(length);
  }

  private static @Nullable String readHead(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (true) {
      String line = readLine(in);
      if (line == null) {
        if (head.isEmpty()) {
          return null;
        }
        throw new EOFException("end within a head");
      }
      head.append(line).append("\r\n");
      if (line.isEmpty()) {
        return head.toString();
      }
    }
  }

  /** Without its end; null at the end of the stream. */
  private static @Nullable String readLine(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      int c = in.read();
      if (c < 0) {
        return line.isEmpty() ? null : line.toString();
      }
      if (c == '\n') {
        return line.toString();
      }
      if (c != '\r') {
        line.append((char) c);
      }
      if (line.length() > MAX_LINE) {
        throw new IOException("a line without end");
      }
    }
  }

  private static void copyChunks(InputStream in, ByteArrayOutputStream out) throws IOException {
    while (true) {
      String sizeLine = copyLine(in, out);
      long size = Long.parseLong(sizeLine.split(";", 2)[0].strip(), 16);
      if (size == 0) {
        while (!copyLine(in, out).isEmpty()) {
          // trailers, up to the blank line
        }
        return;
      }
      copy(in, out, size);
      copyLine(in, out);
    }
  }

  private static String copyLine(InputStream in, ByteArrayOutputStream out) throws IOException {
    String line = readLine(in);
    if (line == null) {
      throw new EOFException("end within chunks");
    }
    out.writeBytes((line + "\r\n").getBytes(ISO_8859_1));
    return line;
  }

  private static void copy(InputStream in, ByteArrayOutputStream out, long length)
      throws IOException {
    byte[] bytes = in.readNBytes(Math.toIntExact(length));
    if (bytes.length < length) {
      throw new EOFException("end within a body");
    }
    out.writeBytes(bytes);
  }
}
