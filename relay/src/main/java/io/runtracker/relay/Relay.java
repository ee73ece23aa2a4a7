// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.mlflow.MlflowSink;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The program: reads the topic as one of a group, and writes MLflow. */
public final class Relay implements AutoCloseable {

  private static final Logger logger = LoggerFactory.getLogger("io.runtracker.Relay");

  private final Rejected rejected;
  private final MlflowSink mlflow;
  private final GroupMember member;
  private final StatusServer status;

  /**
   * Starts one.
   *
   * @throws IllegalArgumentException when a variable cannot be used; the message names it
   * @throws IOException when the port cannot be had
   */
  Relay(Map<String, String> environment) throws IOException {
    this(environment, consumer -> consumer, FailPoint.NOBODY);
  }

  /** As the other, for tests that have the client or the line fail. */
  Relay(
      Map<String, String> environment,
      UnaryOperator<Consumer<byte[], byte[]>> client,
      java.util.function.Consumer<FailPoint> failPoints)
      throws IOException {
    RelaySettings settings = new RelaySettings(environment);
    settings.unknownVariables().forEach(logger::warn);
    mlflow = MlflowSink.fromEnvironment(environment);
    rejected = new Rejected(settings.producer(), settings.topic + "-rejected");
    Lease lease = new Lease(settings.sessionMillis());
    Consumer<byte[], byte[]> consumer = client.apply(new KafkaConsumer<>(settings.member()));
    member =
        new GroupMember(
            consumer,
            new TopicWatch(settings.rereader(), settings.topic),
            settings,
            lease,
            new PartitionLine.Surroundings(
                settings, new LeasedSink(mlflow, lease), rejected, consumer::wakeup, failPoints));
    status = new StatusServer(settings.port, member);
    status.start();
    member.stage().start();
    logger.info(
        "Reads {} and writes to {}, as {}; port {} says how it is",
        settings,
        mlflow,
        settings.delivery.trackAs,
        status.port());
  }

  int port() {
    return status.port();
  }

  /** Hands over what it has, and ends. */
  @Override
  public void close() {
    Totals before = Totals.of(member); // afterwards it has no partition left to ask
    member.close();
    rejected.close();
    mlflow.close();
    status.close();
    logger.info("The relay has ended. Before it handed over its partitions: {}", before);
  }

  /** Runs one until the process is told to end. */
  public static void main(String[] arguments) throws InterruptedException {
    run(FailPoint.NOBODY);
  }

  static void run(java.util.function.Consumer<FailPoint> failPoints) throws InterruptedException {
    Relay relay;
    try {
      relay = new Relay(System.getenv(), consumer -> consumer, failPoints);
    } catch (IllegalArgumentException | IOException e) {
      System.err.println("runtracker-relay: " + e.getMessage());
      System.exit(2);
      return;
    } catch (KafkaException e) { // such as of a name that cannot be looked up, or a key file
      String why = e.getCause() == null ? "" : ": " + e.getCause().getMessage();
      System.err.println("runtracker-relay: " + e.getMessage() + why);
      System.exit(2);
      return;
    }
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  relay.close();
                  ended.countDown();
                },
                "runtracker-shutdown"));
    ended.await();
  }
}
