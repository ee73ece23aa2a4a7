// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/** What is recorded of a URL's query; see {@link Tracker.Builder#recordQuery}. */
public enum RecordQuery {
  /** Names and values, those of secrets redacted. */
  VALUES,
  /** Names alone: each value is redacted, as where people type prompts into a search field. */
  NAMES,
  /** Nothing. */
  NONE
}
