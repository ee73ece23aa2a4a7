// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Chooses the requests of a window that a person looks at first: those that failed, then the
 * slowest, then some of the rest. The same window gives the same choice.
 */
final class HighlightChoice {

  /** So seldom does it look that the interpreter does it. */
  private static final int LOOKED_AT_ONCE = 128;

  private final WindowNumbers numbers;
  private final BitSet isChosen = new BitSet();
  private final List<Integer> chosen = new ArrayList<>();
  private final CooperativeYield pace = new CooperativeYield(LOOKED_AT_ONCE);

  private HighlightChoice(WindowNumbers numbers) {
    this.numbers = numbers;
  }

  /**
   * The numbers of the requests. Failures and the rest are in the order in which they came; where
   * not all of them have a place, those that have one lie evenly among them. Half of what failures
   * leave is for the slowest, which come slowest first.
   */
  static List<Integer> of(WindowNumbers numbers, int most) {
    HighlightChoice choice = new HighlightChoice(numbers);
    choice.spread(numbers.failures(), Math.min(most, numbers.failures()), true);
    if (choice.chosen.size() < most) {
      choice.slowest((most - choice.chosen.size()) / 2);
      int left = numbers.size() - choice.chosen.size();
      choice.spread(left, Math.min(left, most - choice.chosen.size()), false);
    }
    return choice.chosen;
  }

  /** Chooses so many of those that failed, or of those that were not chosen. */
  private void spread(int of, int count, boolean failures) {
    long place = 0;
    for (int request = 0; request < numbers.size(); request++) {
      pace.step();
      if (failures ? numbers.isFailure(request) : !isChosen.get(request)) {
        // As often as it takes to have chosen all of them at the last.
        if ((place + 1) * count / of > place * count / of) {
          chosen.add(request);
        }
        place++;
      }
    }
    chosen.forEach(isChosen::set);
  }

  /** Of several that took as long, the first are chosen. */
  private void slowest(int count) {
    Comparator<Integer> byDuration =
        Comparator.<Integer>comparingLong(numbers::micros).thenComparing(Comparator.reverseOrder());
    PriorityQueue<Integer> slowest = new PriorityQueue<>(byDuration);
    for (int request = 0; request < numbers.size() && count > 0; request++) {
      pace.step();
      boolean isFull = slowest.size() == count;
      boolean isSlower = !isFull || numbers.micros(request) > numbers.micros(slowest.element());
      if (isSlower && !numbers.isFailure(request)) {
        if (isFull) {
          slowest.remove();
        }
        slowest.add(request);
      }
    }
    slowest.stream().sorted(byDuration.reversed()).forEach(chosen::add);
    chosen.forEach(isChosen::set);
  }
}
