// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.runtracker.Tracker;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.sink.SinkException.Kind;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class FailureLogTest {

  private final Logger logger = (Logger) LoggerFactory.getLogger(Tracker.class);
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final Blame blame = new Blame(10, 1);
  private final FailureLog log =
      new FailureLog("the lake", blame, new RateLimitedLog(this::now), this::now);
  private long now;

  private long now() {
    return now;
  }

  @BeforeEach
  void listen() {
    lines.start();
    logger.addAppender(lines);
    for (int i = 0; i < 2; i++) {
      blame.failed(new Tries(false), true, 0); // nothing passes
    }
  }

  @AfterEach
  void listenNoMore() {
    logger.detachAppender(lines);
  }

  private void failFor(Duration time, Kind kind) {
    for (long end = now + time.toNanos(); now < end; now += Duration.ofSeconds(10).toNanos()) {
      log.warn(Unit.runOf(1), kind, "no answer", null);
    }
  }

  @Test
  void that_the_server_is_away_is_said_when_it_goes_and_once_an_hour() {
    failFor(Duration.ofMinutes(59), Kind.UNAVAILABLE);
    assertThat(lines.list).hasSize(1);
    assertThat(lines.list.get(0).getFormattedMessage())
        .isEqualTo("the lake is away; delivery goes on by itself: no answer");
    failFor(Duration.ofMinutes(2), Kind.UNAVAILABLE);
    assertThat(lines.list).hasSize(2);
  }

  @Test
  void when_it_goes_again_that_is_said_again() {
    failFor(Duration.ofMinutes(2), Kind.UNAVAILABLE);
    log.somethingPassed();
    failFor(Duration.ofMinutes(2), Kind.UNAVAILABLE);
    assertThat(lines.list).hasSize(2);
  }

  @Test
  void a_server_that_comes_and_goes_is_told_of_once_a_minute() {
    for (int i = 0; i < 30; i++) {
      failFor(Duration.ofSeconds(10), Kind.UNAVAILABLE);
      log.somethingPassed();
    }
    assertThat(lines.list).hasSize(5);
  }

  @Test
  void another_trouble_of_the_same_server_is_said_too() {
    failFor(Duration.ofMinutes(2), Kind.UNAVAILABLE);
    failFor(Duration.ofMinutes(2), Kind.UNAUTHORIZED);
    assertThat(lines.list).hasSize(2);
  }
}
