// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

/** The contract with every request on a virtual thread. */
@EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "virtual threads are of Java 21")
class VirtualThreadsTest extends SpringContract {
  @Override
  protected String[] properties() {
    return new String[] {"spring.threads.virtual.enabled=true"};
  }
}
