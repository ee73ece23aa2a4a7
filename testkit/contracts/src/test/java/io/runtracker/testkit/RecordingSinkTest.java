// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.runtracker.RequestEvent;
import io.runtracker.sink.RunSink;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The tests' own sink keeps the contract of sinks. */
class RecordingSinkTest extends SinkContract {

  private final RecordingSink sink = new RecordingSink();

  @Override
  protected RunSink newSink() {
    return sink;
  }

  @Override
  protected List<String> runsOf(String eventId) {
    return sink.runsOf(eventId);
  }

  @Test
  void it_refuses_to_complete_a_run_that_it_did_not_create() {
    RequestEvent event = event().build();
    assertThatIllegalStateException().isThrownBy(() -> sink.complete("run-9", event));
  }

  @Test
  void it_refuses_to_complete_a_run_with_another_event() {
    String run = sink.create(event().build());
    RequestEvent other = event().build();
    assertThatIllegalStateException().isThrownBy(() -> sink.complete(run, other));
  }

  @Test
  void a_run_that_is_completed_twice_is_one_event() {
    RequestEvent event = event().build();
    String run = sink.create(event);
    sink.complete(run, event);
    sink.complete(run, event);
    assertThat(sink.takeAll()).containsExactly(event);
  }
}
