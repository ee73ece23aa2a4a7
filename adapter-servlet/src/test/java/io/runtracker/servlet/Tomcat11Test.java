// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import org.apache.catalina.util.ServerInfo;
import org.junit.jupiter.api.condition.EnabledIf;

@EnabledIf("isOnTheClassPath")
class Tomcat11Test extends TomcatContract {

  static boolean isOnTheClassPath() {
    return ServerInfo.getServerNumber().startsWith("11.0.");
  }
}
