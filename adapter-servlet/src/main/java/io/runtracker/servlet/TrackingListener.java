// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletRequestEvent;
import jakarta.servlet.ServletRequestListener;

/**
 * Ends requests that went wrong when the container has answered them: its error page comes after
 * all filters and has a status of its own. The {@link TrackingFilter} works without it, and then
 * records the status that the error was reported with.
 *
 * <p>{@link TrackingFilter#register} registers it too, and so does a filter in {@code web.xml},
 * where the container lets it. Registered twice, it does no harm.
 */
@SuppressWarnings("exports") // the servlet API is the container's, see module-info
public final class TrackingListener implements ServletRequestListener {

  private static final String PRESENT = TrackingListener.class.getName();

  private volatile boolean announced;

  /** For the container. */
  public TrackingListener() {}

  /** Whether requests of this application are seen to their end. */
  static boolean isIn(ServletContext context) {
    return context.getAttribute(PRESENT) != null;
  }

  @Override
  public void requestInitialized(ServletRequestEvent event) {
    if (announced) {
      return;
    }
    try {
      event.getServletContext().setAttribute(PRESENT, true);
      announced = true;
    } catch (Throwable fault) {
      Exchange.log(fault);
    }
  }

  @Override
  public void requestDestroyed(ServletRequestEvent event) {
    try {
      Exchange exchange = Exchange.of(event.getServletRequest());
      if (exchange != null) {
        exchange.destroyed();
      }
    } catch (Throwable fault) {
      Exchange.log(fault);
    }
  }
}
