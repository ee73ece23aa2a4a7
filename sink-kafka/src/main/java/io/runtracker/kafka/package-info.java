// SPDX-License-Identifier: Apache-2.0

/**
 * A sink that writes requests to a Kafka topic, each once, for programs that read them there. It
 * may use the core's sink package, and of its internals those that handle positions, the forms of
 * events and the log's lines. Start to read at {@link io.runtracker.kafka.KafkaSink}, then {@code
 * TopicWriter}.
 */
@NullMarked
package io.runtracker.kafka;

import org.jspecify.annotations.NullMarked;
