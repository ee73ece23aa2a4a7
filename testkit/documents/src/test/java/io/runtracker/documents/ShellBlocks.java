// SPDX-License-Identifier: Apache-2.0
package io.runtracker.documents;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.cli.Runtracker;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;

/** Commands are known, with every script, module, test and option that they name. */
final class ShellBlocks {

  private static final Pattern WORD = Pattern.compile("([^\\s'\"]|'[^']*'|\"[^\"]*\")+");
  private static final Pattern VARIABLE = Pattern.compile("([A-Z][A-Z_]+)=.*");
  private static final Pattern BENCHMARKS = Pattern.compile("for benchmark in ([a-z ]+);");

  private static final Set<String> PHASES =
      Set.of("test", "package", "verify", "install", "spotless:apply", "dependency:tree");
  private static final Set<String> PROPERTIES =
      Set.of("test", "surefire.failIfNoSpecifiedTests", "skipTests");

  private ShellBlocks() {}

  static void check(Block block) {
    for (String line : block.code().split("\n")) {
      Deque<String> words = words(line);
      if (!words.isEmpty() && words.peek().equals("export")) {
        words.remove();
        assertThat(words).as("variables to export").isNotEmpty();
      }
      while (!words.isEmpty() && VARIABLE.matcher(words.peek()).matches()) {
        checkVariable(words.remove());
      }
      if (!words.isEmpty()) {
        checkCommand(words.remove(), words);
      }
    }
  }

  private static Deque<String> words(String line) {
    Deque<String> words = new ArrayDeque<>();
    Matcher word = WORD.matcher(line.replaceFirst("(^|\\s)#.*", ""));
    while (word.find()) {
      words.add(word.group().replaceAll("['\"]", ""));
    }
    return words;
  }

  private static void checkVariable(String assignment) {
    String name = assignment.replaceFirst("=.*", "");
    if (!name.startsWith("RUNTRACKER_")) { // those are looked for in the whole of each document
      assertThat(Project.has("src/main", '"' + name + '"')).as("%s is read", name).isTrue();
    }
  }

  private static void checkCommand(String command, Deque<String> arguments) {
    switch (command) {
      case "mvn" -> checkMaven(arguments);
      case "java" -> checkJar(arguments);
      case "pip" -> assertThat(arguments).containsExactly("install", "mlflow");
      case "benchmarks/run.sh" -> checkBenchmark(arguments);
      case "examples/demo.sh", "examples/fleet.sh" -> checkExample(command, arguments);
      case ".ci/run", "testkit/mlflow-versions/try_versions.py" -> {
        assertThat(Project.hasFile(command)).as(command).isTrue();
        assertThat(arguments).isEmpty();
      }
      default ->
          assertThat(Project.hasFile(command) && arguments.isEmpty())
              .as("`%s` is a command that this test knows, or a file", command)
              .isTrue();
    }
  }

  private static void checkMaven(Deque<String> arguments) {
    while (!arguments.isEmpty()) {
      String argument = arguments.remove();
      if (argument.equals("-pl")) {
        for (String module : arguments.remove().split(",")) {
          assertThat(Project.hasFile(module + "/pom.xml")).as("module %s", module).isTrue();
        }
      } else if (argument.startsWith("-D")) {
        checkProperty(argument.substring(2));
      } else if (!Set.of("-am", "-q").contains(argument)) {
        assertThat(PHASES).contains(argument);
      }
    }
  }

  private static void checkProperty(String property) {
    String name = property.replaceFirst("=.*", "");
    if (!PROPERTIES.contains(name)) {
      boolean isRead =
          Project.has("src/test", '"' + name + '"') || Project.has("pom.xml", "${" + name + '}');
      assertThat(isRead).as("-D%s is read", name).isTrue();
    }
    if (name.equals("test")) {
      String type = property.replaceFirst("test=(\\w+).*", "$1");
      assertThat(Project.hasTest(type)).as("test %s", type).isTrue();
    }
  }

  private static void checkJar(Deque<String> arguments) {
    assertThat(arguments.remove()).isEqualTo("-jar");
    String jar = arguments.remove();
    if (jar.equals("runtracker.jar")) {
      new CommandLine(Runtracker.class).parseArgs(arguments.toArray(String[]::new));
    } else if (!jar.equals("service.jar")) { // the reader's own
      String[] parts = jar.split("/target/");
      assertThat(
              Project.has(
                  parts[0] + "/pom.xml", "<finalName>" + parts[1].replace(".jar", "") + '<'))
          .as(jar)
          .isTrue();
    }
  }

  private static void checkBenchmark(Deque<String> arguments) {
    String script = "benchmarks/run.sh";
    List<String> known = new ArrayList<>(List.of("all", "document"));
    Matcher benchmarks = BENCHMARKS.matcher(Project.source(script));
    assertThat(benchmarks.find()).isTrue();
    known.addAll(List.of(benchmarks.group(1).split(" ")));
    if (!arguments.isEmpty()) { // else the text speaks of the script
      assertThat(known).contains(arguments.remove());
    }
    for (String argument : arguments) {
      if (argument.startsWith("--") && !argument.equals("--help")) {
        assertThat(Project.has("benchmarks/harness", '"' + argument + '"')).as(argument).isTrue();
      }
    }
  }

  /** {@code [a|b]} stands for each of them, and a number for any. */
  private static void checkExample(String script, Deque<String> arguments) {
    for (String argument : arguments) {
      for (String one : argument.replaceAll("[\\[\\]]", "").split("\\|")) {
        String named = one.matches("\\d+") ? "N" : one;
        assertThat(Project.source(script))
            .containsPattern("[| ]" + Pattern.quote(named) + "[ |)\\]]");
      }
    }
  }
}
