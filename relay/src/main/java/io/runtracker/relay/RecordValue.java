// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.kafka.KafkaFormat;
import java.io.IOException;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What is in a record, in whichever format: delivery knows bytes alone. JSON that cannot be read
 * goes on as it is, so that it is set aside as it came.
 */
final class RecordValue {

  private static final RateLimitedLog warnings = new RateLimitedLog(Relay.class);

  private RecordValue() {}

  /** The bytes of the request that it holds. */
  static byte[] bytesOf(ConsumerRecord<byte[], byte[]> received) {
    byte[] value = received.value();
    if (value == null) {
      return new byte[0];
    }
    if (KafkaFormat.of(value) == KafkaFormat.BYTES) {
      return value;
    }
    try {
      return KafkaFormat.read(value).toBytes();
    } catch (IOException e) {
      String topic = received.topic();
      String place = topic + "-" + received.partition() + " at offset " + received.offset();
      warnings.warn(topic, "The record of " + place + " is set aside: " + e.getMessage());
      return value;
    }
  }

  /** Of a request that is set aside: why its JSON could not be read, or nothing. */
  static String whyUnread(byte[] event) {
    try {
      if (KafkaFormat.of(event) == KafkaFormat.JSON) {
        KafkaFormat.read(event);
      }
      return "";
    } catch (IOException e) {
      return ": " + e.getMessage();
    }
  }
}
