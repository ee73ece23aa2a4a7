// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.Ledger;
import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.Tracker;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.Wire;
import java.lang.reflect.Field;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

class ShutdownTest {

  @Test
  void a_request_that_the_web_server_lets_finish_is_delivered_before_the_tracker_is_gone()
      throws Exception {
    RecordingSink sink = new RecordingSink();
    RunningApplication application =
        RunningApplication.start(
            Service.class,
            sink,
            "server.shutdown=graceful",
            "spring.lifecycle.timeout-per-shutdown-phase=20s");
    Gate gate = application.context().getBean(Gate.class);
    Tracker tracker = application.tracker();
    try (Wire wire = new Wire(application.port())) {
      wire.write(Wire.request("GET", "/gated", "Connection: close\r\n", ""));
      assertThat(gate.entered.await(20, TimeUnit.SECONDS)).isTrue();
      CompletableFuture<Void> closing = CompletableFuture.runAsync(application::close);
      // The request goes on while the application is closing, and the tracker still tracks it.
      assertThat(gate.closing.await(20, TimeUnit.SECONDS)).isTrue();
      gate.open.countDown();
      assertThat(wire.readToEnd()).contains("200").contains("tracked");
      closing.get(30, TimeUnit.SECONDS);
    }
    RequestEvent event = sink.takeNext();
    assertThat(event.target().path()).isEqualTo("/gated");
    assertThat(event.metrics()).hasSize(1);
    sink.assertNothingLeft();
    Ledger ledger = tracker.stats().ledger();
    assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    assertThat(ledger.delivered()).isEqualTo(1);
  }

  @Test
  void a_request_that_outlasts_the_graceful_shutdown_is_delivered_as_killed() throws Exception {
    RecordingSink sink = new RecordingSink();
    RunningApplication application =
        RunningApplication.start(
            Service.class,
            sink,
            "server.shutdown=graceful",
            "spring.lifecycle.timeout-per-shutdown-phase=200ms");
    Gate gate = application.context().getBean(Gate.class);
    Tracker tracker = application.tracker();
    try (Wire wire = new Wire(application.port())) {
      wire.write(Wire.request("GET", "/stubborn", "Connection: close\r\n", ""));
      assertThat(gate.entered.await(20, TimeUnit.SECONDS)).isTrue();
      application.close();
      RequestEvent event = sink.takeNext();
      assertThat(event.target().path()).isEqualTo("/stubborn");
      assertThat(event.status()).isEqualTo(RunStatus.KILLED);
      assertThat(tracker.stats().ledger().isComplete()).isTrue();
    } finally {
      gate.open.countDown();
    }
    // Its handler's end comes too late for a second event.
    await().atMost(RecordingSink.PATIENCE).until(() -> tracker.stats().ignoredWrites() > 0);
    assertThat(tracker.stats().ledger().offered()).isEqualTo(1);
    sink.assertNothingLeft();
  }

  @Test
  void the_tracker_has_no_hook_of_its_own_and_its_threads_end_with_the_application()
      throws Exception {
    try (RunningApplication application =
        RunningApplication.start(Service.class, new RecordingSink())) {
      Field hook = Tracker.class.getDeclaredField("shutdownHook");
      hook.setAccessible(true);
      assertThat(application.tracker().isEnabled()).isTrue();
      assertThat(hook.get(application.tracker())).isNull();
    }
    await()
        .atMost(RecordingSink.PATIENCE)
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().startsWith("runtracker")));
  }

  static final class Gate {
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch closing = new CountDownLatch(1);
    final CountDownLatch open = new CountDownLatch(1);
  }

  @RestController
  static class Controller {
    private final Gate gate;

    Controller(Gate gate) {
      this.gate = gate;
    }

    @GetMapping("/gated")
    String gated() throws InterruptedException {
      gate.entered.countDown();
      if (!gate.open.await(20, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the test did not open the gate");
      }
      io.runtracker.TrackedRequest.current().metric("late", 1);
      return "tracked";
    }

    /** Does not even let itself be interrupted. */
    @GetMapping("/stubborn")
    String stubborn() {
      gate.entered.countDown();
      while (gate.open.getCount() > 0) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        Thread.interrupted();
      }
      return "too late";
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import(Controller.class)
  static class Service {
    @Bean
    Gate gate() {
      return new Gate();
    }

    @Bean
    ApplicationListener<ContextClosedEvent> closing(Gate gate) {
      return event -> gate.closing.countDown();
    }
  }
}
