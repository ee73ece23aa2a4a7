// SPDX-License-Identifier: Apache-2.0
package io.runtracker.documents;

import io.javalin.config.JavalinConfig;
import io.micrometer.core.instrument.MeterRegistry;
import io.runtracker.Tracker;
import jakarta.servlet.http.HttpServletRequest;
import java.util.concurrent.ExecutorService;
import org.apache.catalina.startup.Tomcat;
import org.slf4j.Logger;

/**
 * What a block of Java may use without saying where it comes from. A reader knows these by their
 * names; whatever else a block uses, it has to declare.
 */
@SuppressWarnings("unused")
public abstract class Given {

  protected Tracker tracker;
  protected HttpServletRequest request;
  protected ExecutorService executor;
  protected Logger log;
  protected JavalinConfig config;
  protected Tomcat tomcat;
  protected String baseDirectory;
  protected MeterRegistry registry;

  /** What a handler has. */
  protected String prompt;

  protected Exception caught;

  protected double score(String input) {
    return 0;
  }

  /** What a test has. */
  protected void callTheService(Tracker tracker) {}

  protected void assertEquals(Object expected, Object actual) {}

  protected int countRows() {
    return 0;
  }
}
