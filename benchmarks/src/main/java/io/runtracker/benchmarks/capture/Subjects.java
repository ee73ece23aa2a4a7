// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import io.runtracker.benchmarks.capture.Subject.Ending;

/** The clients by name. A JVM runs one of them: some are set up by system properties. */
final class Subjects {

  private Subjects() {}

  static Subject start(String name, Ending ending) {
    LogbackSetup.quiet();
    return switch (name) {
      case "nobody" -> new NobodySubject();
      case "runtracker" -> new RuntrackerSubject(ending);
      case "zipkin" -> new ZipkinSubject(ending);
      case "opentelemetry" -> new OpenTelemetrySubject(ending);
      case "logstash" -> new LogstashSubject(ending);
      case "log4j" -> new Log4jSubject(ending);
      default -> throw new IllegalArgumentException(name);
    };
  }
}
