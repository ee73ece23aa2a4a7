// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Tracker;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;
import org.apache.catalina.util.ServerInfo;
import org.junit.jupiter.api.Test;

class Tomcat11Test extends ServletContract {

  @Override
  protected RunningServer start(Tracker tracker, Application application, Setup setup)
      throws Exception {
    return TomcatServer.start(tracker, application, setup);
  }

  @Test
  void isTomcat11() {
    assertThat(ServerInfo.getServerNumber()).startsWith("11.0.");
  }
}
