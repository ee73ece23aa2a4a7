// SPDX-License-Identifier: Apache-2.0
package service;

import io.runtracker.Tracker;
import io.runtracker.servlet.TrackingFilter;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Jetty. */
final class Container {

  private static ServerConnector connector;

  static AutoCloseable start(Tracker tracker) throws Exception {
    Server server = new Server();
    connector = new ServerConnector(server, 1, 1);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler();
    context.setContextPath("/");
    context.addServletContainerInitializer(
        (classes, servletContext) -> {
          TrackingFilter.register(servletContext, tracker);
          servletContext.addServlet("hello", new Hello()).addMapping("/hello");
        });
    server.setHandler(context);
    server.start();
    return server::stop;
  }

  static String address() {
    return "http://127.0.0.1:" + connector.getLocalPort();
  }
}
