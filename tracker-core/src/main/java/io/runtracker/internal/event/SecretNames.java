// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.event;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * Which names tell of a secret, by their words and however they are spelt: {@code accessToken},
 * {@code X-Access-Token} and {@code user[access_token]} hold {@code token}. Safe for use by any
 * thread.
 */
final class SecretNames {

  /** Between words; and before a capital that begins one, as in {@code samlResponse}. */
  private static final Pattern BETWEEN_WORDS =
      Pattern.compile(
          "[^\\p{L}\\p{N}]+|(?<=[\\p{Ll}\\p{N}])(?=\\p{Lu})|(?<=\\p{Lu})(?=\\p{Lu}\\p{Ll})");

  /** Part of many a name that holds no secret, such as {@code sortKey} or {@code zip_code}. */
  private static final Set<String> WHOLE_NAMES_ONLY =
      Set.of("key", "code", "session", "auth", "sig", "pin", "ticket");

  /** Names repeat; so many are remembered, each with its answer. */
  private static final int REMEMBERED = 1_000;

  private static final int LONGEST_REMEMBERED = 64;

  private final Set<String> secrets = new HashSet<>();
  private int mostWords = 1;
  private final Map<String, Boolean> known = new ConcurrentHashMap<>();

  SecretNames(List<String> names) {
    for (String name : names) {
      List<String> words = words(name);
      mostWords = Math.max(mostWords, words.size());
      secrets.add(String.join("", words));
    }
  }

  boolean contains(String name) {
    Boolean answer = known.get(name);
    if (answer == null) {
      answer = isSecret(words(name));
      if (name.length() <= LONGEST_REMEMBERED) {
        if (known.size() >= REMEMBERED) {
          known.clear(); // names of an attacker's making
        }
        known.put(name, answer);
      }
    }
    return answer;
  }

  private boolean isSecret(List<String> words) {
    if (secrets.contains(String.join("", words))) {
      return true;
    }
    for (int first = 0; first < words.size(); first++) {
      StringBuilder some = new StringBuilder();
      for (int last = first; last < Math.min(words.size(), first + mostWords); last++) {
        String joined = some.append(words.get(last)).toString();
        if (secrets.contains(joined) && !WHOLE_NAMES_ONLY.contains(joined)) {
          return true;
        }
      }
    }
    return false;
  }

  private static List<String> words(String name) {
    List<String> words = new ArrayList<>();
    for (String word : BETWEEN_WORDS.split(name)) {
      if (!word.isEmpty()) {
        words.add(word.toLowerCase(Locale.ROOT));
      }
    }
    return words;
  }
}
