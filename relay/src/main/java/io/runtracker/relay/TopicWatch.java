// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** Asks the cluster which topic it is that has the name now. For one thread. */
final class TopicWatch implements AutoCloseable {

  private static final Duration CALL = Duration.ofSeconds(5);

  /** Kafka's own default. */
  private static final Duration USUAL_RETENTION = Duration.ofDays(7);

  private final Admin admin;
  private final String topic;
  private @Nullable Duration retention;

  TopicWatch(Map<String, Object> properties, String topic) {
    this.admin = Admin.create(properties);
    this.topic = topic;
  }

  /**
   * A topic, told from all others for ever.
   *
   * @param topicId another one when a topic of the name is created anew
   */
  record Identity(String clusterId, String topicId) {
    @Override
    public String toString() {
      return "topic " + topicId + " of cluster " + clusterId;
    }
  }

  /**
   * Asks.
   *
   * @throws IOException when there is no answer, or no such topic
   */
  Identity identity() throws IOException {
    KafkaFuture<String> cluster = admin.describeCluster().clusterId();
    KafkaFuture<Map<String, TopicDescription>> topics =
        admin.describeTopics(List.of(topic)).allTopicNames();
    TopicDescription found = answer(topics).get(topic);
    if (found == null) {
      throw new IOException("the cluster does not know it");
    }
    return new Identity(answer(cluster), found.topicId().toString());
  }

  /**
   * How long the cluster keeps the offsets of a group that nobody is a member of. Where it does not
   * say, because it takes a right to be told, its default is taken.
   */
  Duration offsetsRetention() throws IOException {
    Duration known = retention;
    if (known == null) {
      Node node =
          answer(admin.describeCluster().nodes()).stream()
              .findFirst()
              .orElseThrow(() -> new IOException("the cluster has no nodes"));
      try {
        known = retentionAt(node);
      } catch (IOException e) {
        if (!isNotAllowed(e)) { // a shorter one may hold
          throw e;
        }
        known = USUAL_RETENTION;
      }
      retention = known;
    }
    return known;
  }

  private Duration retentionAt(Node node) throws IOException {
    ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, node.idString());
    Config config = answer(admin.describeConfigs(List.of(broker)).all()).get(broker);
    ConfigEntry minutes = config == null ? null : config.get("offsets.retention.minutes");
    return minutes == null || minutes.value() == null
        ? USUAL_RETENTION
        : Duration.ofMinutes(Long.parseLong(minutes.value()));
  }

  private static boolean isNotAllowed(IOException e) {
    Throwable failure = e.getCause();
    return failure != null && failure.getCause() instanceof AuthorizationException;
  }

  private static <T> T answer(KafkaFuture<T> future) throws IOException {
    try {
      return future.get(CALL.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (ExecutionException e) {
      String hint =
          e.getCause() instanceof UnknownTopicOrPartitionException ? "; create the topic" : "";
      throw new IOException(e.getCause() + hint, e);
    } catch (TimeoutException e) {
      throw new IOException("no answer within " + CALL, e);
    }
  }

  @Override
  public void close() {
    admin.close(Duration.ofSeconds(1));
  }
}
