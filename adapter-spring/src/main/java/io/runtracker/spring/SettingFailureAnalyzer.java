// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.internal.config.SettingException;
import java.util.Arrays;
import java.util.Locale;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Tells of a setting that cannot be used by the name that it has in {@code application.yml}. */
final class SettingFailureAnalyzer extends AbstractFailureAnalyzer<SettingException> {

  private static final String OURS = "RUNTRACKER_";

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, SettingException cause) {
    boolean isVariable = String.valueOf(cause.getMessage()).startsWith(cause.variable());
    String written = isVariable ? cause.variable() : property(cause);
    return new FailureAnalysis(
        written + " " + cause.fault(), "Give " + written + " another value.", cause);
  }

  private static String property(SettingException cause) {
    boolean isOurs = cause.variable().startsWith(OURS);
    String name = isOurs ? cause.variable().substring(OURS.length()) : cause.setting();
    String[] words = name.split(isOurs ? "_" : "(?=[A-Z])");
    return "runtracker." + String.join("-", Arrays.asList(words)).toLowerCase(Locale.ROOT);
  }
}
