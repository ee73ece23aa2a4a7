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
  private static final Pattern SPAN = Pattern.compile("`([^`]+)`");
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
    List<String> lines = Files.readAllLines(document);
    for (int i = 0; i < lines.size(); i++) {
      Matcher fence = FENCE.matcher(lines.get(i));
      if (fence.matches()) {
        int begin = i + 1;
        List<String> code = new ArrayList<>();
        for (i++; !FENCE.matcher(lines.get(i)).matches(); i++) {
          code.add(lines.get(i).replaceFirst("^" + fence.group(1), ""));
        }
        String text = String.join("\n", code) + "\n";
        blocks.add(new Block(document, begin + 1, fence.group(2).strip(), text));
      } else {
        Matcher span = SPAN.matcher(lines.get(i));
        while (span.find()) {
          if (COMMAND.matcher(span.group(1)).matches()) {
            String command = span.group(1).replace("\\|", "|") + "\n";
            blocks.add(new Block(document, i + 1, "sh", command));
          }
        }
      }
    }
    return blocks;
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
