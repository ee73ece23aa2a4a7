// SPDX-License-Identifier: Apache-2.0

/** The servlet filter. */
module io.runtracker.servlet {
  requires transitive io.runtracker;
  requires org.slf4j;
  requires static transitive org.jspecify;
  // The container brings it. Embedded Tomcat has the same packages in a module of its own, and no
  // two modules may have them.
  requires static jakarta.servlet;

  exports io.runtracker.servlet;
}
