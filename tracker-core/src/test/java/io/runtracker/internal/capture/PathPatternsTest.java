// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathPatternsTest {

  @ParameterizedTest
  @CsvSource({
    "/health,            /health,           true",
    "/health,            /health/live,      false",
    "/health,            /healthy,          false",
    "/static/*,          /static/app.js,    true",
    "/static/*,          /static/js/app.js, false",
    "/users/*/avatar,    /users/7/avatar,   true",
    "/actuator/**,       /actuator,         true",
    "/actuator/**,       /actuator/a/b,     true",
    "/actuator/**,       /actuators,        false",
    "/**/internal,       /a/b/internal,     true",
    "/**,                /anything/at/all,  true",
    "/*.json,            /openapi.json,     true",
    "/**.css,            /app.css,          true",
    "/**.css,            /themes/a/app.css, true",
    "/a.b/*,             /axb/c,            false",
  })
  void patterns_match_whole_paths(String pattern, String path, boolean matches) {
    assertThat(new PathPatterns(List.of(pattern)).matches(path)).isEqualTo(matches);
  }

  @Test
  void a_pattern_that_could_never_match_is_an_error() {
    assertThatThrownBy(() -> new PathPatterns(List.of("health")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'health'");
  }
}
