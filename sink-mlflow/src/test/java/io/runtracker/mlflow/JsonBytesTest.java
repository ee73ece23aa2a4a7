// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mlflow_project.google.gson.JsonParser;

class JsonBytesTest {

  private final JsonBytes json = new JsonBytes();

  @ParameterizedTest
  @ValueSource(strings = {"\"", "\\", "\n", "\u0001", "\u001F", " ", "~", "\u007F", "é", "😀"})
  void aTextIsReadBackWhereverItsCharactersAre(String character) {
    for (int before = 0; before < 20; before++) {
      for (int behind = 0; behind < 20; behind++) {
        String text = "a".repeat(before) + character + "z".repeat(behind);
        assertThat(readBack(text)).isEqualTo(text);
      }
    }
  }

  @Test
  void anyAsciiIsReadBackButForNul() {
    Random random = new Random(7);
    for (int i = 0; i < 10_000; i++) {
      String text =
          random
              .ints(random.nextInt(40), 1, 128)
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .toString();
      assertThat(readBack(text)).isEqualTo(text);
    }
  }

  @Test
  void nothingButAsciiThatIsPrintedOrUtf8IsLeftAsItIs() {
    for (int character = 0; character < ' '; character++) {
      json.clear();
      byte[] text = ("seventy-" + (char) character + "-eight").getBytes(UTF_8);
      json.string(text, 0, text.length);
      assertThat(written()).matches("[ -~\uFFFD]*");
    }
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        0,
        9,
        10,
        99,
        100,
        Integer.MAX_VALUE,
        Integer.MAX_VALUE + 1L,
        999_999_999_999_999_999L,
        1_000_000_000_000_000_000L,
        Long.MAX_VALUE,
        -1,
        Long.MIN_VALUE
      })
  void aNumberIsWrittenAsItIs(long number) {
    json.number(number);
    assertThat(written()).isEqualTo(Long.toString(number));
  }

  @Test
  void everyLengthOfANumberIsWritten() {
    Random random = new Random(7);
    for (int i = 0; i < 10_000; i++) {
      long number = random.nextLong() >>> random.nextInt(1, 64);
      json.clear();
      json.number(number).add(' ').digits(number % 1_000, 3);
      assertThat(written()).isEqualTo("%d %03d".formatted(number, number % 1_000));
    }
  }

  private String readBack(String text) {
    json.clear();
    byte[] bytes = text.getBytes(UTF_8);
    json.string(bytes, 0, bytes.length);
    return JsonParser.parseString(written()).getAsString();
  }

  private String written() {
    return new String(json.array(), 0, json.size(), UTF_8);
  }
}
