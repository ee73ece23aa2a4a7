// SPDX-License-Identifier: Apache-2.0

/**
 * How users set Kafka's clients, whether they write the topic or read it. It uses Kafka's client
 * alone, and is for Runtracker's own modules. Start with {@link
 * io.runtracker.kafka.client.ClientProperties}.
 */
@NullMarked
package io.runtracker.kafka.client;

import org.jspecify.annotations.NullMarked;
