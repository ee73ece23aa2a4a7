// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.context.ContextSnapshot;
import io.micrometer.context.ContextSnapshotFactory;
import io.runtracker.RequestEvent;
import io.runtracker.TrackedRequest;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.testkit.RecordingSink;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.task.support.ContextPropagatingTaskDecorator;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

class PropagationTest {

  private final RecordingSink sink = new RecordingSink();

  private RequestEvent record(RunningApplication application, String path) throws Exception {
    assertThat(application.get(path).body()).isEqualTo("worked");
    return sink.takeNext();
  }

  @Test
  void with_the_decorator_async_methods_and_callables_see_the_request() throws Exception {
    try (RunningApplication application =
        RunningApplication.start(Decorated.class, sink, "spring.task.execution.pool.core-size=1")) {
      assertThat(record(application, "/async").metrics()).hasSize(1);
      assertThat(record(application, "/callable").metrics()).hasSize(1);
      assertThat(record(application, "/virtual").metrics()).hasSize(1);
      // The one thread of the pool has served requests, and kept none of them.
      assertThat(
              application
                  .context()
                  .getBean(ThreadPoolTaskExecutor.class)
                  .submit(() -> TrackedRequest.current() instanceof OpenRequest)
                  .get())
          .isFalse();
    }
    sink.assertNothingLeft();
  }

  @Test
  void without_it_they_see_none() throws Exception {
    try (RunningApplication application = RunningApplication.start(Service.class, sink)) {
      assertThat(record(application, "/async").metrics()).isEmpty();
    }
    sink.assertNothingLeft();
  }

  @Test
  void with_reactors_propagation_operators_on_other_threads_see_the_request() throws Exception {
    Hooks.enableAutomaticContextPropagation();
    try (RunningApplication application = RunningApplication.start(Service.class, sink)) {
      assertThat(record(application, "/mono").metrics()).hasSize(1);
      assertThat(record(application, "/flux").metrics()).hasSize(3);
      // The schedulers' threads have served requests, and kept none of them.
      assertThat(handlesLeftBehind()).containsOnly(false);
    } finally {
      Hooks.disableAutomaticContextPropagation();
    }
    sink.assertNothingLeft();
  }

  @Test
  void with_a_captured_context_one_operator_sees_the_request() throws Exception {
    try (RunningApplication application = RunningApplication.start(Service.class, sink)) {
      assertThat(record(application, "/captured").metrics()).hasSize(1);
      assertThat(record(application, "/mono").metrics()).isEmpty();
    }
    sink.assertNothingLeft();
  }

  private static String work() {
    TrackedRequest.current().metric("worked", 1);
    return "worked";
  }

  private static List<Boolean> handlesLeftBehind() {
    return Flux.range(0, 100)
        .flatMap(
            i ->
                Mono.fromCallable(() -> TrackedRequest.current() instanceof OpenRequest)
                    .subscribeOn(Schedulers.parallel()))
        .collectList()
        .block();
  }

  @Component
  static class Worker {
    @Async
    CompletableFuture<String> work() {
      TrackedRequest.current().metric("worked", 1);
      return CompletableFuture.completedFuture("worked");
    }
  }

  @RestController
  static class Controller {
    private final Worker worker;

    Controller(Worker worker) {
      this.worker = worker;
    }

    @GetMapping("/async")
    CompletableFuture<String> async() {
      return worker.work();
    }

    @GetMapping("/callable")
    Callable<String> callable() {
      return () -> {
        TrackedRequest.current().metric("worked", 1);
        return "worked";
      };
    }

    @GetMapping("/mono")
    Mono<String> mono() {
      return Mono.fromCallable(PropagationTest::work)
          .subscribeOn(Schedulers.boundedElastic())
          .contextCapture();
    }

    @GetMapping("/flux")
    String flux() {
      Flux.range(0, 3).publishOn(Schedulers.parallel()).doOnNext(i -> work()).blockLast();
      return "worked";
    }

    /** Reactor's context has what was captured; one operator puts it onto its thread by hand. */
    @GetMapping("/captured")
    Mono<String> captured() {
      return Mono.deferContextual(
              context -> {
                ContextSnapshot snapshot =
                    ContextSnapshotFactory.builder().build().captureFrom(context);
                try (ContextSnapshot.Scope scope = snapshot.setThreadLocals()) {
                  return Mono.just(work());
                }
              })
          .subscribeOn(Schedulers.boundedElastic())
          .contextCapture();
    }

    /** As code does that decorates its own tasks, whatever thread runs them. */
    @GetMapping("/virtual")
    String own() throws InterruptedException {
      Thread thread =
          new Thread(
              new ContextPropagatingTaskDecorator()
                  .decorate(() -> TrackedRequest.current().metric("worked", 1)));
      thread.start();
      thread.join();
      return "worked";
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @EnableAsync
  @Import({Controller.class, Worker.class})
  static class Service {}

  @Configuration(proxyBeanMethods = false)
  @Import(Service.class)
  static class Decorated {
    @Bean
    ContextPropagatingTaskDecorator decorator() {
      return new ContextPropagatingTaskDecorator();
    }
  }
}
