// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.core.env.PropertyResolver;

/**
 * The paths that are not tracked unless the application says otherwise: those of probes, of the
 * actuator and of descriptions of an API, wherever the application has put them. A probe each ten
 * seconds would be most of what a quiet service records.
 */
final class DefaultSkip {

  /** What Spring Boot has, for an actuator that is not below a path of its own. */
  private static final List<String> ENDPOINTS =
      List.of(
          "health",
          "info",
          "metrics",
          "prometheus",
          "beans",
          "caches",
          "conditions",
          "configprops",
          "env",
          "heapdump",
          "httpexchanges",
          "loggers",
          "mappings",
          "scheduledtasks",
          "threaddump");

  private DefaultSkip() {}

  /** Patterns of paths below the context path. */
  static String[] of(PropertyResolver properties) {
    List<String> paths = new ArrayList<>(List.of("/health", "/livez", "/readyz"));
    paths.addAll(List.of("/docs", "/openapi.json", "/swagger-ui.html", "/swagger-ui/**"));
    paths.add(path(properties, "springdoc.api-docs.path", "/v3/api-docs") + "/**");
    paths.addAll(actuator(properties));
    String servlet = path(properties, "spring.mvc.servlet.path", "");
    Stream<String> below = paths.stream().filter(path -> !servlet.isEmpty()).map(servlet::concat);
    return Stream.concat(paths.stream(), below).toArray(String[]::new);
  }

  private static List<String> actuator(PropertyResolver properties) {
    String base = path(properties, "management.endpoints.web.base-path", "/actuator");
    if (!base.isEmpty()) {
      return List.of(base + "/**");
    }
    String exposed = properties.getProperty("management.endpoints.web.exposure.include", "health");
    return Arrays.stream(exposed.split(","))
        .map(String::strip)
        .flatMap(name -> name.equals("*") ? ENDPOINTS.stream() : Stream.of(name))
        .filter(name -> !name.isEmpty())
        .map(name -> "/" + name + "/**")
        .toList();
  }

  /** Without a slash at its end, so that the root is nothing. */
  private static String path(PropertyResolver properties, String property, String byDefault) {
    String path = properties.getProperty(property, byDefault).strip().replaceAll("/+$", "");
    return path.isEmpty() || path.startsWith("/") ? path : "/" + path;
  }
}
