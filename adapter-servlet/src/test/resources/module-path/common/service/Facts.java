// SPDX-License-Identifier: Apache-2.0
package service;

import io.runtracker.Tracker;
import io.runtracker.servlet.TrackingFilter;

/** What the service knows of modules. */
final class Facts {

  static void print() throws Exception {
    System.out.println("module of the service: " + Facts.class.getModule().getName());
    System.out.println("module of the tracker: " + Tracker.class.getModule().getName());
    System.out.println("module of the filter: " + TrackingFilter.class.getModule().getName());
    Class<?> internal = Class.forName("io.runtracker.internal.capture.CurrentRequest");
    try {
      internal.getMethod("get").invoke(null);
      System.out.println("internal: accessible");
    } catch (IllegalAccessException hidden) {
      System.out.println("internal: " + hidden.getMessage());
    }
  }
}
