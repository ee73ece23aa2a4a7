// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The build that this JVM tests for.
 *
 * @param directory the top-level {@code target/}
 * @param pid of Maven when it forked this JVM, else of this JVM
 */
record Build(Path directory, long pid) {

  static Build current() {
    return new Build(topLevel().resolve("target"), mavenPid());
  }

  private static Path topLevel() {
    Path start = Path.of(System.getProperty("user.dir", "")).toAbsolutePath();
    for (Path at = start; at != null; at = at.getParent()) {
      if (Files.isDirectory(at.resolve(".mvn"))) {
        return at;
      }
    }
    return start;
  }

  /**
   * The nearest java above this one, and only in a JVM that Surefire forked: started by hand or by
   * an IDE, the java above lives for days. The nearest, because above Maven there may be the java
   * of a CI agent.
   */
  private static long mavenPid() {
    ProcessHandle self = ProcessHandle.current();
    if (System.getProperty("surefire.real.class.path") == null
        && System.getProperty("surefire.test.class.path") == null) {
      return self.pid();
    }
    for (Optional<ProcessHandle> at = self.parent(); at.isPresent(); at = at.get().parent()) {
      if (isJava(at.get())) {
        return at.get().pid();
      }
    }
    return self.pid();
  }

  private static boolean isJava(ProcessHandle process) {
    return process.info().command().map(command -> Path.of(command).endsWith("java")).orElse(false);
  }
}
