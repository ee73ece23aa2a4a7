// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.Test;

class TextBodyTest {

  private final TextBody body = new TextBody();

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

  @Test
  void what_is_written_is_sent() {
    body.write('[');
    body.write("xé東😀x", 1, 4);
    body.write(new char[] {'a', 'ß', 'c'}, 1, 2);
    body.write('ü');
    assertThat(sent(body.publisher())).isEqualTo("[é東😀ßcü");
  }

  @Test
  void its_length_is_known_before_it_is_sent() {
    body.write("東😀".repeat(50_000), 0, 150_000);
    assertThat(body.publisher().contentLength()).isEqualTo(50_000L * (3 + 4));
  }

  @Test
  void characters_at_the_borders_of_pieces_stay_whole() {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 100_000; i++) {
      String text = i % 7 == 0 ? "😀é" : "item " + i;
      body.write(text, 0, text.length());
      all.append(text);
    }
    assertThat(sent(body.publisher())).isEqualTo(all.toString());
  }

  @Test
  void the_halves_of_a_surrogate_pair_find_each_other_wherever_they_are_written() {
    String text = "😀".repeat(50_000);
    body.write('x');
    for (int i = 0; i < text.length(); i++) {
      body.write(text.charAt(i));
    }
    assertThat(sent(body.publisher())).isEqualTo('x' + text);
  }

  @Test
  void half_of_a_surrogate_pair_becomes_a_question_mark() {
    body.write("a\uD83Db", 0, 3);
    body.write('\uD83D');
    assertThat(sent(body.publisher())).isEqualTo("a?b?");
  }

  @Test
  void it_may_be_sent_again() {
    body.write("a table", 0, 7);
    BodyPublisher publisher = body.publisher();
    assertThat(sent(publisher)).isEqualTo(sent(publisher)).isEqualTo("a table");
  }

  @Test
  void what_was_written_since_the_mark_can_be_taken_back() {
    String first = "é😀".repeat(20_000); // into the second piece
    body.write(first);
    body.mark();
    body.reset();
    for (int length = 1; length < 400_000; length *= 3) {
      body.mark();
      body.write("東".repeat(length) + '\uD83D');
      body.reset();
    }
    body.write("rest");
    assertThat(sent(body.publisher())).isEqualTo(first + "rest");
  }

  @Test
  void an_empty_one_has_no_bytes() {
    assertThat(body.publisher().contentLength()).isZero();
    assertThat(sent(body.publisher())).isEmpty();
  }
}
