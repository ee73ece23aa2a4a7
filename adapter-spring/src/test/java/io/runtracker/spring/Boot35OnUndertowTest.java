// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import org.junit.jupiter.api.condition.EnabledIf;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.web.embedded.undertow.UndertowServletWebServerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** Left out by boot-4/: the class of the server is in another package there. */
@EnabledIf("isOnTheClassPath")
class Boot35OnUndertowTest extends SpringContract {

  static boolean isOnTheClassPath() {
    return SpringBootVersion.getVersion().startsWith("3.5.");
  }

  /** It waits for the rest of what can never become a request. */
  @Override
  protected String[] properties() {
    return new String[] {"server.undertow.options.server.REQUEST_PARSE_TIMEOUT=500"};
  }

  @Override
  void recordsAClientAbortOfEvents() {
    notApplicable("Undertow tells nobody but the thread that writes that the client is gone");
  }

  @Override
  protected Class<?> service() {
    return Service.class;
  }

  @Configuration(proxyBeanMethods = false)
  @Import(ContractService.class)
  static class Service {
    @Bean
    UndertowServletWebServerFactory server() {
      return new UndertowServletWebServerFactory();
    }
  }
}
