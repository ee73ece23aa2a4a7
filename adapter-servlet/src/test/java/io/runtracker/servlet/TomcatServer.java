// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import io.runtracker.Tracker;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.valves.ErrorReportValve;
import org.apache.coyote.http2.Http2Protocol;
import org.apache.tomcat.util.descriptor.web.ErrorPage;

/** Tomcat, 10.1 or 11: the API used here is the same. */
final class TomcatServer {

  // Tomcat reports every exception that the contract has its endpoints throw. Held, because a
  // logger nobody holds forgets its level.
  private static final Logger LOGGER = Logger.getLogger("org.apache");

  private TomcatServer() {}

  static RunningServer start(Tracker tracker, Application application, Setup setup)
      throws Exception {
    LOGGER.setLevel(Level.OFF);
    Path base = Files.createTempDirectory("runtracker-tomcat");
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(base.toString());
    tomcat.setPort(0);
    tomcat.setSilent(true);
    // Stack traces in answers would tell the service with the filter from the one without.
    ErrorReportValve brief = new ErrorReportValve();
    brief.setShowReport(false);
    tomcat.getHost().getPipeline().addValve(brief);
    Context context = tomcat.addContext(setup.contextPath(), base.toString());
    Tomcat.addServlet(context, "default", new DefaultServlet());
    context.addServletMappingDecoded("/", "default");
    ErrorPage page = new ErrorPage();
    page.setExceptionType(Application.PagedException.class.getName());
    page.setLocation(Service.ERROR_PAGE);
    context.addErrorPage(page);
    ErrorPage ofStatus = new ErrorPage();
    ofStatus.setErrorCode(Application.PAGED_STATUS);
    ofStatus.setLocation(Service.ERROR_PAGE);
    context.addErrorPage(ofStatus);
    context.addServletContainerInitializer(
        (classes, servletContext) -> Service.assemble(servletContext, tracker, application, setup),
        Set.of());
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    tomcat.getConnector().addUpgradeProtocol(new Http2Protocol());
    tomcat.start();
    return new RunningServer(
        tomcat.getConnector().getLocalPort(),
        () -> {
          tomcat.stop();
          tomcat.destroy();
        });
  }
}
