// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.CoreSettings;
import io.runtracker.Tracker;
import io.runtracker.internal.config.Setting;
import io.runtracker.internal.config.SettingException;
import io.runtracker.mlflow.MlflowSettingsOfSink;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.support.SpringFactoriesLoader;

/** Each setting is a property, which says the same of itself. */
class PropertiesTest {

  /** The tests run in this module, and again in one below it. */
  private static final Path DOCUMENT =
      Stream.of("../docs/spring.md", "../../docs/spring.md")
          .map(Path::of)
          .filter(Files::exists)
          .findFirst()
          .orElseThrow();

  private static final String METADATA = "META-INF/spring-configuration-metadata.json";

  static List<Setting<?>> all() {
    return Stream.concat(CoreSettings.all().stream(), MlflowSettingsOfSink.all().stream())
        .filter(setting -> !setting.name().equals("shutdownHook")) // Spring closes the tracker
        .toList();
  }

  @ParameterizedTest
  @MethodSource("all")
  void each_setting_is_described_as_in_the_core(Setting<?> setting) throws IOException {
    String meaning = setting.meaning().replace("`", "");
    String description = meaning.substring(0, 1).toUpperCase(Locale.ROOT) + meaning.substring(1);
    assertThat(descriptionOf("runtracker." + kebab(setting))).startsWith(description);
  }

  private static String kebab(Setting<?> setting) {
    String name = setting.name().equals("spool") ? "spoolDir" : setting.name();
    return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  private static String descriptionOf(String property) throws IOException {
    String description = propertiesAndDescriptions().get(property);
    return Objects.requireNonNull(description, property + " is no property");
  }

  private static Map<String, String> propertiesAndDescriptions() throws IOException {
    Map<String, String> found = new TreeMap<>();
    ClassLoader loader = RuntrackerProperties.class.getClassLoader();
    for (URL url : Collections.list(loader.getResources(METADATA))) {
      try (InputStream in = url.openStream()) {
        String json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        Object all = JsonParserFactory.getJsonParser().parseMap(json).get("properties");
        for (Object one : (List<?>) Objects.requireNonNull(all)) {
          Map<?, ?> property = (Map<?, ?>) one;
          String name = String.valueOf(property.get("name"));
          if (name.startsWith("runtracker.")) {
            found.put(name, String.valueOf(property.get("description")));
          }
        }
      }
    }
    return found;
  }

  static List<String> properties() throws IOException {
    return propertiesAndDescriptions().keySet().stream()
        .filter(name -> !name.equals("runtracker.tags")) // explained beside the table
        .toList();
  }

  @ParameterizedTest
  @MethodSource("properties")
  void each_property_is_in_the_document_with_its_description(String property) throws IOException {
    String[] parts = descriptionOf(property).split(" Default: ", 2);
    String row = "| `" + property + "` | " + parts[0] + " | ";
    String withDefault = parts.length == 1 ? row : row + parts[1].replaceAll("\\.$", "") + " |";
    assertThat(Files.readAllLines(DOCUMENT)).anyMatch(line -> line.startsWith(withDefault));
  }

  @Test
  void a_property_that_nobody_reads_is_named_with_the_one_that_is_most_like_it() {
    StandardEnvironment environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                "test",
                Map.of(
                    "runtracker.bach-size",
                    5,
                    "runtracker.batchBytes",
                    5,
                    "runtracker.tags.team",
                    "a",
                    "runtracker.skip[0]",
                    "/a")));
    assertThat(UnknownProperties.in(environment))
        .containsExactly(
            "runtracker.bach-size is set, but is not a property of Runtracker; did you mean"
                + " runtracker.batch-size?");
  }

  private static FailureAnalysis analysisOf(Tracker.Builder builder) {
    try {
      builder.build().close();
      throw new AssertionError("it was built");
    } catch (SettingException e) {
      return Objects.requireNonNull(new SettingFailureAnalyzer().analyze(e, e));
    }
  }

  @Test
  void a_property_that_cannot_be_used_is_told_by_its_own_name() {
    FailureAnalysis analysis =
        analysisOf(Tracker.builder().environment(Map.of()).ringSize(1000).maxTries(10));
    assertThat(analysis.getDescription())
        .isEqualTo("runtracker.ring-size must be a power of two, 2 at least, but is 1000");
    assertThat(analysis.getAction()).contains("runtracker.ring-size");
  }

  @Test
  void a_variable_that_cannot_be_used_is_told_by_the_variable() {
    FailureAnalysis analysis =
        analysisOf(Tracker.builder().environment(Map.of("RUNTRACKER_SPOOL_QUOTA", "1")));
    assertThat(analysis.getDescription())
        .isEqualTo("RUNTRACKER_SPOOL_QUOTA must be at least 8388608, but is 1");
  }

  @Test
  void spring_boot_asks_the_analyzer_when_an_application_does_not_start() {
    assertThat(
            SpringFactoriesLoader.forDefaultResourceLocation()
                .load(FailureAnalyzer.class, (type, name, failure) -> {}))
        .hasAtLeastOneElementOfType(SettingFailureAnalyzer.class);
  }
}
