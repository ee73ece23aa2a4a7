// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

/** Probes, the actuator and descriptions of an API are left out, wherever they are. */
class DefaultSkipTest {

  private final Map<String, Object> properties = new HashMap<>();
  private final StandardEnvironment environment = new StandardEnvironment();

  @BeforeEach
  void nothing_is_set() {
    environment.getPropertySources().addFirst(new MapPropertySource("test", properties));
  }

  @Test
  void where_nothing_is_set() {
    assertThat(DefaultSkip.of(environment))
        .containsExactly(
            "/health",
            "/livez",
            "/readyz",
            "/docs",
            "/openapi.json",
            "/swagger-ui.html",
            "/swagger-ui/**",
            "/v3/api-docs/**",
            "/actuator/**");
  }

  @Test
  void an_actuator_elsewhere() {
    properties.put("management.endpoints.web.base-path", "/manage/");
    assertThat(DefaultSkip.of(environment)).contains("/manage/**").doesNotContain("/actuator/**");
  }

  @Test
  void an_actuator_at_the_root_by_the_endpoints_that_it_shows() {
    properties.put("management.endpoints.web.base-path", "/");
    assertThat(DefaultSkip.of(environment))
        .contains("/health/**")
        .doesNotContain("/**", "/info/**");
    properties.put("management.endpoints.web.exposure.include", "info, prometheus");
    assertThat(DefaultSkip.of(environment)).contains("/info/**", "/prometheus/**");
    properties.put("management.endpoints.web.exposure.include", "*");
    assertThat(DefaultSkip.of(environment)).contains("/info/**", "/env/**");
  }

  @Test
  void below_the_path_of_the_servlet_too() {
    properties.put("spring.mvc.servlet.path", "/api");
    assertThat(DefaultSkip.of(environment)).contains("/api/actuator/**", "/actuator/**", "/livez");
  }

  @Test
  void a_description_of_the_api_elsewhere() {
    properties.put("springdoc.api-docs.path", "/api-docs");
    assertThat(DefaultSkip.of(environment)).contains("/api-docs/**");
  }
}
