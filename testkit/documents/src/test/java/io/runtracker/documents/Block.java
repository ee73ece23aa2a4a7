// SPDX-License-Identifier: Apache-2.0
package io.runtracker.documents;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Code of a document.
 *
 * @param line of its first line in the document, from 1 on
 * @param language as the document names it; empty if it does not
 */
record Block(Path document, int line, String language, String code) {

  private static final Pattern FENCE = Pattern.compile("( *)```(.*)");
  private static final Pattern SPAN = Pattern.compile("`([^`\n]+(?:\n[^`\n]+)*)`");
  private static final Pattern COMMAND =
      Pattern.compile(
          "(mvn |java -jar |benchmarks/run|examples/demo|testkit/\\S+\\.py|\\.ci/run).*");

  /** All documents of the project, in order. */
  static List<Path> documents() throws IOException {
    List<Path> found = new ArrayList<>();
    for (Path directory : List.of(Project.ROOT, Project.ROOT.resolve("docs"))) {
      try (Stream<Path> files = Files.list(directory)) {
        files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(found::add);
      }
    }
    return found;
  }

  /** Those between fences, and commands within the text, which are blocks of {@code sh}. */
  static List<Block> of(Path document) throws IOException {
    List<Block> blocks = new ArrayList<>();
    List<String> text = new ArrayList<>(Files.readAllLines(document));
    for (int i = 0; i < text.size(); i++) {
      Matcher fence = FENCE.matcher(text.get(i));
      if (fence.matches()) {
        int begin = i + 1;
        text.set(i, "");
        List<String> code = new ArrayList<>();
        for (i++; !FENCE.matcher(text.get(i)).matches(); i++) {
          code.add(text.set(i, "").replaceFirst("^" + fence.group(1), ""));
        }
        text.set(i, "");
        String lines = String.join("\n", code) + "\n";
        blocks.add(new Block(document, begin + 1, fence.group(2).strip(), lines));
      }
    }
    blocks.addAll(commands(document, String.join("\n", text)));
    return blocks;
  }

  private static List<Block> commands(Path document, String text) {
    List<Block> commands = new ArrayList<>();
    Matcher span = SPAN.matcher(text);
    while (span.find()) {
      String command = span.group(1).replace('\n', ' ').replace("\\|", "|");
      if (COMMAND.matcher(command).matches()) {
        int line = text.substring(0, span.start()).split("\n", -1).length;
        commands.add(new Block(document, line, "sh", command + "\n"));
      }
    }
    return commands;
  }

  /** Such as {@code docs/spring.md:38}. */
  String place() {
    return place(0);
  }

  /** Of a line of the block, from 0 on. */
  String place(long offset) {
    return Project.ROOT.relativize(document) + ":" + (line + offset);
  }
}
