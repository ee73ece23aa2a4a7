// SPDX-License-Identifier: Apache-2.0
/** A service on embedded Tomcat, tracked by the servlet filter. */
@NullMarked
package io.runtracker.examples.servlet;

import org.jspecify.annotations.NullMarked;
