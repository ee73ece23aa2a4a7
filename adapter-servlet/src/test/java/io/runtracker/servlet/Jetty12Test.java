// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import io.runtracker.Tracker;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;
import org.eclipse.jetty.ee11.servlet.ErrorPageErrorHandler;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

class Jetty12Test extends ServletContract {

  @Override
  protected RunningServer start(Tracker tracker, Application application, Setup setup)
      throws Exception {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server, 1, 1);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler();
    context.setContextPath(setup.contextPath().isEmpty() ? "/" : setup.contextPath());
    ErrorPageErrorHandler errors = new ErrorPageErrorHandler();
    errors.addErrorPage(Application.PagedException.class, Service.ERROR_PAGE);
    errors.addErrorPage(Application.PAGED_STATUS, Service.ERROR_PAGE);
    // Stack traces in answers would tell the service with the filter from the one without.
    errors.setShowStacks(false);
    errors.setShowCauses(false);
    context.setErrorHandler(errors);
    context.addServletContainerInitializer(
        (classes, servletContext) -> Service.assemble(servletContext, tracker, application, setup));
    server.setHandler(context);
    server.start();
    return new RunningServer(connector.getLocalPort(), server::stop);
  }
}
