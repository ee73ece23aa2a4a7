// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.testkit.Endpoint;
import org.junit.jupiter.api.condition.EnabledIf;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.web.embedded.jetty.JettyServletWebServerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** Left out by boot-4/: the class of the server is in another package there. */
@EnabledIf("isOnTheClassPath")
class Boot35OnJettyTest extends SpringContract {

  static boolean isOnTheClassPath() {
    return SpringBootVersion.getVersion().startsWith("3.5.");
  }

  @Override
  protected String missing(Endpoint endpoint) {
    return endpoint == Endpoint.UPGRADE
        ? "this Jetty answers 500 to an upgrade by a handler of Spring MVC, tracked or not"
        : super.missing(endpoint);
  }

  @Override
  protected Class<?> service() {
    return Service.class;
  }

  @Configuration(proxyBeanMethods = false)
  @Import(ContractService.class)
  static class Service {
    @Bean
    JettyServletWebServerFactory server() {
      return new JettyServletWebServerFactory();
    }
  }
}
