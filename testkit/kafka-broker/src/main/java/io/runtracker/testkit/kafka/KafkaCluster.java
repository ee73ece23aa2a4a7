// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit.kafka;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * A real Kafka cluster on this machine, of one node or several, each a process of its own. Tests
 * kill nodes, freeze them and start them again with the data that they had, at the same addresses,
 * or create the cluster anew. Nodes are numbered from 1. Each ends with this process, however that
 * ends.
 *
 * <p>It is set up for tests: a dead node is missed after two seconds, a group is balanced at once,
 * and nobody but {@link #createTopic} creates topics. A node takes 3 to 13 s to start, and 200 to
 * 300 MB of memory. Not safe for use by several threads.
 */
public final class KafkaCluster implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int ASK_AGAIN_MILLIS = 100;
  private static final String HOST = "127.0.0.1";

  private final List<BrokerNode> nodes = new ArrayList<>();
  private final List<Integer> ports;
  private final List<Integer> controllerPorts;
  private final List<Integer> securePorts;
  private final @Nullable SecureListener secure;

  private KafkaCluster(Path directory, int size, @Nullable SecureListener secure)
      throws IOException {
    List<Integer> free = freePorts(3 * size);
    this.ports = free.subList(0, size);
    this.controllerPorts = free.subList(size, 2 * size);
    this.securePorts = free.subList(2 * size, 3 * size);
    this.secure = secure;
    for (int id = 1; id <= size; id++) {
      nodes.add(new BrokerNode(directory, id));
    }
  }

  /**
   * Starts a cluster, and waits until all of it serves.
   *
   * @param directory for its files; each node's output is there in {@code node-1.log} and so on
   * @param size how many nodes; three keep what was written when one dies
   * @throws IOException when no process can be started
   * @throws IllegalStateException when a node does not serve; the message has its last lines
   */
  public static KafkaCluster start(Path directory, int size)
      throws IOException, InterruptedException {
    return start(directory, size, null);
  }

  /**
   * As {@link #start}, with a second address of each node that wants TLS and SCRAM, and checks
   * rights. At the first one everybody still may do everything, such as to give rights.
   */
  public static KafkaCluster startSecured(Path directory, int size)
      throws IOException, InterruptedException {
    return start(directory, size, SecureListener.in(directory));
  }

  private static KafkaCluster start(Path directory, int size, @Nullable SecureListener secure)
      throws IOException, InterruptedException {
    if (size < 1) {
      throw new IllegalArgumentException("a cluster of " + size + " nodes");
    }
    KafkaCluster cluster = new KafkaCluster(directory, size, secure);
    boolean isStarted = false;
    try {
      cluster.createAnew();
      isStarted = true;
    } finally {
      if (!isStarted) {
        cluster.close();
      }
    }
    return cluster;
  }

  /** What a client needs as its {@code bootstrap.servers}. */
  public String bootstrapServers() {
    return addresses(ports);
  }

  private static String addresses(List<Integer> ports) {
    return ports.stream().map(port -> HOST + ":" + port).collect(Collectors.joining(","));
  }

  /** The addresses that want TLS and SCRAM; only of a cluster that was {@link #startSecured}. */
  public String securedServers() {
    secured();
    return addresses(securePorts);
  }

  private SecureListener secured() {
    if (secure == null) {
      throw new IllegalStateException("the cluster was started without security");
    }
    return secure;
  }

  /** What a client needs beside the {@link #securedServers}. */
  public Map<String, String> clientSettings(String user, String password) {
    return secured().clientSettings(user, password);
  }

  /** Adds a user, who has no rights yet, or gives one another password. */
  public void setPassword(String user, String password) throws InterruptedException {
    secured();
    ScramCredentialInfo kind = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096);
    try (Admin admin = admin(bootstrapServers())) {
      admin
          .alterUserScramCredentials(
              List.of(new UserScramCredentialUpsertion(user, kind, password)))
          .all()
          .get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("user " + user + " was not added", e.getCause());
    }
  }

  /** How many nodes it has, alive or not. */
  public int size() {
    return nodes.size();
  }

  /** Creates a topic that each node has a copy of, and waits until it can be written. */
  public void createTopic(String name, int partitions) throws InterruptedException {
    short copies = (short) size();
    try (Admin admin = admin(bootstrapServers())) {
      admin.createTopics(List.of(new NewTopic(name, partitions, copies))).all().get();
      await(() -> hasCopies(admin, name, copies), "topic " + name);
    } catch (ExecutionException e) {
      throw new IllegalStateException("topic " + name + " was not created", e.getCause());
    }
  }

  private static boolean hasCopies(Admin admin, String topic, int copies)
      throws ExecutionException, InterruptedException {
    return admin.describeTopics(List.of(topic)).allTopicNames().get().values().stream()
        .flatMap(found -> found.partitions().stream())
        .allMatch(partition -> partition.isr().size() == copies);
  }

  /** As by {@code kill -9}. */
  public void kill(int node) {
    node(node).kill();
  }

  /** Has a node end in order, as an operator does. */
  public void stop(int node) {
    node(node).stop();
  }

  /** SIGSTOP: connections are still accepted, and nothing is answered, until {@link #thaw}. */
  public void freeze(int node) {
    node(node).signal("STOP");
  }

  /** SIGCONT: a node that was frozen goes on. */
  public void thaw(int node) {
    node(node).signal("CONT");
  }

  /** Starts a node that was killed or stopped, with what it had, and waits until it serves. */
  public void restart(int node) throws IOException, InterruptedException {
    node(node).start();
    awaitServing(node);
  }

  /** Kills all nodes, forgets all data, and starts a new cluster at the same addresses. */
  public void createAnew() throws IOException, InterruptedException {
    nodes.forEach(BrokerNode::kill);
    String clusterId = Uuid.randomUuid().toString();
    List<Process> formats = new ArrayList<>();
    for (int id = 1; id <= size(); id++) {
      formats.add(node(id).format(clusterId, settings(id)));
    }
    for (int id = 1; id <= size(); id++) {
      if (formats.get(id - 1).waitFor() != 0) {
        throw new IllegalStateException("no files for node " + id + ": " + node(id).lastLines());
      }
    }
    for (BrokerNode node : nodes) {
      node.start();
    }
    for (int id = 1; id <= size(); id++) {
      awaitServing(id);
    }
  }

  private BrokerNode node(int number) {
    return nodes.get(number - 1);
  }

  private List<String> settings(int id) {
    String voters =
        IntStream.range(0, size())
            .mapToObj(i -> (i + 1) + "@" + HOST + ":" + controllerPorts.get(i))
            .collect(Collectors.joining(","));
    String client = "PLAINTEXT://" + HOST + ":" + ports.get(id - 1);
    String controller = "CONTROLLER://" + HOST + ":" + controllerPorts.get(id - 1);
    List<String> lines = new ArrayList<>();
    if (secure != null) {
      client += "," + SecureListener.NAME + "://" + HOST + ":" + securePorts.get(id - 1);
      lines.addAll(secure.settings());
    }
    lines.addAll(NodeSettings.of(id, client, controller, voters, size()));
    return lines;
  }

  /** It serves when it says itself that it is one of the cluster. */
  private void awaitServing(int id) throws InterruptedException {
    try (Admin admin = admin(HOST + ":" + ports.get(id - 1))) {
      await(
          () -> {
            if (!node(id).isAlive()) {
              throw new IllegalStateException("node " + id + " ended: " + node(id).lastLines());
            }
            return admin.describeCluster().nodes().get().stream()
                .map(Node::id)
                .anyMatch(other -> other == id);
          },
          "node " + id);
    }
  }

  private static Admin admin(String servers) {
    return Admin.create(
        Map.of(
            "bootstrap.servers",
            servers,
            "request.timeout.ms",
            2_000,
            "default.api.timeout.ms",
            4_000,
            "reconnect.backoff.max.ms",
            ASK_AGAIN_MILLIS));
  }

  /** What may not be so yet. */
  private interface Condition {
    boolean holds() throws ExecutionException, InterruptedException;
  }

  private static void await(Condition condition, String what) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    ExecutionException last = null;
    while (System.nanoTime() - deadline < 0) {
      try {
        if (condition.holds()) {
          return;
        }
      } catch (ExecutionException notYet) {
        last = notYet;
      }
      TimeUnit.MILLISECONDS.sleep(ASK_AGAIN_MILLIS);
    }
    throw new IllegalStateException(what + " is not ready after " + PATIENCE, last);
  }

  static List<Integer> freePorts(int count) throws IOException {
    List<ServerSocket> held = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        held.add(new ServerSocket(0));
      }
      return held.stream().map(ServerSocket::getLocalPort).toList();
    } finally {
      for (ServerSocket socket : held) {
        socket.close();
      }
    }
  }

  /** Kills all nodes. Their files stay. */
  @Override
  public void close() {
    nodes.forEach(BrokerNode::kill);
  }
}
