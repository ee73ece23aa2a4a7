// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CleanTargetsTest {

  private final CleanTargets targets = new CleanTargets(new UrlRedactor(UrlRedactor.DEFAULTS));

  private static RequestTarget target(String path, String query) {
    return new RequestTarget("https", "shop.example", 443, path, query);
  }

  @Test
  void equal_targets_become_the_same_object() {
    RequestTarget first = targets.clean(target("/items/1", "a=1"));
    assertThat(targets.clean(target("/items/1", "a=1"))).isSameAs(first);
  }

  @Test
  void others_stay_what_they_are() {
    for (int i = 0; i < 4 * CleanTargets.REMEMBERED; i++) {
      RequestTarget item = target("/items/" + i, null);
      assertThat(targets.clean(item)).isSameAs(item);
    }
  }

  @Test
  void secrets_are_taken_out_every_time() {
    for (int i = 0; i < 3; i++) {
      assertThat(targets.clean(target("/", "token=abc")).query()).isEqualTo("token=[redacted]");
    }
  }

  @Test
  void a_target_whose_secrets_were_taken_out_is_not_remembered() {
    RequestTarget clean = targets.clean(target("/", "token=abc"));
    assertThat(targets.clean(target("/", "token=abc"))).isNotSameAs(clean);
  }

  @Test
  void long_targets_are_not_remembered() {
    String path = "/" + "x".repeat(CleanTargets.LONGEST);
    RequestTarget first = targets.clean(target(path, null));
    assertThat(targets.clean(target(path, null))).isNotSameAs(first);
  }
}
