// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.context.ContextSnapshot;
import io.micrometer.context.ContextSnapshotFactory;
import io.runtracker.adapter.OpenRequest;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CurrentRequestAccessorTest {

  private final Tracker tracker = Requests.tracker(new MemorySink()).build();
  private final ExecutorService other = Executors.newSingleThreadExecutor();

  @AfterEach
  void close() {
    other.shutdownNow();
    tracker.close();
  }

  private TrackedRequest currentThere() throws Exception {
    return other.submit(TrackedRequest::current).get();
  }

  @Test
  void a_snapshot_carries_the_current_request_to_another_thread_and_takes_it_away_again()
      throws Exception {
    OpenRequest request = Requests.open(tracker, "/");
    ContextSnapshot snapshot;
    try (OpenRequest.Scope scope = request.makeCurrent()) {
      snapshot = ContextSnapshotFactory.builder().build().captureAll();
    }
    assertThat(other.submit(snapshot.wrap(TrackedRequest::current)).get()).isSameAs(request);
    assertThat(currentThere()).isSameAs(NoRequest.INSTANCE);
    request.end(200, null);
  }

  @Test
  void a_snapshot_restores_the_request_that_the_thread_had() throws Exception {
    OpenRequest request = Requests.open(tracker, "/");
    OpenRequest theirs = Requests.open(tracker, "/theirs");
    ContextSnapshot snapshot;
    try (OpenRequest.Scope scope = request.makeCurrent()) {
      snapshot = ContextSnapshotFactory.builder().build().captureAll();
    }
    OpenRequest after =
        other
            .submit(
                () -> {
                  try (OpenRequest.Scope scope = theirs.makeCurrent()) {
                    assertThat(snapshot.wrap(TrackedRequest::current).call()).isSameAs(request);
                    return (OpenRequest) TrackedRequest.current();
                  }
                })
            .get();
    assertThat(after).isSameAs(theirs);
    assertThat(currentThere()).isSameAs(NoRequest.INSTANCE);
    request.end(200, null);
    theirs.end(200, null);
  }

  @Test
  void a_snapshot_without_a_request_can_clear_the_one_that_a_thread_has() throws Exception {
    ContextSnapshot empty =
        ContextSnapshotFactory.builder().clearMissing(true).build().captureAll();
    OpenRequest theirs = Requests.open(tracker, "/theirs");
    try (OpenRequest.Scope scope = theirs.makeCurrent()) {
      assertThat(empty.wrap(TrackedRequest::current).call()).isSameAs(NoRequest.INSTANCE);
      assertThat(TrackedRequest.current()).isSameAs(theirs);
    }
    theirs.end(200, null);
  }
}
