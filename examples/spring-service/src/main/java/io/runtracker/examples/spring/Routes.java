// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.spring;

import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.examples.Service;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;

/** The routes of the service. */
@RestController
class Routes {

  private final Service service;
  private final Tracker tracker;

  Routes(Service service, Tracker tracker) {
    this.service = service;
    this.tracker = tracker;
  }

  @GetMapping("/hello")
  String hello() {
    return service.hello();
  }

  @GetMapping("/items/{id}")
  String item(@PathVariable String id) {
    return service.item(id);
  }

  @GetMapping("/score/{id}")
  String score(@PathVariable String id) {
    return service.score(id);
  }

  @PostMapping("/predict")
  String predict(@RequestBody String input) {
    return service.predict(input);
  }

  @GetMapping("/fail")
  ResponseEntity<String> fail() {
    return ResponseEntity.status(503).body("unavailable\n");
  }

  @GetMapping("/boom")
  String boom() {
    throw service.boom();
  }

  @GetMapping("/slow")
  DeferredResult<String> slow(@RequestParam long ms) {
    DeferredResult<String> result = new DeferredResult<>(0L);
    service.slow(ms, TrackedRequest.current(), () -> result.setResult("slept " + ms + "\n"));
    return result;
  }

  @GetMapping("/stream")
  ResponseEntity<StreamingResponseBody> stream() {
    return ResponseEntity.ok()
        .contentType(MediaType.TEXT_PLAIN)
        .body(
            out -> {
              for (int i = 1; i <= Service.CHUNKS; i++) {
                pause();
                out.write(service.chunk(i).getBytes(StandardCharsets.UTF_8));
                out.flush();
              }
            });
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(Service.CHUNK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @GetMapping("/health")
  String health() {
    return "ok\n";
  }

  @GetMapping(path = "/tracker", produces = MediaType.APPLICATION_JSON_VALUE)
  String ledger() {
    return service.ledger(tracker);
  }
}
