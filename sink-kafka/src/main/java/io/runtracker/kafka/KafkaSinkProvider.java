// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import io.runtracker.kafka.client.ClientProperties;
import io.runtracker.sink.Sink;
import io.runtracker.sink.SinkProvider;
import java.util.Map;
import java.util.Set;

/** Builds a {@link KafkaSink} of the environment. */
public final class KafkaSinkProvider implements SinkProvider {

  /** For the {@code ServiceLoader}. */
  public KafkaSinkProvider() {}

  @Override
  public String name() {
    return "kafka";
  }

  @Override
  public boolean isConfigured(Map<String, String> environment) {
    return !environment.getOrDefault(ClientProperties.BOOTSTRAP_SERVERS, "").isBlank();
  }

  @Override
  public Set<String> variables() {
    return KafkaSettings.variables();
  }

  @Override
  public Sink create(Map<String, String> environment) {
    return KafkaSink.builder().environment(environment).build();
  }
}
