// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.request;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.RequestEvent;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class RequestTableTest {

  /** Memory comes to its end after so many characters. */
  private static final class ShortOfMemory extends TextBody {
    private int left = Integer.MAX_VALUE;

    @Override
    public void write(int character) {
      if (left-- == 0) {
        throw new OutOfMemoryError("as told");
      }
      super.write(character);
    }
  }

  private final ShortOfMemory body = new ShortOfMemory();
  private final RequestTable table = new RequestTable(body);

  private JsonNode sent() throws IOException {
    return new ObjectMapper().readTree(TextBodyTest.sent(table.body()));
  }

  private static RequestEvent event(String path) {
    return request(path).tag("a", "b").build();
  }

  @Test
  void a_row_that_cannot_be_written_to_its_end_is_not_in_the_table() throws IOException {
    int rows = 0;
    while (isLost("/lost", rows)) {
      assertThat(isLost("/kept", Integer.MAX_VALUE)).isFalse();
      rows++;
    }
    assertThat(sent().path("data")).hasSizeGreaterThan(20).hasSize(rows + 1);
    assertThat(sent().path("data"))
        .filteredOn(row -> row.toString().contains("/kept"))
        .as("and the last, which was written to its end")
        .hasSize(rows);
  }

  private boolean isLost(String path, int charactersLeft) {
    body.left = charactersLeft;
    try {
      table.add(event(path));
      return false;
    } catch (OutOfMemoryError asTold) {
      return true;
    } finally {
      body.left = Integer.MAX_VALUE;
    }
  }

  @Test
  void it_is_the_same_as_often_as_it_is_asked_for() {
    table.add(event("/a"));
    assertThat(TextBodyTest.sent(table.body())).isEqualTo(TextBodyTest.sent(table.body()));
  }
}
