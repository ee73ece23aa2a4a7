// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.internal.config.SettingException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Tells of a setting that cannot be used by the name that it has in {@code application.yml}. */
final class SettingFailureAnalyzer extends AbstractFailureAnalyzer<SettingException> {

  private static final String OURS = "RUNTRACKER_";

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, SettingException cause) {
    boolean isVariable = String.valueOf(cause.getMessage()).startsWith(cause.variable());
    String property = PropertyNames.of(nameOf(cause));
    String written = isVariable || property == null ? cause.variable() : property;
    return new FailureAnalysis(
        written + " " + cause.fault(), "Give " + written + " another value.", cause);
  }

  /** By the variable where that is ours: {@code spool} is {@code RUNTRACKER_SPOOL_DIR}. */
  private static String nameOf(SettingException cause) {
    return cause.variable().startsWith(OURS)
        ? cause.variable().substring(OURS.length())
        : cause.setting();
  }
}
