// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import jakarta.servlet.ServletContext;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.ClassUtils;
import org.springframework.web.context.WebApplicationContext;

/**
 * Notes that the application is a WAR in a container of somebody else's: only then is there a
 * servlet context before the application has begun. An embedded server comes later.
 */
final class DeploymentInitializer
    implements ApplicationContextInitializer<ConfigurableApplicationContext> {

  private static final String WEB_APPLICATION =
      "org.springframework.web.context.WebApplicationContext";

  /** For Spring. */
  DeploymentInitializer() {}

  @Override
  public void initialize(ConfigurableApplicationContext application) {
    // It is called in applications of every kind.
    if (ClassUtils.isPresent(WEB_APPLICATION, application.getClassLoader())) {
      Web.initialize(application);
    }
  }

  /** Loaded only where Spring's classes for the web are. */
  private static final class Web {
    private Web() {}

    static void initialize(ConfigurableApplicationContext application) {
      ServletContext context =
          application instanceof WebApplicationContext web ? web.getServletContext() : null;
      // The mock of a test is no container.
      if (context != null && !RuntrackerAutoConfiguration.isATest(application.getEnvironment())) {
        application
            .getBeanFactory()
            .registerSingleton("runtrackerDeployment", new Deployment(context));
      }
    }
  }
}
