// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.stage.Interruption;
import io.runtracker.internal.stage.Stage;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class StageTest {

  private static final long PAUSE = 1_000;

  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private final AtomicInteger deaths = new AtomicInteger();
  private final AtomicBoolean ends = new AtomicBoolean();

  /** Of the stage's thread alone, whichever that is. */
  private long rounds;

  private final Consumer<FailPoint> deadly =
      point -> {
        if (deaths.getAndUpdate(left -> Math.max(left - 1, 0)) > 0) {
          throw new StackOverflowError("told by the test");
        }
      };

  private boolean count() {
    threads.add(Thread.currentThread());
    rounds++;
    return !ends.get();
  }

  private static void end(Stage stage) {
    try (Interruption interruption = new Interruption()) {
      stage.join(System.nanoTime() + Requests.LONG.toNanos(), interruption);
    }
    assertThat(stage.isOver()).isTrue();
  }

  @Test
  void a_round_that_throws_costs_no_thread() {
    Stage stage =
        new Stage(
            "test",
            () -> {
              if (count() && rounds < 10) {
                throw new AssertionError("told by the test");
              }
              return rounds < 20;
            },
            PAUSE,
            FailPoint.NOBODY);
    stage.start();
    end(stage);
    assertThat(rounds).isEqualTo(20);
    assertThat(threads).hasSize(1);
  }

  @Test
  void a_thread_that_dies_has_a_successor_that_goes_on_where_it_was() {
    Stage stage = new Stage("test", this::count, PAUSE, deadly);
    try (Logged logged = Logged.byTheTracker()) {
      stage.start();
      for (int died = 1; died <= 5; died++) {
        int all = died + 1;
        await().until(() -> !threads.isEmpty());
        deaths.set(1);
        await().atMost(Requests.LONG).until(() -> threads.size() == all);
      }
      long before = threads.size();
      ends.set(true);
      end(stage);
      assertThat(rounds).isGreaterThanOrEqualTo(before);
      assertThat(logged.messages()).contains("The thread runtracker-test died and is begun anew");
    }
  }

  @Test
  void the_services_own_handler_hears_nothing_of_it() {
    Thread.UncaughtExceptionHandler own = Thread.getDefaultUncaughtExceptionHandler();
    AtomicInteger heard = new AtomicInteger();
    Thread.setDefaultUncaughtExceptionHandler((thread, cause) -> heard.incrementAndGet());
    try {
      deaths.set(3);
      Stage stage = new Stage("test", this::count, PAUSE, deadly);
      stage.start();
      await().atMost(Requests.LONG).until(() -> !threads.isEmpty());
      ends.set(true);
      end(stage);
      assertThat(heard).hasValue(0);
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(own);
    }
  }

  @Test
  void one_that_dies_at_its_end_ends_all_the_same() {
    Stage stage = new Stage("test", this::count, PAUSE, deadly);
    stage.start();
    await().until(() -> !threads.isEmpty());
    deaths.set(2);
    ends.set(true);
    end(stage);
    stage.wake(); // nobody
    assertThat(stage.isOver()).isTrue();
    await().until(() -> Thread.getAllStackTraces().keySet().stream().noneMatch(Requests::isOurs));
  }

  @Test
  void one_that_was_never_begun_is_over() {
    Stage stage = new Stage("test", this::count, PAUSE, FailPoint.NOBODY);
    stage.wake();
    end(stage);
    assertThat(rounds).isZero();
  }
}
