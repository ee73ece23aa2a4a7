// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * The environment as Runtracker reads it, with Spring's property sources before the process's own:
 * {@code MLFLOW_TRACKING_URI} may stand in {@code application.yml}, in a command line or in a
 * config server, and means there what it means in the environment.
 */
final class Variables {

  private static final String MLFLOW = "MLFLOW_";
  private static final String RUNTRACKER = "RUNTRACKER_";
  private static final String KAFKA = "RUNTRACKER_KAFKA_";
  private static final String SINK = "RUNTRACKER_SINK";

  private Variables() {}

  static Map<String, String> of(ConfigurableEnvironment environment) {
    Map<String, String> variables = new HashMap<>(System.getenv());
    Map<String, String> ofSpring = new HashMap<>();
    for (PropertySource<?> source : environment.getPropertySources()) {
      if (source instanceof EnumerablePropertySource<?> names) {
        boolean raw =
            source.getName().equals(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
        for (String name : names.getPropertyNames()) {
          String variable = variable(name);
          Object value = variable == null ? null : names.getProperty(name);
          if (variable != null && value != null) {
            // A password in the environment may well have a ${ in it.
            String text = value.toString();
            ofSpring.putIfAbsent(variable, raw ? text : environment.resolvePlaceholders(text));
          }
        }
      }
    }
    variables.putAll(ofSpring);
    variables.keySet().removeIf(Variables::isBound);
    return variables;
  }

  /**
   * What a sink reads that a property stands for: {@code runtracker.kafka.security.protocol} is
   * {@code RUNTRACKER_KAFKA_SECURITY_PROTOCOL}. Null where it stands for none.
   */
  static @Nullable String variable(String property) {
    if (property.startsWith(MLFLOW) || property.startsWith(KAFKA) || property.equals(SINK)) {
      return property;
    }
    boolean isOfSink =
        property.startsWith("runtracker.kafka.") || property.equals("runtracker.sink");
    return isOfSink ? property.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_') : null;
  }

  /** Spring has bound it to a property already; read again, it would be taken for a misspelling. */
  private static boolean isBound(String variable) {
    if (!variable.startsWith(RUNTRACKER)) {
      return false;
    }
    String name = variable.substring(RUNTRACKER.length());
    return PropertyNames.of(name) != null || name.regionMatches(true, 0, "tags", 0, 4);
  }
}
