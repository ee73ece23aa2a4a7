// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit.kafka;

import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * A program: a real Kafka cluster of one node, this process, for trying things out. Killed and
 * started again, it has what it had. Ends with SIGTERM.
 */
public final class LocalBroker {

  private static final String USAGE =
      "usage: java -jar kafka-broker-program.jar DIRECTORY PORT TOPIC:PARTITIONS...";

  private static final String HOST = "127.0.0.1";
  private static final int LONGEST_START_MILLIS = 120_000;

  private LocalBroker() {}

  /**
   * Serves until it is told to end.
   *
   * @param arguments the directory for its files; the port for clients, on this machine only; and
   *     each topic that it is to have, such as {@code requests:6}
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length < 2 || !arguments[1].matches("\\d{1,5}")) {
      System.err.println(USAGE);
      System.exit(2);
    }
    URL logging = Objects.requireNonNull(LocalBroker.class.getResource("broker-logback.xml"));
    System.setProperty("logback.configurationFile", logging.toString());
    String address = HOST + ":" + arguments[1];
    List<NewTopic> topics = new ArrayList<>();
    for (String topic : List.of(arguments).subList(2, arguments.length)) {
      topics.add(topic(topic));
    }
    Path settings = settings(Path.of(arguments[0]).toAbsolutePath(), address);
    Thread creates = new Thread(() -> create(topics, address), "create-topics");
    creates.setDaemon(true);
    creates.start();
    kafka.Kafka.main(new String[] {settings.toString()});
  }

  private static NewTopic topic(String text) {
    String[] parts = text.split(":");
    if (parts.length != 2 || !parts[1].matches("\\d{1,4}")) {
      System.err.println(USAGE + "\n" + text + " is not TOPIC:PARTITIONS");
      System.exit(2);
    }
    return new NewTopic(parts[0], Integer.parseInt(parts[1]), (short) 1);
  }

  /** Those of before, where there are any: the address of its controller must stay. */
  private static Path settings(Path directory, String address)
      throws IOException, InterruptedException {
    BrokerNode node = new BrokerNode(directory, 1);
    Path formatted = directory.resolve("formatted");
    if (Files.exists(formatted)) {
      return node.settings();
    }
    String controller = HOST + ":" + KafkaCluster.freePorts(1).get(0);
    List<String> lines =
        NodeSettings.of(
            1, "PLAINTEXT://" + address, "CONTROLLER://" + controller, "1@" + controller, 1);
    if (node.format(Uuid.randomUuid().toString(), lines).waitFor() != 0) {
      throw new IllegalStateException("no files can be made: " + node.lastLines());
    }
    Files.createFile(formatted);
    return node.settings();
  }

  /** Waits until the broker serves. */
  private static void create(List<NewTopic> topics, String address) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
      CreateTopicsOptions patient = new CreateTopicsOptions().timeoutMs(LONGEST_START_MILLIS);
      for (NewTopic topic : topics) {
        try {
          admin.createTopics(List.of(topic), patient).all().get();
        } catch (ExecutionException e) {
          if (!(e.getCause() instanceof TopicExistsException)) {
            throw new IllegalStateException(topic.name() + " was not created", e.getCause());
          }
        }
      }
      System.out.println("serving at " + address);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
