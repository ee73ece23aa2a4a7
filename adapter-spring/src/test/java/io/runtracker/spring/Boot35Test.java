// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.catalina.util.ServerInfo;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringBootVersion;
import org.springframework.core.SpringVersion;

class Boot35Test extends SpringContract {

  @Test
  void runsOnTheLineItIsNamedAfter() {
    assertThat(SpringBootVersion.getVersion()).startsWith("3.5.");
    assertThat(SpringVersion.getVersion()).startsWith("6.2.");
    assertThat(ServerInfo.getServerNumber()).startsWith("10.1.");
  }
}
