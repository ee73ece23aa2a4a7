// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Path patterns: {@code *} stands for anything within one segment, {@code **} for anything at all;
 * {@code /admin/**} matches {@code /admin} too. Patterns without a star cost one hash lookup.
 */
public final class PathPatterns {

  private final Set<String> exact = new HashSet<>();
  private final List<Pattern> wild = new ArrayList<>();

  public PathPatterns(List<String> patterns) {
    for (String pattern : patterns) {
      if (!pattern.startsWith("/")) {
        throw new IllegalArgumentException(
            "skip: a path pattern begins with '/', this one does not: '" + pattern + "'");
      }
      if (pattern.indexOf('*') < 0) {
        exact.add(pattern);
      } else {
        wild.add(compile(pattern));
      }
    }
  }

  boolean matches(String path) {
    if (exact.contains(path)) {
      return true;
    }
    for (Pattern pattern : wild) {
      if (pattern.matcher(path).matches()) {
        return true;
      }
    }
    return false;
  }

  private static Pattern compile(String pattern) {
    StringBuilder regex = new StringBuilder();
    String rest = pattern;
    boolean withChildren = pattern.length() > 3 && pattern.endsWith("/**");
    if (withChildren) {
      rest = pattern.substring(0, pattern.length() - 3);
    }
    for (int i = 0; i < rest.length(); i++) {
      char c = rest.charAt(i);
      if (c != '*') {
        regex.append(Pattern.quote(String.valueOf(c)));
      } else if (i + 1 < rest.length() && rest.charAt(i + 1) == '*') {
        regex.append(".*");
        i++;
      } else {
        regex.append("[^/]*");
      }
    }
    if (withChildren) {
      regex.append("(?:/.*)?");
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }
}
