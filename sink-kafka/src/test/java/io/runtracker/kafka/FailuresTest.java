// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FailuresTest {

  private static final String ID = "runtracker-log-0123";

  private final KafkaSettings settings =
      KafkaSettings.of(Map.of(), "broker:9092", "orders", null, Map.of());

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(
            new TransactionalIdAuthorizationException("no"),
            Kind.UNAUTHORIZED,
            "allow Write on the transactional id " + ID),
        Arguments.of(
            GroupAuthorizationException.forGroupId(ID),
            Kind.UNAUTHORIZED,
            "allow Read on the group " + ID),
        Arguments.of(
            new TopicAuthorizationException("no"),
            Kind.UNAUTHORIZED,
            "allow Write and Read on the topic orders"),
        Arguments.of(
            new SaslAuthenticationException("no"), Kind.UNAUTHORIZED, "RUNTRACKER_KAFKA_SASL_*"),
        Arguments.of(
            new SslAuthenticationException("no"), Kind.UNAUTHORIZED, "RUNTRACKER_KAFKA_SSL_*"),
        Arguments.of(
            new UnknownTopicOrPartitionException("no"), Kind.UNAVAILABLE, "create the topic"),
        Arguments.of(
            new TimeoutException("Topic orders not present in metadata after 10 ms."),
            Kind.UNAVAILABLE,
            "create the topic"),
        Arguments.of(
            new ProducerFencedException("no"), Kind.UNAVAILABLE, "another process writes as " + ID),
        Arguments.of(
            new InvalidProducerEpochException("no"),
            Kind.UNAVAILABLE,
            "another process writes as " + ID),
        Arguments.of(new InvalidRecordException("no"), Kind.REFUSED, "InvalidRecordException: no"),
        Arguments.of(
            new TimeoutException("too late"),
            Kind.UNAVAILABLE,
            "RUNTRACKER_KAFKA_SECURITY_PROTOCOL"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void each_failure_says_who_answered_what_and_what_to_do(
      KafkaException failure, Kind kind, String advice) {
    KafkaException wrapped = new KafkaException("the transaction cannot go on", failure);
    for (KafkaException thrown : new KafkaException[] {failure, wrapped}) {
      SinkException told = Failures.of(thrown, Failures.message(thrown, settings, ID));
      assertThat(told.kind()).isEqualTo(kind);
      assertThat(told.getMessage())
          .startsWith("Kafka at broker:9092: ")
          .contains(failure.getClass().getSimpleName(), advice);
    }
  }

  @Test
  void what_lies_behind_a_failure_is_told_too() {
    KafkaException failure =
        new KafkaException("Failed to construct", new IOException("no such file: keys.p12"));
    assertThat(Failures.message(failure, settings, ID))
        .isEqualTo(
            "Kafka at broker:9092: KafkaException: Failed to construct"
                + " (IOException: no such file: keys.p12)");
  }

  @Test
  void a_failure_without_a_word_has_its_name_at_least() {
    assertThat(Failures.message(new InvalidRecordException(""), settings, ID))
        .isEqualTo("Kafka at broker:9092: InvalidRecordException");
  }
}
