// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Names routes in the keys of metrics. A route has the same name in every window, whatever else is
 * in that, because its windows make one curve.
 */
final class RouteLabels {

  static final String ALL = "all";
  static final String OTHER = "other";

  /** What may follow a label in a key. */
  static final int LONGEST_SUFFIX = 12;

  private static final int LIMIT = Keys.LIMIT - LONGEST_SUFFIX;

  /** Clients may send any word; each would be a curve. */
  private static final Set<String> METHODS =
      Set.of(
          "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "QUERY");

  private record MethodAndRoute(String method, String route) {}

  private final Map<MethodAndRoute, String> known = new HashMap<>();

  String of(String method, @Nullable String route) {
    return route == null
        ? OTHER
        : known.computeIfAbsent(new MethodAndRoute(method, route), RouteLabels::label);
  }

  /** {@code GET/items/:id} for {@code GET /items/{id}}, whose braces MLflow does not take. */
  private static String label(MethodAndRoute of) {
    String method = METHODS.contains(of.method) ? of.method : "_OTHER";
    String path = of.route.replace('{', ':').replace("}", "");
    String key = method + '/' + path;
    if (key.length() > LIMIT) {
      String hash = '-' + Integer.toHexString(of.route.hashCode());
      key = Text.prefix(key, LIMIT - hash.length()) + hash;
    }
    return Keys.sanitise(key);
  }
}
