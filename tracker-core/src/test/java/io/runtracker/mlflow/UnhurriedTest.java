// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnhurriedTest {

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 7, 8, 9, 1000})
  void each_element_is_handed_out_once_in_order_and_as_often_as_it_is_asked(int count) {
    List<Integer> elements = IntStream.range(0, count).boxed().toList();
    Unhurried<Integer> unhurried = new Unhurried<>(elements, 4);
    assertThat(unhurried).containsExactlyElementsOf(elements);
    assertThat(unhurried).containsExactlyElementsOf(elements);
  }
}
