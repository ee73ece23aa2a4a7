// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** Which requests get a fault, and how many of them. Safe for use by any thread. */
final class FaultRule {
  private final Predicate<FaultProxy.Request> applies;
  private final Predicate<HttpMessage> appliesToContent;
  private final Fault fault;
  private final AtomicInteger left;

  FaultRule(
      Predicate<FaultProxy.Request> applies,
      Predicate<HttpMessage> appliesToContent,
      Fault fault,
      int times) {
    this.applies = applies;
    this.appliesToContent = appliesToContent;
    this.fault = fault;
    this.left = new AtomicInteger(times);
  }

  Fault fault() {
    return fault;
  }

  boolean take(FaultProxy.Request request, HttpMessage message) {
    return applies.test(request)
        && appliesToContent.test(message)
        && left.getAndUpdate(n -> n == Integer.MAX_VALUE ? n : Math.max(0, n - 1)) > 0;
  }
}
