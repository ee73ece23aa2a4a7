// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.servlet.TrackingFilter;
import jakarta.servlet.ServletContext;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * A WAR in a container of somebody else's, which may hold others: what is set for the process is
 * set for all of them.
 */
record Deployment(ServletContext context) {

  private static final String SERVICE_NAME = "RUNTRACKER_SERVICE_NAME";
  private static final String SPOOL_DIR = "RUNTRACKER_SPOOL_DIR";

  /** What the application is called where it does not say so; null where nothing is known. */
  @Nullable String serviceName() {
    return TrackingFilter.environment(context, Map.of()).get(SERVICE_NAME);
  }

  /**
   * The application's part of the directory, if that was set for the process: by a variable or by a
   * property of the JVM. What the application says in its own files stays as it is.
   */
  Path spoolDir(Path set, ConfigurableEnvironment environment) {
    if (!set.equals(setForProcess(environment))) {
      return set;
    }
    String own =
        TrackingFilter.environment(context, Map.of(SPOOL_DIR, set.toString())).get(SPOOL_DIR);
    return Path.of(Objects.requireNonNull(own));
  }

  private static @Nullable Path setForProcess(ConfigurableEnvironment environment) {
    List<PropertySource<?>> ofProcess =
        Stream.<@Nullable PropertySource<?>>of(
                environment
                    .getPropertySources()
                    .get(StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME),
                environment
                    .getPropertySources()
                    .get(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME))
            .filter(Objects::nonNull)
            .<PropertySource<?>>map(Objects::requireNonNull)
            .toList();
    return new Binder(ConfigurationPropertySources.from(ofProcess))
        .bind("runtracker.spool-dir", Path.class)
        .orElse(null);
  }
}
