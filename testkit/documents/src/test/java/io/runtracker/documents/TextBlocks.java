// SPDX-License-Identifier: Apache-2.0
package io.runtracker.documents;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Ledger;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A tree of dependencies names versions that are used; an equation names parts of the ledger. */
final class TextBlocks {

  private static final Pattern DEPENDENCY =
      Pattern.compile(
          "[ |+\\\\-]*([a-z0-9.]+):([A-Za-z0-9-]+)(?::jar)?(?::([0-9][^:]*))?(?::compile)?");

  private static final Pattern EQUATION = Pattern.compile("(\\w+) += (.*)");

  private TextBlocks() {}

  static void check(Block block) {
    for (String line : block.code().split("\n")) {
      Matcher dependency = DEPENDENCY.matcher(line);
      Matcher equation = EQUATION.matcher(line);
      if (dependency.matches()) {
        checkDependency(dependency.group(1), dependency.group(2), dependency.group(3));
      } else if (equation.matches()) {
        assertThat(partsOfTheLedger()).contains(equation.group(1));
        for (String term : equation.group(2).split(" \\+ ")) {
          assertThat(partsOfTheLedger())
              .contains(term.replaceFirst(" (before|after) acceptance$", ""));
        }
      } else {
        throw new AssertionError("this test cannot check the line: " + line);
      }
    }
  }

  private static void checkDependency(String group, String artifact, String version) {
    if (group.equals("io.runtracker")) {
      assertThat(Project.artifacts()).contains(artifact);
      assertThat(version).as("version of %s", artifact).isIn(null, Project.version());
    } else {
      assertThat(Project.usesVersion(artifact, version))
          .as("%s is used in version %s", artifact, version)
          .isTrue();
    }
  }

  private static List<String> partsOfTheLedger() {
    return Arrays.stream(Ledger.class.getRecordComponents()).map(RecordComponent::getName).toList();
  }
}
