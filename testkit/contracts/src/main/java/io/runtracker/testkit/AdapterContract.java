// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.RequestEvent;
import io.runtracker.Tracker;
import io.runtracker.testkit.Wire.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * What every adapter must get right, on a real server over a real socket. A number stands for a
 * behaviour, whatever class tests it; a subclass starts its server and serves every {@link
 * Endpoint}.
 *
 * <p>Strict: an event that no test took fails the test, and at the end the ledger must add up.
 * Almost every test holds the status recorded against the status on the wire.
 *
 * <p>The rows are in a class for each theme, all of which are inherited:
 *
 * <table>
 *   <caption>Where the rows are</caption>
 *   <tr><th>rows</th><th>theme</th><th>class</th></tr>
 *   <tr><td>1, 33-38</td><td>what is recorded</td><td>{@link RecordRows}</td></tr>
 *   <tr><td>2-8, 22-27</td><td>exceptions, statuses, clients gone</td><td>{@link FailureRows}</td></tr>
 *   <tr><td>11-21, 47</td><td>asynchronous requests</td><td>{@link AsyncRows}</td></tr>
 *   <tr><td>9, 10, 12, 28-32, 39-42</td><td>routes, dispatches, the handle</td><td>{@link
 *       DispatchRows}</td></tr>
 *   <tr><td>43-45</td><td>many at once, streams, upgrades</td><td>{@link TrafficRows}</td></tr>
 *   <tr><td>options</td><td>filter, headers, client, customizer, naming, sampling,
 *       shutdown</td><td>{@link OptionRows}</td></tr>
 *   <tr><td>48-50</td><td>faults, registrations, time</td><td>here</td></tr>
 * </table>
 *
 * <p>Rows 29 and 46 are of one framework and with its subclass.
 */
public abstract class AdapterContract extends OptionRows {

  @Test
  @DisplayName("48: an exception that cannot say what it is does no harm")
  void survivesBrokenExceptions() throws Exception {
    RequestEvent event = record(Endpoint.THROW_BROKEN);
    assertThat(event.statusCode()).isEqualTo(500);
    assertThat(event.errorType()).isEqualTo(Application.BrokenException.class.getName());
  }

  @Test
  @DisplayName("48: a service goes on when its tracker was closed")
  void servesWithoutItsTracker() throws Exception {
    RecordingSink own = new RecordingSink();
    Tracker second = newTracker(own);
    try (RunningServer orphan = start(second, application, Setup.PLAIN)) {
      second.close();
      assertThat(Wire.send(orphan.port(), "GET", "/items/1").body()).isEqualTo("1");
      assertThat(Wire.send(orphan.port(), "GET", "/handle").body()).isEqualTo("untracked");
      assertThat(Wire.send(orphan.port(), "GET", "/throw").status()).isEqualTo(500);
      own.assertNothingLeft();
    }
  }

  @Test
  @DisplayName("49: registered twice, the adapter records once")
  void recordsOnceWhenRegisteredTwice() throws Exception {
    RecordingSink own = new RecordingSink();
    List<Endpoint> endpoints =
        List.of(
            Endpoint.HELLO,
            Endpoint.THROW,
            Endpoint.ASYNC,
            Endpoint.ASYNC_DISPATCH,
            Endpoint.ERROR_PAGE,
            Endpoint.FORWARD,
            Endpoint.ASYNC_THROW);
    try (Tracker second = newTracker(own);
        RunningServer twice = start(second, application, new Setup("", 2))) {
      for (Endpoint endpoint : endpoints) {
        if (missing(endpoint) == null) {
          Answer answer = Wire.send(twice.port(), "GET", endpoint.template());
          assertSameStatus(own.takeNext(), answer);
        }
      }
      second.flush(RecordingSink.PATIENCE);
      own.assertNothingLeft();
    }
  }

  @Test
  @DisplayName("50: the duration runs up to the completion")
  void measuresUpToCompletion() throws Exception {
    // The time-out is the one endpoint that is known to take its time.
    assertThat(Duration.ofNanos(record(Endpoint.ASYNC_TIMEOUT).durationNanos()))
        .isGreaterThanOrEqualTo(Duration.ofMillis(Application.SHORT_MILLIS));
  }

  @Test
  @DisplayName("nothing of the server's is reachable from a record")
  void keepsNothingOfTheServers() throws Exception {
    for (Endpoint endpoint : List.of(Endpoint.NOTES, Endpoint.THROW, Endpoint.ASYNC)) {
      Reachable.assertOnlyOurOwnAndTheJdks(record(endpoint));
    }
  }

  @Test
  @DisplayName("1,000 varied requests are answered the same with and without tracking")
  void changesNoAnswer() throws Exception {
    RecordingSink own = new RecordingSink();
    try (Tracker second = newTracker(own);
        RunningServer with = start(second, application, Setup.PLAIN);
        RunningServer without = start(second, application, Setup.UNTRACKED)) {
      List<VariedRequests.Varied> requests = VariedRequests.of(1000, this::isAnsweredAlike);
      application.openGate();
      List<Callable<Boolean>> comparisons = new ArrayList<>();
      for (VariedRequests.Varied request : requests) {
        comparisons.add(
            () -> {
              assertThat(request.answeredBy(with.port()))
                  .as("%s", request)
                  .isEqualTo(request.answeredBy(without.port()));
              return true;
            });
      }
      inParallel(comparisons);
      Set<String> expected =
          requests.stream()
              .filter(VariedRequests.Varied::isRecorded)
              .map(VariedRequests.Varied::mark)
              .collect(Collectors.toSet());
      List<String> recorded = new ArrayList<>();
      await()
          .atMost(RecordingSink.PATIENCE)
          .until(
              () -> {
                own.takeAll().forEach(e -> recorded.add(VariedRequests.markOf(e)));
                return recorded.containsAll(expected);
              });
      second.flush(RecordingSink.PATIENCE);
      own.takeAll().forEach(e -> recorded.add(VariedRequests.markOf(e)));
      assertThat(recorded).doesNotHaveDuplicates();
      assertThat(recorded).containsAll(expected);
    }
  }
}
