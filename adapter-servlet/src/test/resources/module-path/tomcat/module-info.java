// SPDX-License-Identifier: Apache-2.0

module service {
  requires io.runtracker.servlet;
  requires org.apache.tomcat.embed.core;
}
