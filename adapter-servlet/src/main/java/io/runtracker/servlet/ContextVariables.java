// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import jakarta.servlet.ServletContext;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The variables of a container as one of its applications is to read them. All applications of a
 * container have one environment and one main class, and are to have names and spools of their own.
 * The context path tells them apart: a container has one application for each, while display names
 * are often those of the template that a project began with.
 */
final class ContextVariables {

  static final String SERVICE_NAME = "RUNTRACKER_SERVICE_NAME";
  static final String SPOOL_DIR = "RUNTRACKER_SPOOL_DIR";

  /** Tomcat's name for the application without a path. */
  private static final String ROOT = "ROOT";

  private ContextVariables() {}

  static Map<String, String> of(ServletContext context, Map<String, String> variables) {
    Map<String, String> own = new HashMap<>(variables);
    String path = withoutSlashes(context.getContextPath());
    String name = path.isEmpty() ? nameOfRoot(context) : path;
    if (name != null && isBlank(variables.get(SERVICE_NAME))) {
      own.put(SERVICE_NAME, name);
    }
    String spool = variables.get(SPOOL_DIR);
    if (spool != null && !isBlank(spool)) {
      own.put(SPOOL_DIR, below(spool.strip(), path.isEmpty() ? ROOT : fileName(path)));
    }
    return own;
  }

  /** Null where the program has a better name: an embedded server's main class or jar. */
  private static @Nullable String nameOfRoot(ServletContext context) {
    // Jetty gives the path where there is no display name.
    String displayName = context.getServletContextName();
    String name = displayName == null ? "" : withoutSlashes(displayName.strip());
    if (!name.isEmpty()) {
      return name;
    }
    return isEmbedded(context) ? null : ROOT;
  }

  /** A container that is none of the application's own has a class loader of its own. */
  private static boolean isEmbedded(ServletContext context) {
    return context.getClass().getClassLoader() == ContextVariables.class.getClassLoader();
  }

  private static String withoutSlashes(@Nullable String path) {
    return path == null ? "" : path.replaceAll("^/+|/+$", "");
  }

  private static boolean isBlank(@Nullable String value) {
    return value == null || value.isBlank();
  }

  /** As Tomcat names the WAR of a path of several parts. */
  private static String fileName(String path) {
    return path.replace('/', '#').replaceAll("[^\\p{L}\\p{N}._#-]", "_");
  }

  private static String below(String directory, String name) {
    try {
      return Path.of(directory).resolve(name).toString();
    } catch (InvalidPathException unusable) {
      return directory; // and the tracker says so, in the words of the one who set it
    }
  }
}
