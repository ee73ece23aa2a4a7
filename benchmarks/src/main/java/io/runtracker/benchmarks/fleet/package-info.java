// SPDX-License-Identifier: Apache-2.0
/** Many instances of a service, whose requests go to a Kafka topic. */
@NullMarked
package io.runtracker.benchmarks.fleet;

import org.jspecify.annotations.NullMarked;
