// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.runtracker.Tracker;
import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkProvider;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SinkProvidersTest {

  private static final SinkProvider LAKE = new Named("lake");
  private static final SinkProvider QUEUE = new Named("queue");

  private final SinkProviders both = new SinkProviders(List.of(LAKE, QUEUE));

  @Test
  void the_only_sink_is_taken_without_a_word() {
    assertThat(new SinkProviders(List.of(LAKE)).create(Map.of())).hasToString("lake");
  }

  @Test
  void of_several_the_variable_names_one() {
    assertThat(both.create(Map.of("RUNTRACKER_SINK", " Queue", "LAKE_URI", "x")))
        .hasToString("queue");
  }

  @Test
  void of_several_the_one_whose_destination_is_configured_is_taken() {
    assertThat(both.create(Map.of("LAKE_URI", "x"))).hasToString("lake");
  }

  @Test
  void one_that_is_taken_where_no_other_is_configured_gives_way_to_one_that_is() {
    SinkProviders all = new SinkProviders(List.of(LAKE, new Fallback("desk")));
    assertThat(all.create(Map.of())).hasToString("desk");
    assertThat(all.create(Map.of("DESK_URI", "x"))).hasToString("desk");
    assertThat(all.create(Map.of("DESK_URI", "x", "LAKE_URI", "x"))).hasToString("lake");
    assertThat(all.create(Map.of("RUNTRACKER_SINK", "desk", "LAKE_URI", "x"))).hasToString("desk");
    assertThat(all.choose("lake", Map.of("LAKE_URI", "x"))).isTrue();
    assertThat(all.choose("lake", Map.of())).isFalse();
  }

  @Test
  void a_name_that_no_sink_has_is_an_error_with_the_names_there_are() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> both.create(Map.of("RUNTRACKER_SINK", "kafka")))
        .withMessage(
            "RUNTRACKER_SINK is kafka, and must be one of the sinks on the class path: lake,"
                + " queue");
  }

  @Test
  void several_that_are_configured_or_none_are_an_error() {
    for (Map<String, String> environment :
        List.of(Map.<String, String>of(), Map.of("LAKE_URI", "x", "QUEUE_URI", "y"))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> both.create(environment))
          .withMessage(
              "RUNTRACKER_SINK is not set, and must be one of the sinks on the class path: lake,"
                  + " queue");
    }
  }

  /** There is none on the class path of the core's own tests. */
  @Test
  void who_uses_the_core_alone_is_told_which_artifact_is_missing() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Tracker.builder().environment(Map.of()).build())
        .withMessageContaining("io.runtracker:sink-mlflow");
  }

  @Test
  void the_variables_of_all_sinks_are_known() {
    assertThat(both.variables()).containsExactlyInAnyOrder("RUNTRACKER_LAKE", "RUNTRACKER_QUEUE");
  }

  private static final class Fallback extends Named {
    Fallback(String name) {
      super(name);
    }

    @Override
    public boolean isFallback() {
      return true;
    }
  }

  private static class Named implements SinkProvider {
    private final String name;

    Named(String name) {
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }

    private String inCapitals() {
      return name.toUpperCase(java.util.Locale.ROOT);
    }

    @Override
    public boolean isConfigured(Map<String, String> environment) {
      return environment.containsKey(inCapitals() + "_URI");
    }

    @Override
    public Set<String> variables() {
      return Set.of("RUNTRACKER_" + inCapitals());
    }

    @Override
    public RunSink create(Map<String, String> environment) {
      return (RunSink)
          Proxy.newProxyInstance(
              getClass().getClassLoader(),
              new Class<?>[] {RunSink.class},
              (sink, method, arguments) -> name);
    }
  }
}
