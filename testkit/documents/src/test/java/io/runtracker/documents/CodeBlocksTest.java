// SPDX-License-Identifier: Apache-2.0
package io.runtracker.documents;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.runtracker.internal.config.UnknownVariables;
import io.runtracker.kafka.KafkaFormat;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.config.YamlPropertiesFactoryBean;
import org.springframework.core.io.ByteArrayResource;

/** Every block of code in the documents is held to what there is. No block is left out. */
class CodeBlocksTest {

  /** A language that is not here fails: write its check, or say it in another. */
  private static final Map<String, Check> CHECKS =
      Map.of(
          "java", JavaBlocks::check,
          "xml", XmlBlocks::check,
          "sh", ShellBlocks::check,
          "python", CodeBlocksTest::checkPython,
          "yaml", CodeBlocksTest::checkYaml,
          "json", CodeBlocksTest::checkJson,
          "properties", CodeBlocksTest::checkProperties,
          "mermaid", CodeBlocksTest::checkMermaid,
          "text", TextBlocks::check);

  /** A name, but for {@code RUNTRACKER_KAFKA_<PROPERTY>}, which stands for many. */
  private static final Pattern VARIABLE = Pattern.compile("RUNTRACKER_[A-Z][A-Z_]*+(?![<*])");

  private static final Pattern ASSIGNED = Pattern.compile("(?<![\\w.])(runtracker\\.[a-z.-]+)=");
  private static final Pattern CLASS_NAME = Pattern.compile("\\b[A-Z][a-z]+[A-Z]\\w+");
  private static final Pattern THREAD = Pattern.compile("runtracker-[a-z-]+");

  private interface Check {
    void check(Block block) throws Exception;
  }

  @TestFactory
  Stream<DynamicTest> every_block_is_right() throws IOException {
    List<Block> blocks = new ArrayList<>();
    for (Path document : Block.documents()) {
      blocks.addAll(Block.of(document));
    }
    return blocks.stream()
        .map(
            block ->
                DynamicTest.dynamicTest(
                    block.place() + " " + block.language(),
                    () -> {
                      try {
                        check(block);
                      } catch (Exception | AssertionError e) {
                        // A report names a dynamic test by its number alone.
                        throw new AssertionError(block.place() + ": " + e.getMessage(), e);
                      }
                    }));
  }

  @ParameterizedTest
  @MethodSource
  void every_program_that_no_module_has_compiles(Path program) throws Exception {
    JavaBlocks.check(new Block(program, 1, "java", Files.readString(program)));
  }

  static List<Path> every_program_that_no_module_has_compiles() throws IOException {
    List<Path> programs = new ArrayList<>();
    for (String directory : List.of("docs/screenshots", "testkit/mlflow-versions")) {
      try (Stream<Path> files = Files.list(Project.ROOT.resolve(directory))) {
        files.filter(file -> file.toString().endsWith(".java")).sorted().forEach(programs::add);
      }
    }
    assertThat(programs).isNotEmpty();
    return programs;
  }

  @Test
  void a_block_that_is_wrong_fails() {
    assertFails("java", "Tracker.builder().skipp(\"/health\");\n", ":2: cannot find symbol");
    assertFails("java", "int a = 1\nint b = 2;\n", "';' expected");
    assertFails(
        "java", "module shop {\n  requires io.runtracker.heart;\n}\n", "io.runtracker.heart");
    assertFails("xml", "<a><b></a>\n", "not XML");
    assertFails("sh", "benchmarks/run.sh everything\n", "everything");
    assertFails("sh", "mvn -pl tracker-heart test\n", "module tracker-heart");
    assertFails("sh", "java -jar runtracker.jar spool rejected --resnd DIR\n", "--resnd");
    assertFails("python", "for run in runs\n    pass\n", "SyntaxError");
    assertFails("yaml", "runtracker:\n  bach-size: 5\n", "runtracker.bach-size");
    assertFails("json", "{\"version\":1,\"path\":\"/\"}\n", "no method");
    assertFails("text", "offered = taken + dropped\n", "taken");
    assertFails("", "offered = accepted + dropped\n", "a check for the language ''");
  }

  private static void assertFails(String language, String code, String message) {
    Block block = new Block(Project.ROOT.resolve("A.md"), 2, language, code);
    assertThat(catchThrowable(() -> check(block))).as(code).hasMessageContaining(message);
  }

  @ParameterizedTest
  @MethodSource("io.runtracker.documents.Block#documents")
  void every_variable_and_every_assigned_property_is_a_setting(Path document) throws IOException {
    String text = Files.readString(document);
    Set<String> known = Project.variables();
    known.add("RUNTRACKER_CACHE"); // of the test kit
    if (text.contains("runtracker-relay.jar")) {
      known.addAll(Project.variablesOfRelay());
    }
    assertThat(UnknownVariables.in(found(VARIABLE, text, 0), known)).isEmpty();
    assertThat(found(ASSIGNED, text, 1).keySet())
        .filteredOn(name -> !Project.has("src/main", '"' + name + '"')) // a tag
        .isSubsetOf(Project.properties());
  }

  private static Map<String, String> found(Pattern pattern, String text, int group) {
    return pattern
        .matcher(text)
        .results()
        .map((MatchResult found) -> found.group(group))
        .distinct()
        .collect(Collectors.toMap(name -> name, name -> ""));
  }

  private static void check(Block block) throws Exception {
    Check check = CHECKS.get(block.language());
    assertThat(check).as("a check for the language '%s'", block.language()).isNotNull();
    check.check(block);
  }

  /** Parsed only; {@code ReadingRunsTest} of the sink runs those of docs/reading-runs.md. */
  private static void checkPython(Block block) throws Exception {
    Process python =
        new ProcessBuilder(
                "python3", "-c", "import sys; compile(sys.stdin.read(), 'block', 'exec')")
            .redirectErrorStream(true)
            .start();
    try (OutputStream in = python.getOutputStream()) {
      in.write(block.code().getBytes(UTF_8));
    }
    String said = new String(python.getInputStream().readAllBytes(), UTF_8);
    assertThat(python.waitFor()).as(said).isZero();
  }

  private static void checkYaml(Block block) throws IOException {
    YamlPropertiesFactoryBean yaml = new YamlPropertiesFactoryBean();
    yaml.setResources(new ByteArrayResource(block.code().getBytes(UTF_8)));
    checkNames(yaml.getObject());
  }

  /** Ours is a request as it is in a topic. */
  private static void checkJson(Block block) throws IOException {
    KafkaFormat.read(block.code().getBytes(UTF_8)).decode();
  }

  private static void checkProperties(Block block) throws IOException {
    Properties properties = new Properties();
    properties.load(new StringReader(block.code()));
    checkNames(properties);
  }

  /** Lists have indices, and tags are named by the service. */
  private static void checkNames(Properties properties) throws IOException {
    List<String> names =
        properties.keySet().stream()
            .map(String::valueOf)
            .filter(name -> name.startsWith("runtracker."))
            .map(name -> name.replaceFirst("\\[\\d+]$", ""))
            .map(name -> name.replaceFirst("^(runtracker\\.tags)\\..*", "$1"))
            .toList();
    assertThat(names).isSubsetOf(Project.properties());
  }

  /** Its classes and threads are those of the source, and what opens is closed. */
  private static void checkMermaid(Block block) {
    String code = block.code();
    assertThat(code).startsWith("flowchart LR\n");
    assertThat(Pattern.compile("(?m)^ *subgraph ").matcher(code).results().count())
        .isEqualTo(Pattern.compile("(?m)^ *end$").matcher(code).results().count());
    for (String name : found(CLASS_NAME, code, 0).keySet()) {
      assertThat(Project.has("src/main", " " + name + " ")).as(name).isTrue();
    }
    for (String name : found(THREAD, code, 0).keySet()) {
      assertThat(Project.has("src/main", '"' + name)).as(name).isTrue();
    }
  }
}
