// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** Reads the section {@code [mlflow]} of {@code ~/.mlflow/credentials}. */
final class CredentialsFile {

  private CredentialsFile() {}

  /** The section's values by their names in small letters; empty when there is no such file. */
  static Map<String, String> read(Path home) {
    Path file = home.resolve(".mlflow").resolve("credentials");
    if (!Files.isRegularFile(file)) {
      return Map.of();
    }
    Map<String, String> values = new HashMap<>();
    String section = "";
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
        String text = line.strip();
        if (text.startsWith("[") && text.endsWith("]")) {
          section = text.substring(1, text.length() - 1).strip();
        } else if (section.equals("mlflow") && !text.startsWith("#") && !text.startsWith(";")) {
          put(text, values);
        }
      }
    } catch (IOException e) {
      throw new IllegalArgumentException(file + " cannot be read: " + e, e);
    }
    return values;
  }

  private static void put(String line, Map<String, String> values) {
    for (int i = 0; i < line.length(); i++) {
      if (line.charAt(i) == '=' || line.charAt(i) == ':') {
        String value = line.substring(i + 1).strip();
        if (!value.isEmpty()) {
          values.put(line.substring(0, i).strip().toLowerCase(Locale.ROOT), value);
        }
        return;
      }
    }
  }
}
