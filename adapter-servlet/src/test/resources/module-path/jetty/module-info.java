// SPDX-License-Identifier: Apache-2.0

module service {
  requires io.runtracker.servlet;
  requires org.eclipse.jetty.ee11.servlet;
}
