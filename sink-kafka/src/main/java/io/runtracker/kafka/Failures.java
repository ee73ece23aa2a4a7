// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** What went wrong, in words for who runs the service. */
final class Failures {

  private Failures() {}

  /**
   * What delivery is to make of it. The next connection finds out what was written, so what nobody
   * knows now is no more than a call to make again.
   */
  static SinkException of(KafkaException e, String message) {
    return new SinkException(kind(e), message, e);
  }

  private static Kind kind(KafkaException e) {
    if (is(e, AuthenticationException.class)
        || is(e, AuthorizationException.class)
        || saysThatTheTopicIsForbidden(e)) {
      return Kind.UNAUTHORIZED;
    }
    return is(e, InvalidRecordException.class) ? Kind.REFUSED : Kind.UNAVAILABLE;
  }

  /** Kafka wraps what happened in what it could not do because of it. */
  private static boolean is(Throwable thrown, Class<? extends Exception> kind) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (kind.isInstance(cause)) {
        return true;
      }
    }
    return false;
  }

  /** Names who answered what, and what to do about it where that is known. */
  static String message(Exception e, KafkaSettings settings, String id) {
    String advice = advice(e, settings, id);
    return "Kafka at "
        + settings.servers
        + ": "
        + innermost(e)
        + (advice.isEmpty() ? "" : "; " + advice);
  }

  /** What Kafka's client says, and why, where that is not its own. */
  private static String innermost(Throwable e) {
    Throwable own = e;
    while (own.getCause() instanceof KafkaException next) {
      own = next;
    }
    Throwable last = own;
    while (last.getCause() != null) {
      last = last.getCause();
    }
    return last == own ? told(own) : told(own) + " (" + told(last) + ")";
  }

  private static String told(Throwable thrown) {
    String message = thrown.getMessage();
    String name = thrown.getClass().getSimpleName();
    return message == null || message.isBlank() ? name : name + ": " + message;
  }

  private static String advice(Exception e, KafkaSettings settings, String id) {
    if (is(e, TransactionalIdAuthorizationException.class)) {
      return "allow Write on the transactional id " + id;
    }
    if (is(e, GroupAuthorizationException.class)) {
      return "allow Read on the group " + id;
    }
    if (is(e, TopicAuthorizationException.class) || saysThatTheTopicIsForbidden(e)) {
      return "allow Write and Read on the topic " + settings.topic;
    }
    if (is(e, SslAuthenticationException.class)) {
      return "look at the certificates, RUNTRACKER_KAFKA_SSL_*";
    }
    if (is(e, AuthenticationException.class)) {
      return "look at the credentials, RUNTRACKER_KAFKA_SASL_*";
    }
    if (is(e, UnknownTopicOrPartitionException.class) || saysThereIsNoTopic(e)) {
      return "create the topic " + settings.topic + ", unless the cluster is away";
    }
    if (is(e, ProducerFencedException.class) || is(e, InvalidProducerEpochException.class)) {
      return "if this goes on, another process writes as "
          + id
          + ": was the spool's directory copied while it was in use?";
    }
    if (is(e, TimeoutException.class)) {
      return "look at the servers, the network and RUNTRACKER_KAFKA_SECURITY_PROTOCOL";
    }
    return "";
  }

  /** Where Read is missing, the transaction's end tells it by its text alone. */
  private static boolean saysThatTheTopicIsForbidden(Exception e) {
    return innermost(e).contains("Topic authorization failed");
  }

  /** Kafka's client tells an unknown topic by a time-out alone. */
  private static boolean saysThereIsNoTopic(Exception e) {
    return innermost(e).contains("not present in metadata");
  }
}
