// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import io.runtracker.sink.BatchSink;
import io.runtracker.sink.BatchWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes requests to a topic of Kafka, each once: a record's value is the request in a {@link
 * KafkaFormat}, its header {@value #EVENT_ID} the event's id. It has no key, so that records spread
 * over all partitions.
 *
 * <p>Each batch is one transaction. In the same transaction goes what is known of the requests that
 * were written, as metadata of an offset: so whoever takes over a spool knows what is in the topic
 * already. Readers see a batch once it is complete if they read with {@code
 * isolation.level=read_committed}.
 *
 * <p>A sink that was built has no thread and no connection until its first call. Mistakes in its
 * settings are told by {@link IllegalArgumentException} when it is built.
 */
public final class KafkaSink implements BatchSink {

  /** The name of the header that holds the event's id, in UTF-8. */
  public static final String EVENT_ID = "runtracker.event_id";

  private final KafkaSettings settings;

  private KafkaSink(KafkaSettings settings) {
    this.settings = settings;
  }

  /** Collects settings. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public BatchWriter open(String logId) {
    return new TopicWriter(settings, logId);
  }

  /** Each writer has a connection of its own, and closes it. */
  @Override
  public void close() {}

  /** How the log names it. */
  @Override
  public String toString() {
    return settings.toString();
  }

  /**
   * Collects settings. What is set here wins over the environment. Not safe for use by several
   * threads.
   */
  public static final class Builder {
    private Map<String, String> environment = System.getenv();
    private final Map<String, String> told = new LinkedHashMap<>();
    private String bootstrapServers = "";
    private String topic = "";
    private @Nullable KafkaFormat format;

    private Builder() {}

    /** What to read in place of the process's environment. */
    public Builder environment(Map<String, String> variables) {
      this.environment = Map.copyOf(variables);
      return this;
    }

    /** Where the cluster is, such as {@code broker-1:9092,broker-2:9092}. */
    public Builder bootstrapServers(String addresses) {
      this.bootstrapServers = addresses;
      return this;
    }

    /** The topic, which must exist. Default: {@code runtracker-requests}. */
    public Builder topic(String name) {
      this.topic = name;
      return this;
    }

    /** How requests are written. Default: {@link KafkaFormat#BYTES}. */
    public Builder format(KafkaFormat ofValues) {
      this.format = ofValues;
      return this;
    }

    /**
     * A property of Kafka's producer, such as {@code security.protocol}.
     *
     * @param name as Kafka's documents give it; {@link #build} refuses one that the producer does
     *     not know, and those on which the promise rests that each request is written once
     */
    public Builder property(String name, String value) {
      told.put(name, value);
      return this;
    }

    /**
     * Builds the sink. Makes no call.
     *
     * @throws IllegalArgumentException when a setting cannot be used; the message names it as it
     *     was written
     */
    public KafkaSink build() {
      return new KafkaSink(KafkaSettings.of(environment, bootstrapServers, topic, format, told));
    }
  }
}
