// SPDX-License-Identifier: Apache-2.0
/**
 * Tracks the requests of a Spring MVC application: by itself with Spring Boot, in a few lines
 * without.
 */
@NullMarked
package io.runtracker.spring;

import org.jspecify.annotations.NullMarked;
