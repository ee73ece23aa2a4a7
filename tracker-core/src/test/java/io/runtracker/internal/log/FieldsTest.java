// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class FieldsTest {

  private static Fields.Reader reader(byte[] bytes) {
    return new Fields.Reader(bytes, 0, bytes.length);
  }

  private static Fields.Reader first(Fields fields) throws IOException {
    Fields.Reader in = reader(fields.toBytes());
    assertThat(in.next()).isTrue();
    return in;
  }

  /** Any chars, halves of surrogate pairs and question marks more often than chance has it. */
  @Provide
  Arbitrary<String> anyText() {
    return Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(4, Arbitraries.chars().range((char) 0x20, (char) 0x7e)),
            net.jqwik.api.Tuple.of(2, Arbitraries.chars()),
            net.jqwik.api.Tuple.of(1, Arbitraries.of('?', '\uFFFD', '\0', 'ä')),
            net.jqwik.api.Tuple.of(1, Arbitraries.chars().range('\uD800', '\uDFFF')))
        .list()
        .ofMaxSize(40)
        .map(
            chars -> {
              StringBuilder text = new StringBuilder();
              chars.forEach(text::append);
              return text.toString();
            });
  }

  private static String wellFormed(String text) {
    StringBuilder well = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean pair =
          Character.isHighSurrogate(c)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (pair) {
        well.append(c).append(text.charAt(++i));
      } else {
        well.append(Character.isSurrogate(c) ? '\uFFFD' : c);
      }
    }
    return well.toString();
  }

  @Property
  void aTextComesBackWithWhatIsNoCharacterReplaced(@ForAll("anyText") String text)
      throws IOException {
    Fields.Reader in = first(new Fields(0).field(3, text));
    assertThat(in.tag()).isEqualTo(3);
    assertThat(in.text()).isEqualTo(wellFormed(text));
    assertThat(in.next()).isFalse();
  }

  @Property
  void aKeyAndItsValueComeBack(@ForAll("anyText") String key, @ForAll("anyText") String value)
      throws IOException {
    Fields.Reader pair = first(new Fields(1).field(9, key, value)).keyAndValue();
    assertThat(pair.text()).isEqualTo(wellFormed(key));
    assertThat(pair.rest()).isEqualTo(wellFormed(value));
    assertThat(pair.restLength()).isEqualTo(wellFormed(value).getBytes(UTF_8).length);
  }

  @Property
  void aNumberComesBack(@ForAll long number, @ForAll @IntRange(min = 1) int tag)
      throws IOException {
    Fields.Reader in = first(new Fields(0).field(tag, number));
    assertThat(in.tag()).isEqualTo(tag);
    assertThat(in.number()).isEqualTo(number);
  }

  @Property
  void aVarintComesBack(@ForAll long number) throws IOException {
    assertThat(reader(new Fields(0).varint(number).toBytes()).varint()).isEqualTo(number);
  }

  @Property
  void bytesComeBackAmongOtherFields(@ForAll byte[] one, @ForAll byte[] two) throws IOException {
    Fields.Reader in = first(new Fields(0).field(1, one).field(700, 5L).field(2, two));
    assertThat(in.bytesValue()).isEqualTo(one);
    assertThat(in.next()).isTrue();
    assertThat(in.next()).isTrue();
    assertThat(in.tag()).isEqualTo(2);
    assertThat(in.bytesValue()).isEqualTo(two);
    assertThat(in.next()).isFalse();
  }

  @Property
  void anyBytesAreFieldsOrAnException(@ForAll byte[] bytes) {
    Fields.Reader in = reader(bytes);
    int total = 0;
    try {
      while (in.next()) {
        total += in.bytesValue().length;
        in.keyAndValue().rest();
        in.number();
      }
    } catch (IOException e) {
      assertThat(e).hasMessageNotContaining("null");
    }
    assertThat(total).isLessThanOrEqualTo(bytes.length);
  }

  @Test
  void aLengthBeyondTheBytesIsNotBelieved() {
    for (long length : new long[] {4, Integer.MAX_VALUE, Integer.MAX_VALUE + 4L, -1}) {
      byte[] bytes = new Fields(16).varint(1).varint(length).raw(new byte[3], 0, 3).toBytes();
      assertThatThrownBy(() -> reader(bytes).next()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aKeyBeyondItsFieldIsNotBelieved() throws IOException {
    byte[] field = new Fields(8).varint(4).raw(new byte[3], 0, 3).toBytes();
    Fields.Reader in = first(new Fields(16).field(1, field).field(2, "behind it"));
    assertThatThrownBy(in::keyAndValue).isInstanceOf(IOException.class);
  }

  @Test
  void aNumberOfAnotherSizeIsNone() throws IOException {
    Fields.Reader in = first(new Fields(16).field(1, new byte[7]));
    assertThatThrownBy(in::number).isInstanceOf(IOException.class);
  }

  @Test
  void aTagThatNoIntHoldsIsNoneOfOurs() throws IOException {
    byte[] bytes = new Fields(16).varint((1L << 32) + 1).varint(0).toBytes();
    Fields.Reader in = reader(bytes);
    assertThat(in.next()).isTrue();
    assertThat(in.tag()).isEqualTo(-1);
  }

  @Test
  void aReaderStaysInItsPartOfAnArray() throws IOException {
    byte[] field = new Fields(16).field(1, "in it").toBytes();
    byte[] array = new byte[field.length + 20];
    Arrays.fill(array, (byte) 1);
    System.arraycopy(field, 0, array, 7, field.length);
    Fields.Reader in = new Fields.Reader(array, 7, field.length);
    assertThat(in.next()).isTrue();
    assertThat(in.text()).isEqualTo("in it");
    assertThat(in.next()).isFalse();
  }

  @Test
  void whatIsCutOffIsNotThere() {
    Fields fields = new Fields(0).field(1, "stays");
    int size = fields.size();
    fields.field(2, "goes").cutTo(size);
    assertThat(fields.toBytes()).isEqualTo(new Fields(0).field(1, "stays").toBytes());
  }

  @Test
  void numbersHaveTheHighestByteFirst() {
    assertThat(new Fields(0).number(0x0102, 16).number(-1, 8).toBytes())
        .containsExactly(1, 2, 0xff);
    assertThat(Fields.Reader.number(new byte[] {9, 1, 2}, 1, 16)).isEqualTo(0x0102);
  }
}
