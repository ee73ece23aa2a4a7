// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import io.runtracker.Tracker;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.Endpoint;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;
import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.DeploymentManager;
import io.undertow.servlet.api.ServletContainerInitializerInfo;
import io.undertow.servlet.api.ServletStackTraces;
import io.undertow.servlet.util.ImmediateInstanceFactory;
import jakarta.servlet.ServletContainerInitializer;
import java.net.InetSocketAddress;
import java.util.Set;

/** Undertow 2.3, the servlet container of WildFly. */
class UndertowTest extends ServletContract {

  @Override
  protected String missing(Endpoint endpoint) {
    return endpoint == Endpoint.ASYNC_ENDLESS
        ? "Undertow tells nobody but the thread that writes that the client is gone"
        : super.missing(endpoint);
  }

  @Override
  protected RunningServer start(Tracker tracker, Application application, Setup setup)
      throws Exception {
    ServletContainerInitializer assembly =
        (classes, context) -> Service.assemble(context, tracker, application, setup);
    DeploymentInfo deployment =
        Servlets.deployment()
            .setDeploymentName("contract")
            .setClassLoader(UndertowTest.class.getClassLoader())
            .setContextPath(setup.contextPath().isEmpty() ? "/" : setup.contextPath())
            // Stack traces in answers would tell the service with the filter from the one without.
            .setServletStackTraces(ServletStackTraces.NONE)
            .addErrorPage(Servlets.errorPage(Service.ERROR_PAGE, Application.PagedException.class))
            .addErrorPage(Servlets.errorPage(Service.ERROR_PAGE, Application.PAGED_STATUS))
            .addServletContainerInitializer(
                new ServletContainerInitializerInfo(
                    assembly.getClass(), new ImmediateInstanceFactory<>(assembly), Set.of()));
    DeploymentManager manager = Servlets.newContainer().addDeployment(deployment);
    manager.deploy();
    Undertow server =
        Undertow.builder()
            .addHttpListener(0, "127.0.0.1")
            .setIoThreads(2)
            // It waits for the rest of what can never become a request.
            .setServerOption(UndertowOptions.REQUEST_PARSE_TIMEOUT, 500)
            .setHandler(Handlers.path().addPrefixPath(deployment.getContextPath(), manager.start()))
            .build();
    server.start();
    int port = ((InetSocketAddress) server.getListenerInfo().get(0).getAddress()).getPort();
    return new RunningServer(
        port,
        () -> {
          manager.stop();
          manager.undeploy();
          server.stop();
        });
  }
}
