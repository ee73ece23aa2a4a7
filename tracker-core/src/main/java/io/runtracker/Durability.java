// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/** What the requests in a spool survive. */
public enum Durability {
  /** The end of the process, {@code kill -9} included: one write a group, no sync. */
  PROCESS,
  /** A power loss too: the file is synced before a group counts as safe. */
  POWER
}
