// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Against a set that keeps each position by itself. */
class PositionsTest {

  private static List<Long> list(Positions positions) {
    List<Long> list = new ArrayList<>();
    positions.forEachRange((first, end) -> LongStream.range(first, end).forEach(list::add));
    return list;
  }

  private static Positions of(Iterable<Long> positions) {
    Positions.Builder builder = new Positions.Builder();
    positions.forEach(builder::add);
    return builder.build();
  }

  @Property
  void aBuilderTakesPositionsInAnyOrderAndAsOftenAsTheyCome(
      @ForAll @Size(max = 60) List<@LongRange(min = 0, max = 80) Long> positions) {
    assertThat(list(of(positions))).containsExactlyElementsOf(new TreeSet<>(positions));
  }

  @Property
  void rangesHaveGapsBetweenThem(
      @ForAll @Size(max = 60) List<@LongRange(min = 0, max = 80) Long> positions) {
    long[] behind = {-1};
    of(positions)
        .forEachRange(
            (first, end) -> {
              assertThat(first).isGreaterThan(behind[0]);
              assertThat(end).isGreaterThan(first);
              behind[0] = end;
            });
  }

  @Property
  void setsAreCombinedAsSetsAre(
      @ForAll @Size(max = 60) Set<@LongRange(min = 0, max = 80) Long> some,
      @ForAll @Size(max = 60) Set<@LongRange(min = 0, max = 80) Long> others) {
    Set<Long> plus = new TreeSet<>(some);
    plus.addAll(others);
    Set<Long> minus = new TreeSet<>(some);
    minus.removeAll(others);
    Set<Long> and = new TreeSet<>(some);
    and.retainAll(others);
    assertThat(list(of(some).plus(of(others)))).containsExactlyElementsOf(plus);
    assertThat(list(of(some).minus(of(others)))).containsExactlyElementsOf(minus);
    assertThat(list(of(some).and(of(others)))).containsExactlyElementsOf(and);
  }

  @Property
  void theUnionOfManySetsHasThePositionsOfEach(
      @ForAll @Size(max = 20) List<@Size(max = 10) Set<@LongRange(min = 0, max = 80) Long>> sets) {
    Set<Long> all = new TreeSet<>();
    sets.forEach(all::addAll);
    List<Positions> positions = sets.stream().map(PositionsTest::of).toList();
    assertThat(list(Positions.union(positions))).containsExactlyElementsOf(all);
  }

  @Property
  void allThatIsAskedOfASetIsTrueOfItsPositions(
      @ForAll @Size(max = 60) Set<@LongRange(min = 0, max = 80) Long> positions) {
    TreeSet<Long> sorted = new TreeSet<>(positions);
    Positions set = of(positions);
    assertThat(set.size()).isEqualTo(sorted.size());
    assertThat(set.isEmpty()).isEqualTo(sorted.isEmpty());
    assertThat(set.end()).isEqualTo(sorted.isEmpty() ? 0 : sorted.last() + 1);
    if (!sorted.isEmpty()) {
      assertThat(set.first()).isEqualTo(sorted.first());
    }
    for (long position = 0; position <= 82; position++) {
      assertThat(set.contains(position)).isEqualTo(sorted.contains(position));
      assertThat(set.sizeBelow(position)).isEqualTo(sorted.headSet(position).size());
      long missing = position;
      while (sorted.contains(missing)) {
        missing++;
      }
      assertThat(set.firstMissing(position)).isEqualTo(missing);
    }
  }

  @Property
  void equalSetsAreEqualHoweverTheyWereMade(
      @ForAll @Size(max = 60) List<@LongRange(min = 0, max = 80) Long> positions) {
    Positions one = Positions.NONE;
    for (long position : positions) {
      one = one.plus(Positions.of(position));
    }
    assertThat(one).isEqualTo(of(positions)).hasSameHashCodeAs(of(positions));
  }

  @Property
  void theFirstOnesAreTheLowest(
      @ForAll @Size(max = 60) Set<@LongRange(min = 0, max = 80) Long> positions,
      @ForAll @LongRange(min = 0, max = 90) long count) {
    assertThat(list(of(positions).firstOnes(count)))
        .containsExactlyElementsOf(new TreeSet<>(positions).stream().limit(count).toList());
  }

  @Property
  void whatIsEncodedIsDecodedAsItWas(
      @ForAll @Size(max = 60) Set<@LongRange(min = 0) Long> positions) throws IOException {
    positions.remove(Long.MAX_VALUE); // there is nothing behind it
    Positions set = of(positions);
    assertThat(Positions.decode(set.encode())).isEqualTo(set);
  }

  @Property
  void anyBytesAreASetOrAnException(@ForAll byte[] bytes) {
    try {
      Positions set = Positions.decode(bytes);
      assertThat(set.size()).isNotNegative();
      assertThat(Positions.decode(set.encode())).isEqualTo(set);
    } catch (IOException e) {
      assertThat(e).hasMessageNotContaining("null");
    }
  }

  @Property
  void aDamagedEncodingIsASetOrAnException(
      @ForAll @Size(min = 1, max = 40) Set<@LongRange(min = 0, max = 100_000) Long> positions,
      @ForAll @LongRange(min = 0, max = 1_000_000) long place) {
    byte[] bytes = of(positions).encode();
    bytes[(int) (place / 8 % bytes.length)] ^= (byte) (1 << (place % 8));
    anyBytesAreASetOrAnException(bytes);
  }

  @Test
  void bytesThatEndInTheMiddleAreNoSet() {
    byte[] whole = Positions.of(5, 900).plus(Positions.of(70_000, 70_001)).encode();
    for (int length : new int[] {1, 2, 4, whole.length - 1}) {
      assertThatThrownBy(() -> Positions.decode(Arrays.copyOf(whole, length)))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void largeBytesThatAreNoSetTakeNoMemory() {
    byte[] noNumberEnds = new byte[64 << 20];
    Arrays.fill(noNumberEnds, (byte) 0x80);
    assertThatThrownBy(() -> Positions.decode(noNumberEnds)).isInstanceOf(IOException.class);
  }

  @Test
  void positionsThatDoNotAscendOrPassTheLastNumberAreNoSet() {
    byte[] empty = new Fields(8).varint(3).varint(0).toBytes();
    byte[] beyond = new Fields(32).varint(Long.MAX_VALUE - 1).varint(Long.MAX_VALUE).toBytes();
    byte[] negative = new Fields(32).varint(-5).varint(3).toBytes();
    for (byte[] bytes : List.of(empty, beyond, negative)) {
      assertThatThrownBy(() -> Positions.decode(bytes)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aLongRangeTakesAFewBytes() {
    assertThat(Positions.of(1, 1_000_000_000).encode()).hasSizeLessThan(8);
  }

  @Test
  void aSetIsPrintedAsRanges() {
    assertThat(Positions.of(1, 21).plus(Positions.of(25))).hasToString("1-20,25");
    assertThat(Positions.NONE).hasToString("");
  }
}
