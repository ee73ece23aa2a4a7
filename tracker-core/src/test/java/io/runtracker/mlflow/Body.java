// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Flow;

/** What a body sends. */
final class Body {

  private Body() {}

  static String sent(BodyPublisher publisher) {
    BodySubscriber<String> received = BodySubscribers.ofString(UTF_8);
    publisher.subscribe(
        new Flow.Subscriber<>() {
          @Override
          public void onSubscribe(Flow.Subscription subscription) {
            received.onSubscribe(subscription);
          }

          @Override
          public void onNext(ByteBuffer bytes) {
            received.onNext(List.of(bytes));
          }

          @Override
          public void onError(Throwable error) {
            received.onError(error);
          }

          @Override
          public void onComplete() {
            received.onComplete();
          }
        });
    return received.getBody().toCompletableFuture().join();
  }
}
