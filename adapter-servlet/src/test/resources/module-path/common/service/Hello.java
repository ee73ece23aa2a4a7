// SPDX-License-Identifier: Apache-2.0
package service;

import io.runtracker.TrackedRequest;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

/** The page. */
public final class Hello extends HttpServlet {

  private static final long serialVersionUID = 1;

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response) {
    TrackedRequest.current().param("model", "modular");
    response.setStatus(202);
  }
}
