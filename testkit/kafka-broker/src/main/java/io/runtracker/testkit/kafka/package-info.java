// SPDX-License-Identifier: Apache-2.0
/**
 * A real Kafka cluster for tests, which they kill, freeze and create anew. Uses Kafka's published
 * jars, and nothing of Runtracker. Start to read with {@link
 * io.runtracker.testkit.kafka.KafkaCluster}.
 */
@NullMarked
package io.runtracker.testkit.kafka;

import org.jspecify.annotations.NullMarked;
