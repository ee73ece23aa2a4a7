// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Collects an answer's body as text, and gives up on one that is too long to be MLflow's or is not
 * there in time; the client's own time-out ends with the head.
 */
final class LimitedBody implements BodySubscriber<String> {

  /** MLflow repeats a run's tags when it creates it: 100 of 8,000 characters, each escaped. */
  static final int LIMIT = 32 << 20;

  private final CompletableFuture<String> body = new CompletableFuture<>();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /**
   * Waits for the body until a deadline.
   *
   * @param deadline as {@link System#nanoTime} tells the time
   * @param timer not the JDK's own, whose thread would outlive us and the application that we are
   *     in
   */
  LimitedBody(long deadline, ScheduledExecutorService timer) {
    Future<?> tooLate =
        timer.schedule(
            () -> onError(new HttpTimeoutException("the answer did not end")),
            deadline - System.nanoTime(),
            TimeUnit.NANOSECONDS);
    body.whenComplete((text, failure) -> tooLate.cancel(false));
  }

  @Override
  public CompletionStage<String> getBody() {
    return body;
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    // A connection on which the rest may still come is of no more use.
    body.whenComplete(
        (text, failure) -> {
          if (failure != null) {
            subscription.cancel();
          }
        });
    subscription.request(Long.MAX_VALUE);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    if (body.isDone()) {
      return;
    }
    for (ByteBuffer buffer : buffers) {
      byte[] chunk = new byte[buffer.remaining()];
      buffer.get(chunk);
      bytes.write(chunk, 0, chunk.length);
    }
    if (bytes.size() > LIMIT) {
      onError(new IOException("the answer is longer than " + LIMIT + " bytes"));
    }
  }

  @Override
  public void onError(Throwable error) {
    body.completeExceptionally(error);
  }

  @Override
  public void onComplete() {
    body.complete(bytes.toString(StandardCharsets.UTF_8));
  }
}
