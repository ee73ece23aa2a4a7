// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.util.function.Consumer;

/**
 * The moments between which the line behind the ring does something that another process or another
 * thread can see. A test stops the line at each of them, and starts it again from what is on disk.
 */
public enum FailPoint {
  /** A stage comes round. What is thrown here ends its thread. */
  BEFORE_ROUND,
  /** A request was taken out of the ring, and is to be copied as bytes. */
  BEFORE_ENCODE,
  /** A group was taken out of the ring, and the log has not seen it. */
  BEFORE_GROUP,
  /** The log has the group. */
  AFTER_GROUP,
  /** The log has a group, and hands out none of its events. */
  BEFORE_PUBLISH,
  /** It hands them out. */
  AFTER_PUBLISH,
  BEFORE_WRITE,
  AFTER_WRITE,
  BEFORE_MIRROR,
  AFTER_MIRROR,
  /** Events are done, and what was kept of them is still there. */
  BEFORE_REAP,
  BEFORE_DELETE,
  AFTER_DELETE,
  BEFORE_CARRY,
  AFTER_CARRY,
  /** An event was read from the log, and belongs to no unit yet. */
  BEFORE_ROUTE,
  /** It is to become a row of a window. */
  BEFORE_ROW,
  /** It is to be copied, for a run of its own. */
  BEFORE_HOLD,
  AFTER_ROUTE,
  /** A unit is to be sent, and there is no idle thread for it. */
  BEFORE_SENDER,
  /** A unit was handed to a thread that sends. */
  BEFORE_PLAN,
  AFTER_PLAN,
  BEFORE_FIND,
  AFTER_FIND,
  BEFORE_CREATE,
  AFTER_CREATE,
  BEFORE_CREATED,
  AFTER_CREATED,
  BEFORE_COMPLETE,
  AFTER_COMPLETE,
  BEFORE_DISCARD,
  AFTER_DISCARD,
  BEFORE_SWEEP,
  AFTER_SWEEP,
  /** A unit came back from the thread that sent it, and is not settled. */
  BEFORE_SETTLE,
  AFTER_SETTLE,
  BEFORE_SET_ASIDE,
  AFTER_SET_ASIDE,
  BEFORE_SPLIT,
  AFTER_SPLIT;

  /**
   * Told of each point as it is reached, on the thread that reaches it. Outside tests nobody is.
   */
  public static final Consumer<FailPoint> NOBODY = point -> {};
}
