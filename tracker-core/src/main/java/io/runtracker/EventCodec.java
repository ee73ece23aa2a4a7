// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Events as bytes, for the spool. The first byte is the version: a reader of today reads what
 * yesterday wrote, and says so when it cannot.
 */
final class EventCodec {

  private static final byte VERSION = 2;

  /** Without the byte of flags. */
  private static final byte VERSION_WITHOUT_FLAGS = 1;

  private static final int KILLED = 1;
  private static final int OWN_DATA = 2;

  private static final byte ABSENT = 0;
  private static final byte LATIN_1 = 1;
  private static final byte UTF_16 = 2;

  private EventCodec() {}

  static byte[] encode(RequestEvent event) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      write(out, event.source());
      out.writeLong(event.sequence());
      write(out, event.method());
      writeTarget(out, event.target());
      write(out, event.route());
      write(out, event.givenName());
      out.writeShort(event.statusCode());
      out.writeByte(
          (event.status() == RunStatus.KILLED ? KILLED : 0) | (event.hasOwnData() ? OWN_DATA : 0));
      out.writeLong(event.startTime().toEpochMilli());
      out.writeLong(event.durationNanos());
      write(out, event.errorType());
      write(out, event.errorDetails());
      write(out, event.tags());
      write(out, event.params());
      write(out, event.texts());
      out.writeInt(event.metrics().size());
      for (Metric metric : event.metrics()) {
        write(out, metric.key());
        out.writeDouble(metric.value());
        out.writeLong(metric.timestampMillis());
        out.writeLong(metric.step());
      }
    } catch (IOException impossibleInMemory) {
      throw new UncheckedIOException(impossibleInMemory);
    }
    return bytes.toByteArray();
  }

  /**
   * Reads an event back.
   *
   * @throws IOException when these bytes are not an event, or one of a later version
   */
  static RequestEvent decode(byte[] bytes) throws IOException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      byte version = in.readByte();
      if (version != VERSION && version != VERSION_WITHOUT_FLAGS) {
        throw new IOException("an event of the unknown version " + version);
      }
      RequestEvent.Builder event =
          RequestEvent.builder(required(in), in.readLong(), required(in), readTarget(in))
              .route(read(in))
              .name(read(in))
              .statusCode(in.readUnsignedShort());
      int flags = version == VERSION_WITHOUT_FLAGS ? 0 : in.readByte();
      event
          .killed((flags & KILLED) != 0)
          .ownData((flags & OWN_DATA) != 0)
          .timing(in.readLong(), in.readLong())
          .error(read(in), read(in));
      for (int left = in.readInt(); left > 0; left--) {
        event.tag(required(in), required(in));
      }
      for (int left = in.readInt(); left > 0; left--) {
        event.param(required(in), required(in));
      }
      for (int left = in.readInt(); left > 0; left--) {
        event.text(required(in), required(in));
      }
      for (int left = in.readInt(); left > 0; left--) {
        event.metric(new Metric(required(in), in.readDouble(), in.readLong(), in.readLong()));
      }
      return event.build();
    }
  }

  private static void writeTarget(DataOutputStream out, RequestTarget target) throws IOException {
    write(out, target.scheme());
    write(out, target.host());
    out.writeInt(target.port());
    write(out, target.path());
    write(out, target.query());
  }

  private static RequestTarget readTarget(DataInputStream in) throws IOException {
    return new RequestTarget(required(in), required(in), in.readInt(), required(in), read(in));
  }

  private static void write(DataOutputStream out, Map<String, String> texts) throws IOException {
    out.writeInt(texts.size());
    for (Map.Entry<String, String> text : texts.entrySet()) {
      write(out, text.getKey());
      write(out, text.getValue());
    }
  }

  /** A byte a character where that will do, as in nearly all of what is recorded. */
  private static void write(DataOutputStream out, @Nullable String text) throws IOException {
    if (text == null) {
      out.writeByte(ABSENT);
      return;
    }
    boolean latin = isLatin(text);
    byte[] bytes = text.getBytes(latin ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_16BE);
    out.writeByte(latin ? LATIN_1 : UTF_16);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static boolean isLatin(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) > 0xFF) {
        return false;
      }
    }
    return true;
  }

  private static String required(DataInputStream in) throws IOException {
    String text = read(in);
    if (text == null) {
      throw new IOException("a part of the event is missing");
    }
    return text;
  }

  private static @Nullable String read(DataInputStream in) throws IOException {
    byte coder = in.readByte();
    if (coder == ABSENT) {
      return null;
    }
    int length = in.readInt();
    if (length < 0 || length > in.available()) {
      throw new IOException(
          "a text of " + length + " bytes, where " + in.available() + " are left");
    }
    byte[] bytes = in.readNBytes(length);
    return new String(
        bytes, coder == LATIN_1 ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_16BE);
  }
}
