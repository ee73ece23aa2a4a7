// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import jakarta.servlet.http.HttpServletMapping;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.MappingMatch;
import org.jspecify.annotations.Nullable;

/**
 * The template a path matched. A pattern that matches everything says nothing and is no route:
 * without that rule every 404 would have one.
 */
final class Route {

  /** Spring's {@code HandlerMapping.BEST_MATCHING_PATTERN_ATTRIBUTE}, a string or a pattern. */
  private static final String SPRING_ATTRIBUTE =
      "org.springframework.web.servlet.HandlerMapping.bestMatchingPattern";

  private Route() {}

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
      case "/", "/*", "/**", "*", "**" -> null;
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
