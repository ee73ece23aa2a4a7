// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Links of the documents lead somewhere, and their lines are short enough to be read. */
class DocumentsTest {

  private static final Path ROOT = Path.of("..");
  private static final Path DOCS = ROOT.resolve("docs");
  private static final Path README = ROOT.resolve("README.md");

  private static final int LONGEST_README = 200;
  private static final int LONGEST_LINE = 120;

  private static final Pattern FENCE = Pattern.compile("\\s*```.*");
  private static final Pattern HEADING = Pattern.compile("^#{1,6} +(.+)");
  private static final Pattern CODE = Pattern.compile("`[^`]*`");
  private static final Pattern TARGET = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern LINK = Pattern.compile("!?\\[([^\\]]*)\\]\\([^)]*\\)");
  private static final Pattern SCHEME = Pattern.compile("[a-z]+:.*");

  static List<Path> documents() throws IOException {
    List<Path> found = new ArrayList<>();
    for (Path directory : List.of(ROOT, DOCS)) {
      try (Stream<Path> files = Files.list(directory)) {
        files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(found::add);
      }
    }
    return found;
  }

  @ParameterizedTest
  @MethodSource("documents")
  void every_link_leads_to_a_file_and_every_anchor_to_a_heading(Path document) throws IOException {
    List<String> broken = new ArrayList<>();
    for (String target : targets(document)) {
      String[] parts = target.split("#", 2);
      Path file = parts[0].isEmpty() ? document : document.resolveSibling(parts[0]);
      if (!Files.exists(file) || (parts.length == 2 && !anchors(file).contains(parts[1]))) {
        broken.add(target);
      }
    }
    assertThat(broken).as("broken links of %s", document).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("documents")
  void no_line_is_too_long(Path document) throws IOException {
    assertThat(prose(document))
        .as("lines of %s", document)
        .filteredOn(line -> !line.stripLeading().startsWith("|"))
        .filteredOn(line -> !LINK.matcher(line.strip()).matches())
        .allMatch(line -> line.codePointCount(0, line.length()) <= LONGEST_LINE);
  }

  @Test
  void the_readme_is_short_and_leads_to_every_page() throws IOException {
    assertThat(Files.readAllLines(README)).hasSizeLessThanOrEqualTo(LONGEST_README);
    List<String> pages =
        documents().stream()
            .filter(document -> !document.equals(README))
            .map(document -> ROOT.relativize(document).toString().replace('\\', '/'))
            .toList();
    assertThat(targets(README)).containsAll(pages);
  }

  @Test
  void an_anchor_is_what_github_makes_of_a_heading() {
    Map<String, Integer> seen = new HashMap<>();
    assertThat(anchor("`Tracker.builder()`", seen)).isEqualTo("trackerbuilder");
    assertThat(anchor("MLflow's own [variables](#a)", seen)).isEqualTo("mlflows-own-variables");
    assertThat(anchor("What is 1 + 1?", seen)).isEqualTo("what-is-1--1");
    assertThat(anchor("What is 1 + 1?", seen)).isEqualTo("what-is-1--1-1");
  }

  /** Of links to other files and headings; those to other hosts are not looked at. */
  private static List<String> targets(Path document) throws IOException {
    return prose(document).stream()
        .map(line -> CODE.matcher(line).replaceAll(""))
        .flatMap(line -> TARGET.matcher(line).results())
        .map((MatchResult link) -> link.group(1))
        .filter(target -> !SCHEME.matcher(target).matches())
        .toList();
  }

  private static Set<String> anchors(Path document) throws IOException {
    Set<String> anchors = new HashSet<>();
    Map<String, Integer> seen = new HashMap<>();
    prose(document).stream()
        .flatMap(line -> HEADING.matcher(line).results())
        .forEach(heading -> anchors.add(anchor(heading.group(1), seen)));
    return anchors;
  }

  /** The first of several equal headings has no number. */
  private static String anchor(String heading, Map<String, Integer> seen) {
    String anchor =
        LINK.matcher(heading)
            .replaceAll("$1")
            .strip()
            .toLowerCase(Locale.ROOT)
            .replaceAll("[^\\p{L}\\p{N} _-]", "")
            .replace(' ', '-');
    int number = seen.merge(anchor, 1, Integer::sum);
    return number == 1 ? anchor : anchor + '-' + (number - 1);
  }

  /** All lines outside blocks of code. */
  private static List<String> prose(Path document) throws IOException {
    List<String> prose = new ArrayList<>();
    boolean isCode = false;
    for (String line : Files.readAllLines(document)) {
      boolean isFence = FENCE.matcher(line).matches();
      isCode ^= isFence;
      if (!isCode && !isFence) {
        prose.add(line);
      }
    }
    return prose;
  }
}
