// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.runtracker.testkit.RecordingSink;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;

/** One request over HTTP/2 without TLS, frame by frame: clients do not reset streams on demand. */
final class Http2Client implements AutoCloseable {

  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int END_STREAM_AND_HEADERS = 5;
  private static final int STREAM = 1;
  private static final int CANCEL = 8;

  private final Socket socket;
  private final DataOutputStream out;
  private final DataInputStream in;

  Http2Client(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout((int) RecordingSink.PATIENCE.toMillis());
    out = new DataOutputStream(socket.getOutputStream());
    in = new DataInputStream(socket.getInputStream());
    out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(ISO_8859_1));
    write(SETTINGS, 0, 0, new byte[0]);
  }

  void get(String path) throws IOException {
    ByteArrayOutputStream headers = new ByteArrayOutputStream();
    headers.write(0x82); // :method GET, of the static table
    headers.write(0x86); // :scheme http
    writeHeader(headers, 0x04, path);
    writeHeader(headers, 0x01, "localhost");
    write(HEADERS, END_STREAM_AND_HEADERS, STREAM, headers.toByteArray());
  }

  /** Of a name of the static table, with its value as it is. */
  private static void writeHeader(ByteArrayOutputStream headers, int name, String value) {
    headers.write(name);
    headers.write(value.length());
    headers.writeBytes(value.getBytes(ISO_8859_1));
  }

  /** Waits for the first bytes of the body. */
  void awaitData() throws IOException {
    int type;
    do {
      int length = in.readUnsignedShort() << 8 | in.readUnsignedByte();
      type = in.readUnsignedByte();
      in.skipNBytes(5);
      in.skipNBytes(length);
    } while (type != DATA);
  }

  void reset() throws IOException {
    write(RST_STREAM, 0, STREAM, new byte[] {0, 0, 0, CANCEL});
  }

  private void write(int type, int flags, int stream, byte[] payload) throws IOException {
    out.writeByte(payload.length >> 16);
    out.writeShort(payload.length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
    out.write(payload);
    out.flush();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
