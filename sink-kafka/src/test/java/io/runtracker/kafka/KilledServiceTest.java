// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.testkit.kafka.KafkaCluster;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service is killed while it writes to a real topic; each of its requests is there once. */
@Tag("once")
class KilledServiceTest {

  private static final String TOPIC = "runtracker-requests";

  /** {@code -Dkafka.kills=50} makes it a long one. */
  private static final int KILLS = Integer.getInteger("kafka.kills", 8);

  private static final int MOST_IN_A_LIFE = 100_000;

  @TempDir Path directory;

  private Process service(KafkaCluster cluster, int first, int last) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            Service.class.getName(),
            cluster.bootstrapServers(),
            TOPIC,
            directory.resolve("spool").toString(),
            String.valueOf(first),
            String.valueOf(last))
        .redirectError(directory.resolve("service.log").toFile())
        .start();
  }

  /** Returns behind which request it was killed at least. */
  private static int killAtRandom(Process service, int first, Random random)
      throws IOException, InterruptedException {
    int spooled = first;
    try (BufferedReader out = service.inputReader()) {
      int enough = first + 500 + random.nextInt(2_000);
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        spooled = Integer.parseInt(line);
        if (spooled >= enough && service.isAlive()) {
          TimeUnit.MILLISECONDS.sleep(random.nextInt(40)); // somewhere in a transaction
          service.toHandle().destroyForcibly(); // what it has printed stays readable
        }
      }
    }
    service.waitFor();
    return spooled;
  }

  @Test
  void each_request_is_in_the_topic_once_however_often_the_service_is_killed() throws Exception {
    Random random = new Random(7);
    try (KafkaCluster cluster = KafkaCluster.start(directory.resolve("kafka"), 1)) {
      cluster.createTopic(TOPIC, 2);
      IntStream.Builder promised = IntStream.builder();
      for (int kill = 0; kill < KILLS; kill++) {
        int first = kill * MOST_IN_A_LIFE;
        Process service = service(cluster, first, first + MOST_IN_A_LIFE);
        int spooled = killAtRandom(service, first, random);
        assertThat(spooled).isGreaterThan(first);
        IntStream.range(first, spooled).forEach(promised::add);
      }
      int first = KILLS * MOST_IN_A_LIFE;
      assertThat(service(cluster, first, first + 100).waitFor()).isZero();
      IntStream.range(first, first + 100).forEach(promised::add);

      List<String> found = TopicReader.paths(cluster, TOPIC);
      assertThat(found).doesNotHaveDuplicates();
      assertThat(found).containsAll(promised.build().mapToObj(i -> "/" + i).toList());
    }
  }
}
