// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.function.Predicate;

/** What threads have cost so far, as the JVM counts it. */
final class ThreadCosts {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private ThreadCosts() {}

  /** Of the calling thread; 0 on a virtual one, for which the JVM does not count. */
  static long allocatedBytes() {
    try {
      return Math.max(0, THREADS.getCurrentThreadAllocatedBytes());
    } catch (UnsupportedOperationException virtualThread) {
      return 0;
    }
  }

  /** Of the threads that run now and are called so. */
  static long cpuNanos(Predicate<String> name) {
    long nanos = 0;
    for (long id : THREADS.getAllThreadIds()) {
      ThreadInfo thread = THREADS.getThreadInfo(id);
      if (thread != null && name.test(thread.getThreadName())) {
        nanos += Math.max(0, THREADS.getThreadCpuTime(id));
      }
    }
    return nanos;
  }
}
