// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit.kafka;

import java.util.List;

/** What Kafka is told of a node, which is a broker and a controller. */
final class NodeSettings {

  private NodeSettings() {}

  /**
   * Makes the lines of its properties file, without where its files are.
   *
   * @param id from 1 on
   * @param clients its listeners for clients
   * @param controller its listener for the other nodes
   * @param voters all nodes' controllers
   * @param size how many nodes the cluster has
   */
  static List<String> of(int id, String clients, String controller, String voters, int size) {
    int enoughCopies = (size + 2) / 2; // a majority
    return List.of(
        "process.roles=broker,controller",
        "node.id=" + id,
        "listeners=" + clients + "," + controller,
        "advertised.listeners=" + clients,
        "controller.listener.names=CONTROLLER",
        "controller.quorum.voters=" + voters,
        "auto.create.topics.enable=false",
        "broker.heartbeat.interval.ms=300",
        "broker.session.timeout.ms=2000",
        "group.initial.rebalance.delay.ms=0",
        "log.cleaner.dedupe.buffer.size=2097152",
        "min.insync.replicas=" + enoughCopies,
        "offsets.topic.num.partitions=4",
        "offsets.topic.replication.factor=" + size,
        "share.coordinator.state.topic.num.partitions=4",
        "share.coordinator.state.topic.replication.factor=" + size,
        "share.coordinator.state.topic.min.isr=" + enoughCopies,
        "transaction.state.log.num.partitions=4",
        "transaction.state.log.replication.factor=" + size,
        "transaction.state.log.min.isr=" + enoughCopies);
  }
}
