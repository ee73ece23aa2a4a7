// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A class has at most 250 lines of code and a method at most 40 lines, or a comment on it says why
 * it is {@code Longer than others}. Blank lines, comments and imports are no code.
 */
@Tag("once")
class SourceSizeTest {

  private static final int LONGEST_CLASS = 250;
  private static final int LONGEST_METHOD = 40;
  private static final String EXCUSE = "Longer than others:";

  private static List<Path> mainSources() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of(".."))) {
      return files
          .filter(file -> file.toString().contains("src/main/java"))
          .filter(file -> file.toString().endsWith(".java"))
          .sorted()
          .toList();
    }
  }

  @Test
  void a_class_or_method_that_is_long_says_why() throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<String> tooLong = new ArrayList<>();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, UTF_8)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null,
                  files,
                  null,
                  List.of("-proc:none"),
                  null,
                  files.getJavaFileObjectsFromPaths(mainSources()));
      SourcePositions positions = Trees.instance(task).getSourcePositions();
      for (CompilationUnitTree unit : task.parse()) {
        String source = unit.getSourceFile().getCharContent(true).toString();
        unit.accept(new LongOnes(unit, source, positions, tooLong), null);
      }
    }
    assertThat(tooLong).isEmpty();
  }

  private static final class LongOnes extends TreeScanner<Void, Void> {
    private final CompilationUnitTree unit;
    private final String source;
    private final SourcePositions positions;
    private final List<String> found;

    LongOnes(
        CompilationUnitTree unit, String source, SourcePositions positions, List<String> found) {
      this.unit = unit;
      this.source = source;
      this.positions = positions;
      this.found = found;
    }

    @Override
    public Void visitClass(ClassTree type, Void nothing) {
      long code =
          textOf(type)
              .replaceAll("(?s)/\\*.*?\\*/", "")
              .lines()
              .map(String::strip)
              .filter(line -> !line.isEmpty() && !line.startsWith("//"))
              .count();
      report(type, code, LONGEST_CLASS, type.getSimpleName().toString());
      return super.visitClass(type, nothing);
    }

    @Override
    public Void visitMethod(MethodTree method, Void nothing) {
      report(method, textOf(method).lines().count(), LONGEST_METHOD, method.getName().toString());
      return super.visitMethod(method, nothing);
    }

    private String textOf(Tree tree) {
      int start = (int) positions.getStartPosition(unit, tree);
      int end = (int) positions.getEndPosition(unit, tree);
      return start < 0 || end < start ? "" : source.substring(start, end); // of what is implied
    }

    private void report(Tree tree, long lines, int most, String name) {
      if (lines > most && !commentOn(tree).contains(EXCUSE)) {
        found.add(unit.getSourceFile().getName() + ": " + name + ", " + lines + " lines");
      }
    }

    private String commentOn(Tree tree) {
      String before = source.substring(0, (int) positions.getStartPosition(unit, tree)).strip();
      int end = Math.max(before.lastIndexOf("\n\n"), 0);
      return before.substring(end).replaceAll("\\s*\n\\s*(\\*|//)?\\s*", " ");
    }
  }
}
