// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import io.runtracker.Tracker;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;
import org.apache.catalina.util.ServerInfo;
import org.junit.jupiter.api.condition.EnabledIf;

/** Servlet 6.0. Both Tomcats have the same class names, so this runs in a JVM of its own. */
@EnabledIf("isOnTheClassPath")
class Tomcat101Test extends ServletContract {

  static boolean isOnTheClassPath() {
    return ServerInfo.getServerNumber().startsWith("10.1.");
  }

  @Override
  protected RunningServer start(Tracker tracker, Application application, Setup setup)
      throws Exception {
    return TomcatServer.start(tracker, application, setup);
  }
}
