// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import org.jspecify.annotations.Nullable;

/** The template a path matched. One that matches everything says nothing and is no route. */
final class Route {

  private Route() {}

  static @Nullable String of(String contextPath, String template) {
    if (template.equals("*") || template.equals("/*")) {
      return null;
    }
    boolean isWhole = template.startsWith("/");
    if (isWhole && contextPath.isEmpty()) {
      return template; // the usual case, which is to cost nothing
    }
    return contextPath + (isWhole ? "" : "/") + template;
  }
}
