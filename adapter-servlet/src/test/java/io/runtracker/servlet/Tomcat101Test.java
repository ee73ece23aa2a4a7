// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import org.apache.catalina.util.ServerInfo;
import org.junit.jupiter.api.condition.EnabledIf;

/** Servlet 6.0. Both Tomcats have the same class names, so this runs in a JVM of its own. */
@EnabledIf("isOnTheClassPath")
class Tomcat101Test extends TomcatContract {

  static boolean isOnTheClassPath() {
    return ServerInfo.getServerNumber().startsWith("10.1.");
  }
}
