// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import org.jspecify.annotations.Nullable;

/** The template a path matched. One that matches everything says nothing and is no route. */
final class Route {

  private Route() {}

  static @Nullable String of(String contextPath, String template) {
    return switch (template) {
      case "", "*", "/*" -> null;
      default -> contextPath + (template.startsWith("/") ? "" : "/") + template;
    };
  }
}
