// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.catalina.util.ServerInfo;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringBootVersion;
import org.springframework.core.SpringVersion;

/** The classes of the contract's service and of the adapter, as they were compiled for 3.5. */
class Boot41Test extends SpringContract {

  @Test
  void runsOnTheLineItIsNamedAfter() {
    assertThat(SpringBootVersion.getVersion()).startsWith("4.1.");
    assertThat(SpringVersion.getVersion()).startsWith("7.0.");
    assertThat(ServerInfo.getServerNumber()).startsWith("11.0.");
  }
}
