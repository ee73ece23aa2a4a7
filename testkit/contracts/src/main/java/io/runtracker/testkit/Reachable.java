// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;

/** Walks everything that an object holds on to. */
final class Reachable {

  private Reachable() {}

  static void assertOnlyOurOwnAndTheJdks(Object root) throws IllegalAccessException {
    Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Object> left = new ArrayDeque<>(Set.of(root));
    while (!left.isEmpty()) {
      Object next = left.pop();
      if (!seen.add(next)) {
        continue;
      }
      Class<?> type = next.getClass();
      if (type.isArray()) {
        for (int i = 0; !type.getComponentType().isPrimitive() && i < Array.getLength(next); i++) {
          add(left, Array.get(next, i));
        }
      } else if (type.getName().startsWith("io.runtracker.")) {
        addFields(left, next, type);
      } else if (!type.equals(String.class) && !(next instanceof Enum)) {
        throw new AssertionError(root + " holds on to a " + type.getName());
      }
    }
  }

  private static void addFields(Deque<Object> left, Object owner, Class<?> type)
      throws IllegalAccessException {
    for (Class<?> declaring = type; declaring != null; declaring = declaring.getSuperclass()) {
      for (Field field : declaring.getDeclaredFields()) {
        if (!Modifier.isStatic(field.getModifiers())
            && !field.getType().isPrimitive()
            && declaring.getName().startsWith("io.runtracker.")) {
          field.setAccessible(true);
          add(left, field.get(owner));
        }
      }
    }
  }

  private static void add(Deque<Object> left, @org.jspecify.annotations.Nullable Object value) {
    if (value != null) {
      left.push(value);
    }
  }
}
