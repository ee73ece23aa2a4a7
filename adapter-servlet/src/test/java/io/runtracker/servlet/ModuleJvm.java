// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** Compiles a module {@code service}, and runs its {@code Main} in a JVM with a module path. */
final class ModuleJvm {

  private static final Pattern NAME = Pattern.compile("<Automatic-Module-Name>([^<]+)<");

  private final Path directory;
  private final List<String> modulePath = new ArrayList<>();
  private final List<String> options = new ArrayList<>();

  /** With nothing on the module path. */
  ModuleJvm(Path directory) {
    this.directory = directory;
  }

  /** Puts the place of a class on the module path: a jar, or a directory with a descriptor. */
  ModuleJvm with(Class<?> one) {
    modulePath.add(placeOf(one).toString());
    return this;
  }

  /**
   * Puts the place of a class of a jar without a descriptor on the module path. Before its jar is
   * packaged there are only classes, and a directory without a descriptor is no module: a jar is
   * made of them, with the name that the pom gives.
   */
  ModuleJvm withName(Class<?> one) throws IOException {
    Path place = placeOf(one);
    modulePath.add((Files.isDirectory(place) ? jarOf(place) : place).toString());
    return this;
  }

  /** Puts jars of the class path on the module path, by the beginnings of their names. */
  ModuleJvm withJars(String... names) {
    List<String> classPath =
        List.of(System.getProperty("java.class.path").split(File.pathSeparator));
    for (String name : names) {
      List<String> found =
          classPath.stream()
              .filter(entry -> Path.of(entry).getFileName().toString().startsWith(name))
              .toList();
      if (found.isEmpty()) {
        throw new IllegalArgumentException("no jar " + name + " on the class path");
      }
      modulePath.addAll(found);
    }
    return this;
  }

  /** Gives an option to the compiler and to the JVM. */
  ModuleJvm option(String... option) {
    options.addAll(Arrays.asList(option));
    return this;
  }

  /**
   * Compiles the sources of some folders below {@code module-path}.
   *
   * @return what the compiler said; empty if there is nothing to say
   */
  String compile(String... folders) throws IOException {
    List<String> arguments = new ArrayList<>(options);
    arguments.addAll(List.of("--release", "17", "-proc:none", "-d", classes().toString()));
    arguments.addAll(List.of("--module-path", String.join(File.pathSeparator, modulePath)));
    for (String folder : folders) {
      try (Stream<Path> files = Files.walk(sources(folder))) {
        files.map(Path::toString).filter(file -> file.endsWith(".java")).forEach(arguments::add);
      }
    }
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    ToolProvider.getSystemJavaCompiler().run(null, said, said, arguments.toArray(String[]::new));
    return said.toString(StandardCharsets.UTF_8);
  }

  /** Runs {@code Main} to its end and returns all that it printed, with its exit status. */
  String run(Map<String, String> environment) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.add("-Dlogback.configurationFile=" + sources("logback.xml"));
    command.add("--module-path");
    command.add(String.join(File.pathSeparator, modulePath) + File.pathSeparator + classes());
    command.addAll(List.of("--module", "service/service.Main"));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.matches("(MLFLOW|RUNTRACKER|JAVA)_.*"));
    builder.environment().putAll(environment);
    Process jvm = builder.start();
    try {
      String said = new String(jvm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return said + "exit: " + jvm.waitFor() + "\n";
    } finally {
      jvm.destroyForcibly();
    }
  }

  private Path classes() {
    return directory.resolve("service");
  }

  private static Path sources(String name) {
    return placeOf(ModuleJvm.class).resolve("module-path").resolve(name);
  }

  private static Path placeOf(Class<?> one) {
    try {
      return Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private Path jarOf(Path classes) throws IOException {
    Path module = classes.getParent().getParent();
    Matcher name = NAME.matcher(Files.readString(module.resolve("pom.xml")));
    if (!name.find()) {
      throw new IllegalStateException(module + " has no name as a module");
    }
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Automatic-Module-Name", name.group(1));
    Path jar = directory.resolve(module.getFileName() + ".jar");
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(out, manifest);
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        entries.putNextEntry(new JarEntry(classes.relativize(file).toString().replace('\\', '/')));
        Files.copy(file, entries);
      }
    }
    return jar;
  }
}
