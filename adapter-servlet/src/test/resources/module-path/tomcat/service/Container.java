// SPDX-License-Identifier: Apache-2.0
package service;

import io.runtracker.Tracker;
import io.runtracker.servlet.TrackingFilter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;

/** Tomcat. */
final class Container {

  private static Tomcat tomcat;

  static AutoCloseable start(Tracker tracker) throws Exception {
    Path base = Files.createTempDirectory("runtracker-modules");
    tomcat = new Tomcat();
    tomcat.setBaseDir(base.toString());
    tomcat.setPort(0);
    Context context = tomcat.addContext("", base.toString());
    context.addServletContainerInitializer(
        (classes, servletContext) -> {
          TrackingFilter.register(servletContext, tracker);
          servletContext.addServlet("hello", new Hello()).addMapping("/hello");
        },
        Set.of());
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    tomcat.start();
    return () -> {
      tomcat.stop();
      tomcat.destroy();
    };
  }

  static String address() {
    return "http://127.0.0.1:" + tomcat.getConnector().getLocalPort();
  }
}
