// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mlflow.api.proto.Service;

/** The tags of one run, in a form that MLflow takes, in the order in which they were put. */
final class Tags {

  private final Keys keys;
  private final Map<String, String> values = new LinkedHashMap<>();

  Tags(Naming naming) {
    this.keys = new Keys(naming);
  }

  void put(String key, String value) {
    values.put(keys.of(key), Text.fit(value, Text.TAG));
  }

  void putIfAbsent(String key, String value) {
    values.putIfAbsent(keys.of(key), Text.fit(value, Text.TAG));
  }

  List<Service.RunTag> list() {
    List<Service.RunTag> list = new ArrayList<>(values.size());
    values.forEach((key, value) -> list.add(tag(key, value)));
    return list;
  }

  /** A tag that none in the list has the key of. */
  Service.RunTag further(String key, String value) {
    return tag(keys.another(key), Text.fit(value, Text.TAG));
  }

  /** A tag of a key and a value that MLflow takes as they are. */
  static Service.RunTag tag(String key, String value) {
    return Service.RunTag.newBuilder().setKey(key).setValue(value).build();
  }
}
