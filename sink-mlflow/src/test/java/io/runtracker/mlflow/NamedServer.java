// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.sink.SinkException;
import java.security.Security;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A process of its own that calls a server by its name for a minute, and prints what comes back
 * whenever that is something else than before. Its Java forgets names within a second.
 */
final class NamedServer {

  private NamedServer() {}

  public static void main(String[] arguments) throws Exception {
    Security.setProperty("networkaddress.cache.ttl", "1");
    Security.setProperty("networkaddress.cache.negative.ttl", "1");
    MlflowSink.Builder sink =
        MlflowSink.builder()
            .environment(Map.of("HOME", "/nonexistent"))
            .trackingUri(arguments[0])
            .requestTimeout(Duration.ofSeconds(30));
    Transport transport =
        new Transport(
            new SettingsResolver(sink).resolve(), Duration.ofMinutes(1), Duration.ofMillis(200));
    String before = "";
    for (int call = 0; call < 3_000; call++) {
      String outcome = outcome(transport);
      if (!outcome.equals(before)) {
        System.out.println(outcome);
      }
      before = outcome;
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private static String outcome(Transport transport) throws InterruptedException {
    try {
      return transport.get("/").body();
    } catch (SinkException e) {
      return e.kind().toString();
    }
  }
}
