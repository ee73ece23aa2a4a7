// SPDX-License-Identifier: Apache-2.0
package service;

import io.runtracker.Ledger;
import io.runtracker.TrackAs;
import io.runtracker.Tracker;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;

/** A service that asks itself for one page, and says what became of the request. */
public final class Main {

  public static void main(String[] args) throws Exception {
    Tracker tracker = Tracker.builder().trackAs(TrackAs.RUN).build();
    try (AutoCloseable server = Container.start(tracker)) {
      HttpURLConnection page =
          (HttpURLConnection) URI.create(Container.address() + "/hello").toURL().openConnection();
      System.out.println("status: " + page.getResponseCode());
    }
    Ledger ledger = tracker.close(Duration.ofSeconds(30));
    System.out.println("delivered: " + ledger.delivered());
    Facts.print();
  }
}
