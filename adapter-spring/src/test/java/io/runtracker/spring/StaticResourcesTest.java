// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.testkit.Wire;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;

/**
 * A service that wants no runs of its static resources; {@link SpringMvcTest} has one that does.
 */
class StaticResourcesTest extends ServiceFixture {

  StaticResourcesTest() {
    super(Service.class, "runtracker.skip-static-resources=true");
  }

  private void assertNotRecorded(String path, String headers, int status) throws Exception {
    long offered = application.tracker().stats().ledger().offered();
    Wire.Answer answer = Wire.send(application.port(), "GET", path, headers, "");
    assertThat(answer.status()).isEqualTo(status);
    // The next one is recorded, and this one was over before it came.
    record("/page", 200);
    assertThat(application.tracker().stats().ledger().offered()).isEqualTo(offered + 1);
  }

  @Test
  void a_file_that_is_served_is_left_out() throws Exception {
    assertNotRecorded("/style.css", "", 200);
  }

  @Test
  void a_file_that_the_client_has_already_is_left_out() throws Exception {
    String year = "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n";
    assertNotRecorded("/style.css", year, 304);
  }

  @Test
  void a_file_that_is_missing_is_recorded() throws Exception {
    RequestEvent event = record("/missing.css", 404);
    assertThat(event.target().path()).isEqualTo("/missing.css");
  }

  @Test
  void a_range_that_the_file_does_not_have_is_recorded() throws Exception {
    record("GET", "/style.css", "Range: bytes=5000-\r\n", 416);
  }

  @Test
  void a_controllers_page_that_is_a_file_is_recorded() throws Exception {
    assertThat(record("/page", 200).target().path()).isEqualTo("/page");
  }

  @Controller
  static class Pages {
    @GetMapping("/page")
    String page() {
      return "forward:/page.txt";
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import(Pages.class)
  static class Service {}
}
