// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.sink.Sink;
import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.ClassUtils;

/** Who sends requests elsewhere need have no MLflow client on the class path. */
class WithoutMlflowTest {

  /** A service of its own process, because no class path can be made smaller. */
  @EnableAutoConfiguration
  static class Service {
    public static void main(String[] arguments) {
      try (ConfigurableApplicationContext context =
          SpringApplication.run(
              Service.class,
              "--server.port=0",
              "--runtracker.kafka.bootstrap-servers=localhost:1")) {
        ClassLoader loader = Service.class.getClassLoader();
        boolean isThere = ClassUtils.isPresent("io.runtracker.mlflow.MlflowSink", loader);
        String without = isThere ? "with MLflow" : "without MLflow";
        System.out.println(without + " to " + context.getBean(Sink.class));
      }
    }
  }

  @Test
  void a_service_writes_to_kafka_without_the_sink_for_mlflow() throws Exception {
    String withoutMlflow =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> !entry.contains("sink-mlflow") && !entry.contains("mlflow-client"))
            .collect(Collectors.joining(File.pathSeparator));
    Process service =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                withoutMlflow,
                Service.class.getName())
            .redirectErrorStream(true)
            .start();
    String said = new String(service.getInputStream().readAllBytes(), UTF_8);
    assertThat(service.waitFor()).as(said).isZero();
    assertThat(said)
        .contains("without MLflow to the Kafka topic runtracker-requests at localhost:1");
  }
}
