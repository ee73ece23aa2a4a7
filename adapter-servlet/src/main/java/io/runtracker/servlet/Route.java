// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import jakarta.servlet.http.HttpServletMapping;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.MappingMatch;
import org.jspecify.annotations.Nullable;

/**
 * The template a path matched. A pattern that matches everything says nothing and is no route:
 * without that rule every 404 would have one. {@code /} is such a pattern as the mapping of a
 * servlet, and a page like any other as the route of a handler.
 */
final class Route {

  /** Spring's {@code HandlerMapping.BEST_MATCHING_PATTERN_ATTRIBUTE}, a string or a pattern. */
  private static final String SPRING_ATTRIBUTE =
      "org.springframework.web.servlet.HandlerMapping.bestMatchingPattern";

  /** Whether Spring MVC may have a say about the paths of a servlet. */
  private static final boolean SPRING = isPresent("org.springframework.web.servlet.HandlerMapping");

  private Route() {}

  private static boolean isPresent(String type) {
    try {
      Class.forName(type, false, Route.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException | LinkageError absent) {
      return false;
    }
  }

  /** Whether what {@link #ofMapping} says cannot turn out to be the prefix of a framework. */
  static boolean isFinal(HttpServletRequest request) {
    return !SPRING || request.getHttpServletMapping().getMappingMatch() == MappingMatch.EXACT;
  }

  /** The route by the servlet's own mapping, or null. */
  static @Nullable String ofMapping(HttpServletRequest request) {
    HttpServletMapping mapping = request.getHttpServletMapping();
    MappingMatch match = mapping == null ? null : mapping.getMappingMatch();
    if (match == null) {
      return null;
    }
    return switch (match) {
      case EXACT, PATH -> ofTemplate(contextPath(request), mapping.getPattern());
      case CONTEXT_ROOT -> contextPath(request) + "/";
      // An extension (*.jsp) names the technology, and the default servlet nothing at all.
      case EXTENSION, DEFAULT -> null;
    };
  }

  /**
   * The route by what a handler or framework left in the request's attributes.
   *
   * @param otherwise the route when they left nothing
   */
  static @Nullable String ofAttributes(HttpServletRequest request, @Nullable String otherwise) {
    Object given = request.getAttribute(TrackingFilter.ROUTE_ATTRIBUTE);
    if (given != null) {
      return ofTemplate(contextPath(request), given.toString());
    }
    Object spring = request.getAttribute(SPRING_ATTRIBUTE);
    if (spring != null) {
      return ofTemplate(contextPath(request) + springPrefix(request), spring.toString());
    }
    return otherwise;
  }

  /** Below a servlet that is mapped to {@code /api/*}, Spring's patterns begin after that. */
  private static String springPrefix(HttpServletRequest request) {
    HttpServletMapping mapping = request.getHttpServletMapping();
    return mapping != null && mapping.getMappingMatch() == MappingMatch.PATH
        ? RequestView.orElse(request.getServletPath(), "")
        : "";
  }

  private static @Nullable String ofTemplate(String prefix, String template) {
    return switch (template) {
      case "/*", "/**", "*", "**" -> null;
      default -> {
        boolean rooted = template.startsWith("/");
        // Most applications live at the root, and need no string of their own for each request.
        yield rooted && prefix.isEmpty() ? template : prefix + (rooted ? "" : "/") + template;
      }
    };
  }

  private static String contextPath(HttpServletRequest request) {
    return RequestView.orElse(request.getContextPath(), "");
  }
}
