// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.internal.event.EventBytes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Names routes in the keys of metrics, and gives each name a number. A route has the same name in
 * every window, whatever else is in that, because its windows make one curve.
 *
 * <p>A method and a route that were there before are known by their bytes. Not safe for use by
 * several threads.
 */
final class RouteLabels {

  static final String ALL = "all";
  static final String OTHER = "other";

  /** What may follow a label in a key. */
  static final int LONGEST_SUFFIX = 12;

  private static final int LIMIT = Keys.LIMIT - LONGEST_SUFFIX;
  private static final int FEW = 16;

  /** Clients may send any word; each would be a curve. */
  private static final Set<String> METHODS =
      Set.of(
          "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "QUERY");

  /** A method and a route that were seen. */
  private static final class Known {
    private final int hash;
    private final byte[] method;
    private final byte[] route;
    private final int id;

    Known(int hash, EventFields fields, int id) {
      this.hash = hash;
      this.method = fields.bytes(EventBytes.METHOD);
      this.route = fields.bytes(EventBytes.ROUTE);
      this.id = id;
    }

    boolean is(int itsHash, EventFields fields) {
      return hash == itsHash
          && fields.is(EventBytes.ROUTE, route)
          && fields.is(EventBytes.METHOD, method);
    }
  }

  /** By hash, and where that place is taken the next; its length is a power of two. */
  private Known[] known = new Known[4 * FEW];

  private int size;
  private final Map<String, Integer> idOfLabel = new HashMap<>();
  private final List<String> labels = new ArrayList<>();

  /** The names by their numbers. */
  List<String> labels() {
    return labels;
  }

  /**
   * The number of a request's label.
   *
   * @param hash the same for requests of one method and route
   */
  int idOf(int hash, EventFields fields) {
    if (!fields.has(EventBytes.ROUTE)) {
      return idOf(OTHER);
    }
    int slot = slot(hash);
    for (; known[slot] != null; slot = (slot + 1) & (known.length - 1)) {
      if (known[slot].is(hash, fields)) {
        return known[slot].id;
      }
    }
    return learn(slot, hash, fields);
  }

  private int slot(int hash) {
    return (hash ^ hash >>> 16) & (known.length - 1);
  }

  private int learn(int slot, int hash, EventFields fields) {
    int id = idOf(label(fields.text(EventBytes.METHOD), fields.text(EventBytes.ROUTE)));
    known[slot] = new Known(hash, fields, id);
    size++;
    if (size > known.length / 2) {
      grow();
    }
    return id;
  }

  private void grow() {
    Known[] before = known;
    known = new Known[2 * before.length];
    for (Known one : before) {
      if (one != null) {
        int slot = slot(one.hash);
        while (known[slot] != null) {
          slot = (slot + 1) & (known.length - 1);
        }
        known[slot] = one;
      }
    }
  }

  private int idOf(String label) {
    Integer id = idOfLabel.get(label);
    if (id == null) {
      id = labels.size();
      labels.add(label);
      idOfLabel.put(label, id);
    }
    return id;
  }

  /** {@code GET/items/:id} for {@code GET /items/{id}}, whose braces MLflow does not take. */
  private static String label(String method, String route) {
    String word = METHODS.contains(method) ? method : "_OTHER";
    String path = route.replace('{', ':').replace("}", "");
    String key = word + '/' + path;
    if (key.length() > LIMIT) {
      String hash = '-' + Integer.toHexString(route.hashCode());
      key = Text.prefix(key, LIMIT - hash.length()) + hash;
    }
    return Keys.sanitise(key);
  }
}
