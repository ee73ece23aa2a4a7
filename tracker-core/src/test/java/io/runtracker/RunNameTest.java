// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The usual names of runs. */
class RunNameTest {

  private final MemorySink sink = new MemorySink();

  private String nameOf(String path) {
    try (Tracker tracker = Requests.tracker(sink).build()) {
      Requests.serve(tracker, path, 1);
    }
    return sink.only().runName();
  }

  @Test
  void a_name_has_the_method_the_path_and_the_time() {
    assertThat(nameOf("/shop/cart")).matches("GET_/shop/cart_\\d{10}");
  }

  @Test
  void of_a_long_path_the_end_is_cut_and_the_rest_of_the_name_stays() {
    String name = nameOf("/" + "x".repeat(5_000));
    assertThat(name).startsWith("GET_/xxx").matches("(?s).*_\\d{10}").hasSizeLessThan(251);
  }
}
