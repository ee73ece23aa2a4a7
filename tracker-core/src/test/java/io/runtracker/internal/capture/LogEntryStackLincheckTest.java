// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.runtracker.internal.event.LogEntry;
import java.util.ArrayList;
import java.util.List;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The hand-over from handlers to the end of a request, checked by Lincheck: every interleaving of
 * writes and ends must give what some order of whole calls would have given.
 */
public class LogEntryStackLincheckTest {

  private final LogEntryStack stack = new LogEntryStack() {};

  @BeforeEach
  void onlyWhereLincheckRuns() {
    assumeTrue(Runtime.version().feature() <= 21, "Lincheck rewrites the JDK's own classes");
  }

  @Operation
  public boolean push(@Param(gen = IntGen.class, conf = "1:3") int number) {
    LogEntry note = LogEntry.text(LogEntry.Kind.TAG, String.valueOf(number), "");
    return stack.push(note, Integer.MAX_VALUE) == LogEntryStack.Pushed.WHOLE;
  }

  /**
   * The entries in the order written; null when another end was first. Once only, or nearly all
   * that is tried would come too late.
   */
  @Operation(runOnce = true)
  public List<String> end() {
    LogEntry newest = stack.endEntries();
    if (newest == LogEntry.END) {
      return null;
    }
    List<String> keys = new ArrayList<>();
    for (LogEntry note = newest; note != null; note = note.next) {
      keys.add(0, note.key);
    }
    return keys;
  }

  @Test
  void every_interleaving_is_that_of_whole_calls() {
    new ModelCheckingOptions()
        .actorsBefore(0)
        .actorsPerThread(2)
        .actorsAfter(1)
        .iterations(60)
        .invocationsPerIteration(500)
        .check(getClass());
  }

  @Test
  void whole_calls_is_what_real_threads_see_too() {
    new StressOptions()
        .actorsBefore(0)
        .actorsPerThread(3)
        .actorsAfter(1)
        .iterations(30)
        .invocationsPerIteration(2_000)
        .check(getClass());
  }
}
