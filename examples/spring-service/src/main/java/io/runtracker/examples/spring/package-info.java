// SPDX-License-Identifier: Apache-2.0
/** A Spring Boot service, tracked by nothing but a dependency. */
@NullMarked
package io.runtracker.examples.spring;

import org.jspecify.annotations.NullMarked;
