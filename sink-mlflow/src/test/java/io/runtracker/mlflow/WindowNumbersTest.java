// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.internal.event.EventBytes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WindowNumbersTest {

  private final EventFields fields = new EventFields();
  private final WindowNumbers numbers = new WindowNumbers();

  private void add(RequestEvent.Builder request) throws IOException {
    EventBytes event = EventBytes.of(request.build());
    fields.read(event);
    numbers.add(event, fields);
  }

  private List<String> labels() {
    List<String> labels = new ArrayList<>();
    for (int request = 0; request < numbers.size(); request++) {
      labels.add(numbers.labels().get(numbers.labelId(request)));
    }
    return labels;
  }

  @Test
  void requests_of_one_route_share_a_label_whatever_comes_between_them() throws IOException {
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      int route = i * 7 % 500;
      add(request("/").route("/r/{" + route + "}"));
      expected.add("GET/r/:" + route);
    }
    assertThat(labels()).isEqualTo(expected);
    assertThat(numbers.labels()).hasSize(500);
  }

  @Test
  void routes_of_one_hash_have_labels_of_their_own() throws IOException {
    assertThat("/Aa").hasSameHashCodeAs("/BB");
    add(request("/").route("/Aa"));
    add(request("/").route("/BB"));
    add(request("/").route("/Aa"));
    assertThat(labels()).containsExactly("GET/Aa", "GET/BB", "GET/Aa");
  }

  @Test
  void a_request_without_a_route_is_one_of_the_others() throws IOException {
    add(request("/a"));
    add(request("/b").route(""));
    assertThat(labels()).containsExactly("other", "GET");
  }

  @Test
  void a_label_outlives_the_array_that_it_came_in() throws IOException {
    EventBytes event = EventBytes.of(request("/").route("/kept").build());
    fields.read(event);
    numbers.add(event, fields);
    java.util.Arrays.fill(event.array(), (byte) 'x');
    add(request("/").route("/kept"));
    assertThat(numbers.labels()).containsExactly("GET/kept");
  }

  @Test
  void durations_and_failures_are_those_of_the_requests() throws IOException {
    add(request("/").timing(0, 1_999).statusCode(500));
    add(request("/").timing(0, -5));
    add(request("/").timing(0, 9_000_000).statusCode(499).error("E", null));
    add(request("/").killed(true).statusCode(0));
    assertThat(numbers.micros(0)).isEqualTo(1);
    assertThat(numbers.micros(1)).isZero();
    assertThat(numbers.micros(2)).isEqualTo(9_000);
    assertThat(numbers.isFailure(0)).isTrue();
    assertThat(numbers.isFailure(1)).isFalse();
    assertThat(numbers.failures()).isEqualTo(2);
  }

  @Test
  void what_was_taken_back_is_not_counted() throws IOException {
    add(request("/").route("/a"));
    add(request("/").route("/b").statusCode(500));
    numbers.removeLast();
    add(request("/").route("/c"));
    assertThat(labels()).containsExactly("GET/a", "GET/c");
    assertThat(numbers.failures()).isZero();
  }
}
