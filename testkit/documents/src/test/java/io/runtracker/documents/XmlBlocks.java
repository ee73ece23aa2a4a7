// SPDX-License-Identifier: Apache-2.0
package io.runtracker.documents;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.DispatcherType;
import org.w3c.dom.Element;

/** Poms name artifacts and versions that there are, {@code web.xml} names classes. */
final class XmlBlocks {

  private static final String OURS = "io.runtracker";

  private XmlBlocks() {}

  static void check(Block block) throws ClassNotFoundException {
    Element root = Project.parse("<block>" + block.code() + "</block>"); // it may have two roots
    for (Element dependency : Project.all(root, "dependency")) {
      checkDependency(dependency);
    }
    for (String tag : new String[] {"filter-class", "listener-class"}) {
      for (Element type : Project.all(root, tag)) {
        Class.forName(Project.text(type));
      }
    }
    for (Element dispatcher : Project.all(root, "dispatcher")) {
      DispatcherType.valueOf(Project.text(dispatcher));
    }
  }

  private static void checkDependency(Element dependency) {
    String artifact = Project.text(Project.childOf(dependency, "artifactId"));
    Element version = Project.childOf(dependency, "version");
    if (Project.text(Project.childOf(dependency, "groupId")).equals(OURS)) {
      assertThat(Project.artifacts()).contains(artifact);
      if (version != null) {
        assertThat(Project.text(version))
            .as("version of %s", artifact)
            .isEqualTo(Project.version());
      }
      if (artifact.equals("tracker-bom")) {
        assertThat(Project.text(Project.childOf(dependency, "type"))).isEqualTo("pom");
        assertThat(Project.text(Project.childOf(dependency, "scope"))).isEqualTo("import");
      }
    } else if (version != null) {
      assertThat(Project.usesVersion(artifact, Project.text(version)))
          .as("%s is used in version %s", artifact, Project.text(version))
          .isTrue();
    }
  }
}
