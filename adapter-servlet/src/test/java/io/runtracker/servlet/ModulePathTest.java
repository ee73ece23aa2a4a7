// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import com.lmax.disruptor.RingBuffer;
import io.runtracker.Tracker;
import io.runtracker.testkit.MlflowStub;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;

/** Services whose every jar is on the module path. */
class ModulePathTest {

  @TempDir Path directory;

  private ModuleJvm jvm;

  @BeforeEach
  void put_the_core_on_the_module_path() {
    jvm =
        new ModuleJvm(directory)
            .with(Tracker.class)
            .with(RingBuffer.class)
            .with(Logger.class)
            .with(Nullable.class)
            .withJars("logback-");
  }

  /**
   * {@code jdk.net} is for Apache's HTTP client and {@code java.sql} for Gson in MLflow's client,
   * which have no descriptors to ask for them.
   */
  private void putServletsAndMlflowOnTheModulePath() throws Exception {
    jvm.option("--add-modules", "java.sql,jdk.net")
        .with(TrackingFilter.class)
        .withName(Class.forName("io.runtracker.mlflow.MlflowSink"))
        .withJars("mlflow-client-", "httpclient5-", "httpcore5-", "HdrHistogram-");
  }

  private void assertThatARequestIsDelivered(String container) throws Exception {
    try (MlflowStub mlflow = new MlflowStub()) {
      assertThat(jvm.compile("common", container)).isEmpty();
      String said =
          jvm.run(
              Map.of("MLFLOW_TRACKING_URI", mlflow.address(), "MLFLOW_EXPERIMENT_NAME", "modules"));
      assertThat(said)
          .containsPattern("Runtracker \\d\\S* writes requests to MLflow")
          .contains("status: 202")
          .contains("delivered: 1")
          .contains("module of the service: service\n")
          .contains("module of the tracker: io.runtracker\n")
          .contains("module of the filter: io.runtracker.servlet\n")
          .contains("internal: class service.Facts (in module service) cannot access")
          .contains("module io.runtracker does not export io.runtracker.internal.capture")
          .endsWith("exit: 0\n");
      assertThat(mlflow.calls()).anyMatch(call -> call.contains("modular"));
    }
  }

  @Test
  void a_service_on_jetty_delivers_and_finds_the_sink_of_mlflow_by_itself() throws Exception {
    putServletsAndMlflowOnTheModulePath();
    jvm.withJars("jetty-", "jakarta.servlet-api-");
    assertThatARequestIsDelivered("jetty");
  }

  @Test
  void a_service_on_embedded_tomcat_delivers_when_the_filter_is_told_of_it() throws Exception {
    putServletsAndMlflowOnTheModulePath();
    jvm.withJars("tomcat-embed-core-", "tomcat-annotations-api-")
        .option("--add-reads", "io.runtracker.servlet=org.apache.tomcat.embed.core");
    assertThatARequestIsDelivered("tomcat");
  }

  @Test
  void the_core_alone_takes_a_sink_of_the_services_own_module_and_is_carried_by_micrometer()
      throws Exception {
    jvm.withJars("micrometer-", "context-propagation-", "HdrHistogram-", "LatencyUtils-");
    assertThat(jvm.compile("core")).isEmpty();
    assertThat(jvm.run(Map.of()))
        .contains("written: {thread=another}")
        .contains("delivered: 1")
        .contains("counted: 1.0")
        .endsWith("exit: 0\n");
  }

  @Test
  void what_is_internal_is_seen_by_no_other_module() throws Exception {
    assertThat(jvm.compile("internal"))
        .contains("package io.runtracker.internal.capture is not visible")
        .contains("package io.runtracker.internal.config is not visible");
  }
}
