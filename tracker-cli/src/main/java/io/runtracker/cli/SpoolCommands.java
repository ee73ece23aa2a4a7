// SPDX-License-Identifier: Apache-2.0
package io.runtracker.cli;

import io.runtracker.Ledger;
import io.runtracker.Tracker;
import io.runtracker.internal.delivery.Spool;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code runtracker spool ...}: on the spool of a service that is not running. */
@Command(
    name = "spool",
    description = "Looks into a spool directory, empties it, or sends again what was refused.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets it
final class SpoolCommands {

  @Spec private CommandSpec spec;

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  @Command(description = "Prints what is in the spool, and the ledger.")
  int inspect(@Parameters(paramLabel = "DIR") Path directory) throws IOException {
    try (Spool spool = Spool.open(directory)) {
      print(spool.ledger());
      out().println("bytes: " + spool.stats().bytes());
      out().println("segments: " + spool.stats().segments());
      out().println("rejected: " + spool.rejected().size());
      out().println("damaged: " + (spool.recovery().damaged() ? spool.recovery() : "no"));
    }
    return 0;
  }

  @Command(
      description =
          "Delivers what is in the spool to the server that MLFLOW_TRACKING_URI and MLflow's other"
              + " variables name. Exits with 1 when some of it is left.")
  int drain(
      @Parameters(paramLabel = "DIR") Path directory,
      @Option(
              names = "--seconds",
              paramLabel = "N",
              defaultValue = "3600",
              description = "give up after N seconds; default: ${DEFAULT-VALUE}")
          long seconds)
      throws IOException {
    Spool.open(directory).close(); // a typo must not make a new spool
    try (Tracker tracker =
        Tracker.builder().enabled(true).spool(directory).closeTimeout(Duration.ZERO).build()) {
      Ledger ledger = tracker.flush(Duration.ofSeconds(seconds));
      print(ledger);
      return ledger.spooled() + ledger.inFlight() == 0 ? 0 : 1;
    }
  }

  @Command(
      description =
          "Prints the requests that the server refused, with the reasons. With --resend they are"
              + " put back into the spool, to be delivered by the service or by 'drain'. Exits with"
              + " 1 when one of the files cannot be read.")
  int rejected(
      @Parameters(paramLabel = "DIR") Path directory,
      @Option(names = "--resend", description = "put them back into the spool") boolean resend)
      throws IOException {
    boolean all = true;
    try (Spool spool = Spool.open(directory)) {
      for (Path file : spool.rejected()) {
        if (resend) {
          all &= isResent(spool, file);
        } else {
          out().println(file + ":");
          out().println(Files.readString(file));
        }
      }
    }
    return all ? 0 : 1;
  }

  /** One file that cannot be read costs that file, and not those behind it. */
  private boolean isResent(Spool spool, Path file) {
    try {
      spool.resend(file);
      out().println("resent: " + file.getFileName());
      return true;
    } catch (IOException e) {
      out().println("not resent: " + e.getMessage());
      return false;
    }
  }

  private void print(Ledger ledger) {
    out().println("offered: " + ledger.offered());
    out().println("accepted: " + ledger.accepted());
    out().println("delivered: " + ledger.delivered());
    out().println("spooled: " + ledger.spooled());
    out().println("dropped: " + ledger.dropped());
  }
}
