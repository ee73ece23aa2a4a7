// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.spring;

import io.runtracker.examples.Service;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** An example service; {@code java -jar spring-service.jar}. */
@SpringBootApplication(proxyBeanMethods = false)
public class SpringService {

  /** Serves until the process is told to end. */
  public static void main(String[] args) {
    SpringApplication.run(SpringService.class, args);
  }

  @Bean
  Service service() {
    return new Service();
  }
}
