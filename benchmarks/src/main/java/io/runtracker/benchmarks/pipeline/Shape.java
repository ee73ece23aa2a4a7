// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** What requests there are: one of five shapes, or the mix of them. */
enum Shape {
  /** A GET of an item that is found. */
  PLAIN,
  /** A GET with a query, one of whose values is a secret. */
  QUERY,
  /** A POST whose handler logs three params and two metrics. */
  POST,
  /** A request that fails with a message of 2 kB. */
  FAILURE,
  /** A request whose handler stores a text of 20 kB. */
  TEXT,
  /** 70 % plain, 15 % with a query, 10 % POST, 4 % failures, 1 % with a text. */
  MIX,
  /** Plain, but one in 500 fails. What a run of its own costs is reckoned from it. */
  SELDOM;

  private static final int SAMPLES = 4_000;
  private static final int MESSAGE_CHARS = 2_000;
  private static final int TEXT_CHARS = 20_000;
  private static final int SELDOM_FAILS = 500;

  static Shape of(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }

  /** Some of this shape, in the order in which they come, over and over. */
  List<Sample> samples() {
    Random random = new Random(1);
    List<Sample> samples = new ArrayList<>();
    for (int i = 0; i < SAMPLES; i++) {
      samples.add(sample(i, random));
    }
    Collections.shuffle(samples, random);
    return samples;
  }

  private Sample sample(int number, Random random) {
    return switch (this) {
      case PLAIN -> get(number, null);
      case QUERY -> get(number, "page=" + number % 40 + "&sort=name&token=" + random.nextLong());
      case POST -> post(number);
      case FAILURE -> failure(number, random);
      case TEXT -> text(number, random);
      case MIX -> ofMix(number % 100).sample(number, random);
      case SELDOM -> (number % SELDOM_FAILS == 0 ? FAILURE : PLAIN).sample(number, random);
    };
  }

  private static Shape ofMix(int percent) {
    if (percent < 70) {
      return PLAIN;
    }
    return percent < 85 ? QUERY : percent < 95 ? POST : percent < 99 ? FAILURE : TEXT;
  }

  private static Sample get(int number, @Nullable String query) {
    return new Sample(
        "GET", "/items/" + number, query, "/items/{id}", 200, null, List.of(), List.of(), null);
  }

  private static Sample post(int number) {
    return new Sample(
        "POST",
        "/orders",
        null,
        "/orders",
        201,
        null,
        List.of(
            Map.entry("model", "forest-7"),
            Map.entry("customer", "c-" + number),
            Map.entry("region", "north")),
        List.of(Map.entry("score", number / 7.0), Map.entry("rows", (double) number)),
        null);
  }

  private static Sample failure(int number, Random random) {
    return new Sample(
        "GET",
        "/reports/" + number,
        null,
        "/reports/{id}",
        500,
        new IllegalStateException(words(random, MESSAGE_CHARS)),
        List.of(),
        List.of(),
        null);
  }

  private static Sample text(int number, Random random) {
    return new Sample(
        "POST",
        "/summaries/" + number,
        null,
        "/summaries/{id}",
        200,
        null,
        List.of(),
        List.of(),
        words(random, TEXT_CHARS));
  }

  /** Lines of words, with a quote now and then, as messages and texts have them. */
  private static String words(Random random, int chars) {
    StringBuilder words = new StringBuilder();
    while (words.length() < chars) {
      int length = random.nextInt(2, 10);
      for (int i = 0; i < length; i++) {
        words.append((char) random.nextInt('a', 'z' + 1));
      }
      int between = random.nextInt(40);
      words.append(between == 0 ? "\n" : between == 1 ? " \"x\" " : " ");
    }
    return words.substring(0, chars);
  }
}
