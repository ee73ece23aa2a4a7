// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Arguments of the form {@code name=value}: a measurement has more of them than anybody counts. */
final class Options {

  private final Map<String, String> values = new HashMap<>();

  Options(String[] args) {
    for (String arg : args) {
      int equals = arg.indexOf('=');
      if (equals < 0) {
        throw new IllegalArgumentException("not name=value: " + arg);
      }
      values.put(arg.substring(0, equals), arg.substring(equals + 1));
    }
  }

  String text(String name) {
    String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return value;
  }

  String text(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  double number(String name, double otherwise) {
    return Double.parseDouble(text(name, Double.toString(otherwise)));
  }

  /** Of numbers between commas. */
  List<Double> numbers(String name) {
    return Arrays.stream(text(name).split(",", -1)).map(Double::valueOf).toList();
  }
}
