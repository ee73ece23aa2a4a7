// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The tables of settings in {@code docs/configuration.md}. */
public final class ConfigurationPage {

  private static final Path DOCUMENT = Path.of("../docs/configuration.md");

  private ConfigurationPage() {}

  /** A row may say more than the code, behind what the code says. */
  public static void assertSaysOf(Setting<?> setting) throws IOException {
    String row =
        "| `%s` | `%s` | %s | %s"
            .formatted(
                setting.name(), setting.variable(), setting.defaultText(), setting.meaning());
    assertThat(Files.readAllLines(DOCUMENT)).anyMatch(line -> line.startsWith(row));
  }
}
