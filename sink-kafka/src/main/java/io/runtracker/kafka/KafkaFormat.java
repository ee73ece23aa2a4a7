// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import io.runtracker.internal.event.EventBytes;
import io.runtracker.kafka.client.ClientProperties;
import io.runtracker.sink.EncodedEvent;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a request is written as the value of a record. One topic may hold both: the first byte of a
 * value tells them apart. docs/kafka.md describes them, and what another version may read.
 */
public enum KafkaFormat {
  /** The bytes in which requests travel anyway: the smallest, and nothing is done for it. */
  BYTES,

  /**
   * An object of JSON, with the keys of a row of {@code requests.jsonl} and some more, for topics
   * that other programs read too. Needs {@code com.fasterxml.jackson.core:jackson-core} on the
   * class path.
   */
  JSON;

  private static final byte OPENS_JSON = '{';

  /** That of a record's value, which may be neither. */
  public static KafkaFormat of(byte[] value) {
    return value.length > 0 && value[0] == OPENS_JSON ? JSON : BYTES;
  }

  /**
   * Reads a record's value, whatever its format is.
   *
   * @param value kept, not copied
   * @throws IOException when it holds no request, or one of a later version
   */
  public static EncodedEvent read(byte[] value) throws IOException {
    return of(value) == JSON ? JsonRequestReader.read(value) : EncodedEvent.of(value);
  }

  /** A record's value. */
  byte[] valueOf(EncodedEvent event) throws IOException {
    return this == JSON ? JsonRequest.write(EventBytes.of(event)) : event.toBytes();
  }

  /**
   * That of the settings.
   *
   * @param told what a builder was told; it wins where it is not null
   * @throws IllegalArgumentException when it cannot be used; the message names it as it was written
   */
  static KafkaFormat of(Map<String, String> environment, @Nullable KafkaFormat told) {
    String text = environment.getOrDefault(ClientProperties.FORMAT, "").strip();
    String written = told == null ? ClientProperties.FORMAT : "format";
    KafkaFormat format = told == null ? named(text) : told;
    if (format == JSON && !isJacksonThere()) {
      throw new IllegalArgumentException(
          written
              + ": JSON needs com.fasterxml.jackson.core:jackson-core on the class path, which does"
              + " not have it");
    }
    return format;
  }

  private static KafkaFormat named(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "", "bytes" -> BYTES;
      case "json" -> JSON;
      default ->
          throw new IllegalArgumentException(
              ClientProperties.FORMAT + ": must be bytes or json, but is " + text);
    };
  }

  private static boolean isJacksonThere() {
    try {
      Class.forName("com.fasterxml.jackson.core.JsonFactory");
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }
}
