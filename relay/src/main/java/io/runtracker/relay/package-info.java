// SPDX-License-Identifier: Apache-2.0

/**
 * A program that reads the topic and writes MLflow, as one of a group. It puts the core's delivery
 * behind each partition that it is given. Start with {@link io.runtracker.relay.Relay}, then {@link
 * io.runtracker.relay.GroupMember}.
 */
@NullMarked
package io.runtracker.relay;

import org.jspecify.annotations.NullMarked;
