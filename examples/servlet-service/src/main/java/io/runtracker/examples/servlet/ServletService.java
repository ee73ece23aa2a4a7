// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.servlet;

import io.runtracker.Tracker;
import io.runtracker.examples.Service;
import io.runtracker.servlet.TrackingFilter;
import jakarta.servlet.http.HttpServlet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.Wrapper;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.valves.ErrorReportValve;

/** An example service on embedded Tomcat; {@code java -jar servlet-service.jar}. */
public final class ServletService implements AutoCloseable {

  private final Tomcat tomcat = new Tomcat();
  private final Service service = new Service();
  private final Tracker tracker;

  /** Starts the service; port 0 takes a free one. The tracker is closed with it. */
  public ServletService(Tracker tracker, int port) throws IOException, LifecycleException {
    this.tracker = tracker;
    Path base = Files.createTempDirectory("servlet-service");
    base.toFile().deleteOnExit();
    tomcat.setBaseDir(base.toString());
    tomcat.setPort(port);
    tomcat.getConnector();
    ErrorReportValve errors = new ErrorReportValve();
    errors.setShowReport(false);
    errors.setShowServerInfo(false);
    tomcat.getHost().getPipeline().addValve(errors);
    Context context = tomcat.addContext("", base.toString());
    context.addServletContainerInitializer(
        (classes, servletContext) -> TrackingFilter.register(servletContext, tracker), null);
    serve(context, "/hello", new Routes.Hello(service));
    serve(context, "/items/*", new Routes.OfId("/items/{id}", service::item));
    serve(context, "/score/*", new Routes.OfId("/score/{id}", service::score));
    serve(context, "/predict", new Routes.Predict(service));
    serve(context, "/fail", new Routes.Fail());
    serve(context, "/boom", new Routes.Boom(service));
    serve(context, "/slow", new Routes.Slow(service));
    serve(context, "/stream", new Routes.Stream(service));
    serve(context, "/health", new Routes.Health());
    serve(context, "/tracker", new Routes.LedgerPage(service, tracker));
    // Tomcat asks no filter about a path that no servlet is mapped to.
    serve(context, "/", new Routes.Missing());
    tomcat.start();
  }

  private static void serve(Context context, String path, HttpServlet servlet) {
    Wrapper wrapper = Tomcat.addServlet(context, path, servlet);
    wrapper.setAsyncSupported(true);
    context.addServletMappingDecoded(path, path);
  }

  /** The port it listens on. */
  public int port() {
    return tomcat.getConnector().getLocalPort();
  }

  /** Stops taking requests, then delivers what was tracked. */
  @Override
  public void close() throws LifecycleException {
    tomcat.stop();
    tomcat.destroy();
    service.close();
    tracker.close();
  }

  /** Serves until the process is told to end. */
  public static void main(String[] args) throws Exception {
    Tracker tracker =
        Tracker.builder()
            .skip("/health", "/docs", "/openapi.json", "/tracker", "/score/untracked")
            .shutdownHook(false)
            .build();
    ServletService service = new ServletService(tracker, Service.port());
    Runtime.getRuntime().addShutdownHook(new Thread(() -> closeQuietly(service), "service-stop"));
    System.out.println("listening on " + service.port());
    service.tomcat.getServer().await();
  }

  private static void closeQuietly(ServletService service) {
    try {
      service.close();
    } catch (LifecycleException e) {
      System.err.println("could not stop cleanly: " + e);
    }
  }
}
