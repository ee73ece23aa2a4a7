// SPDX-License-Identifier: Apache-2.0

/**
 * Tracks requests and delivers them to a sink. Packages below {@code io.runtracker.internal} are
 * read by Runtracker's own modules alone, and change with any version.
 */
// Micrometer's jars have names and no descriptors, and whoever has none of them needs neither.
@SuppressWarnings({
  "requires-automatic",
  "module" // those that internal packages are exported to are compiled after this one
})
module io.runtracker {
  requires com.lmax.disruptor;
  requires org.slf4j;
  requires static transitive org.jspecify;
  // Not transitive, though TrackerMetrics is a MeterBinder: whoever compiles against this module
  // would need Micrometer.
  requires static micrometer.core;
  requires static context.propagation;

  exports io.runtracker;
  exports io.runtracker.adapter;
  exports io.runtracker.sink;
  exports io.runtracker.internal.config to
      io.runtracker.mlflow,
      io.runtracker.spring;
  exports io.runtracker.internal.event to
      io.runtracker.kafka,
      io.runtracker.mlflow;
  exports io.runtracker.internal.log to
      io.runtracker.kafka,
      io.runtracker.mlflow;
  exports io.runtracker.internal.stage to
      io.runtracker.kafka,
      io.runtracker.mlflow;

  // CurrentRequestAccessor is not provided: the JVM looks for the interface of what a module
  // provides, and does not start where it is absent. ContextPropagation registers the accessor.
  uses io.runtracker.sink.SinkProvider;
}
