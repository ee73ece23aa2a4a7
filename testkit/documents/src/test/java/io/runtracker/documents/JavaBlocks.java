// SPDX-License-Identifier: Apache-2.0
package io.runtracker.documents;

import com.sun.source.util.JavacTask;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Compiles a block of Java, by what it is:
 *
 * <ul>
 *   <li>a module's descriptor, and a file with imports of its own: as it stands;
 *   <li>classes, methods and fields: as members of a class that extends {@link Given};
 *   <li>statements: as the body of a method of such a class;
 *   <li>an expression, which has no semicolon: as a value there.
 * </ul>
 *
 * <p>The last three may use every type of the packages in {@link #IMPORTS}.
 */
final class JavaBlocks {

  /** On one line, so that lines are counted as in the block. */
  private static final String IMPORTS =
      Stream.of(
              "java.io.*",
              "java.time.*",
              "java.util.*",
              "java.util.concurrent.*",
              "io.javalin.Javalin",
              "io.runtracker.*",
              "io.runtracker.adapter.*",
              "io.runtracker.javalin.*",
              "io.runtracker.kafka.*",
              "io.runtracker.mlflow.*",
              "io.runtracker.servlet.*",
              "io.runtracker.sink.*",
              "io.runtracker.spring.*",
              "jakarta.servlet.*",
              "jakarta.servlet.annotation.*",
              "jakarta.servlet.http.*",
              "org.apache.catalina.Context",
              "org.springframework.boot.test.context.*",
              "org.springframework.context.annotation.*",
              "org.springframework.core.task.support.*",
              "org.springframework.web.*",
              "org.springframework.web.bind.annotation.*")
          .map(name -> "import " + name + "; ")
          .reduce("package io.runtracker.documents; ", String::concat);

  private static final String CLASS = IMPORTS + "class Block extends Given { ";
  private static final String METHOD = CLASS + "void block() throws Exception { ";

  private static final Pattern MODULES =
      Pattern.compile(
          "/(tracker-core|adapter-servlet|disruptor|slf4j-api|jspecify|jakarta.servlet-api)/");

  private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();

  /** One for all blocks: it has read the class path once then. */
  private static final StandardJavaFileManager FILES =
      COMPILER.getStandardFileManager(null, null, null);

  private JavaBlocks() {}

  static void check(Block block) throws IOException {
    String code = block.code();
    List<String> faults;
    if (code.startsWith("module ")) {
      faults = compile(block, "module-info", code);
    } else if (code.contains("\nimport ")) {
      faults =
          compile(block, code.replaceAll("(?s).*?\n(?:public |final )*class (\\w+).*", "$1"), code);
    } else {
      String members = CLASS + code + "}";
      boolean isExpression = !code.contains(";");
      String statements = METHOD + (isExpression ? "Object value = " + code + ";" : code) + "}}";
      faults = compile(block, "Block", isJava(members) ? members : statements);
    }
    if (!faults.isEmpty()) {
      throw new AssertionError("does not compile:\n" + String.join("\n", faults));
    }
  }

  private static boolean isJava(String source) throws IOException {
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    task("Block", source, found).parse();
    return found.getDiagnostics().isEmpty();
  }

  private static List<String> compile(Block block, String name, String source) throws IOException {
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    task(name, source, found).analyze();
    return found.getDiagnostics().stream()
        .filter(
            fault ->
                fault.getKind() == Diagnostic.Kind.ERROR
                    || fault.getKind() == Diagnostic.Kind.MANDATORY_WARNING)
        .map(
            fault ->
                block.place(Math.max(0, fault.getLineNumber() - 1))
                    + ": "
                    + fault.getMessage(Locale.ROOT))
        .toList();
  }

  private static JavacTask task(
      String name, String source, DiagnosticCollector<JavaFileObject> found) {
    boolean isModule = name.equals("module-info");
    List<String> options = new ArrayList<>(List.of("--release", "17", "-proc:none"));
    options.add("-Xlint:deprecation");
    options.add(isModule ? "--module-path" : "--class-path");
    options.add(String.join(File.pathSeparator, isModule ? modulePath() : Project.classPath()));
    return (JavacTask)
        COMPILER.getTask(null, FILES, found, options, null, List.of(new Source(name, source)));
  }

  /** The jar of the command line holds what others hold too, which no two modules may. */
  private static List<String> modulePath() {
    return Project.classPath().stream()
        .filter(entry -> MODULES.matcher(entry.replace(File.separatorChar, '/')).find())
        .toList();
  }

  private static final class Source extends SimpleJavaFileObject {

    private final String text;

    Source(String name, String text) {
      super(URI.create("string:///" + name + ".java"), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }
}
