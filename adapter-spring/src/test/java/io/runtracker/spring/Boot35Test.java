// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.catalina.util.ServerInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.springframework.boot.SpringBootVersion;
import org.springframework.core.SpringVersion;

/** Left out by boot-4/, where a test named on the command line would find it all the same. */
@EnabledIf("isOnTheClassPath")
class Boot35Test extends SpringContract {

  static boolean isOnTheClassPath() {
    return SpringBootVersion.getVersion().startsWith("3.5.");
  }

  @Test
  void runsOnTheLineItIsNamedAfter() {
    assertThat(SpringVersion.getVersion()).startsWith("6.2.");
    assertThat(ServerInfo.getServerNumber()).startsWith("10.1.");
  }
}
