// SPDX-License-Identifier: Apache-2.0
package io.runtracker.cli;

import io.runtracker.DropReason;
import io.runtracker.Ledger;
import io.runtracker.Tracker;
import io.runtracker.internal.delivery.Spool;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code runtracker spool ...}: on the spool of a service that is not running. */
@Command(
    name = "spool",
    description = {
      "Looks into a spool directory, empties it, or sends again what was refused.",
      "DIR is a spool, or a directory that several processes share: then all its parts."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
@SuppressWarnings("NullAway.Init") // picocli sets it
final class SpoolCommands {

  @Spec private CommandSpec spec;

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  /** What a command does to one spool; the result is its exit code. */
  private interface Work {
    int on(Path spool) throws IOException;
  }

  /** One part that cannot be used, such as that of a running process, costs no other. */
  private int onEach(Path directory, Work work) throws IOException {
    List<Path> parts = Spool.in(directory);
    if (parts.contains(directory)) {
      return work.on(directory);
    }
    int worst = 0;
    for (Path part : parts) {
      out().println(part.getFileName() + ":");
      try {
        worst = Math.max(worst, work.on(part));
      } catch (IOException e) {
        out().println("not read: " + e.getMessage());
        worst = 1;
      }
    }
    return worst;
  }

  @Command(
      description = "Prints what is in the spool, and the ledger.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  int inspect(@Parameters(paramLabel = "DIR") Path directory) throws IOException {
    List<Ledger> ledgers = new ArrayList<>();
    int exit = onEach(directory, part -> inspect(part, ledgers));
    if (ledgers.size() > 1) {
      out().println("all parts:");
      print(sum(ledgers));
    }
    return exit;
  }

  private int inspect(Path part, List<Ledger> ledgers) throws IOException {
    try (Spool spool = Spool.open(part)) {
      ledgers.add(spool.ledger());
      print(spool.ledger());
      out().println("bytes: " + spool.stats().bytes());
      out().println("segments: " + spool.stats().segments());
      out().println("rejected: " + spool.rejected().size());
      out().println("damaged: " + (spool.recovery().damaged() ? spool.recovery() : "no"));
    }
    return 0;
  }

  private static Ledger sum(List<Ledger> ledgers) {
    Map<DropReason, Long> dropped = new EnumMap<>(DropReason.class);
    for (Ledger ledger : ledgers) {
      ledger.dropped().forEach((reason, count) -> dropped.merge(reason, count, Long::sum));
    }
    return new Ledger(
        ledgers.stream().mapToLong(Ledger::offered).sum(),
        ledgers.stream().mapToLong(Ledger::accepted).sum(),
        ledgers.stream().mapToLong(Ledger::delivered).sum(),
        ledgers.stream().mapToLong(Ledger::inFlight).sum(),
        ledgers.stream().mapToLong(Ledger::spooled).sum(),
        dropped);
  }

  @Command(
      description =
          "Delivers what is in the spool to the server that MLFLOW_TRACKING_URI and MLflow's other"
              + " variables name. Exits with 1 when some of it is left.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  int drain(
      @Parameters(paramLabel = "DIR") Path directory,
      @Option(
              names = "--seconds",
              paramLabel = "N",
              defaultValue = "3600",
              description = "give up on a spool after N seconds; default: ${DEFAULT-VALUE}")
          long seconds)
      throws IOException {
    return onEach(directory, part -> drain(part, Duration.ofSeconds(seconds)));
  }

  private int drain(Path part, Duration longest) throws IOException {
    Spool.open(part).close(); // one that is in use is told as such
    try (Tracker tracker =
        Tracker.builder()
            .enabled(true)
            .spool(part)
            .spoolShared(false)
            .closeTimeout(Duration.ZERO)
            .build()) {
      Ledger ledger = tracker.flush(longest);
      print(ledger);
      return ledger.spooled() + ledger.inFlight() == 0 ? 0 : 1;
    }
  }

  @Command(
      description =
          "Prints the requests that the server refused, with the reasons. With --resend they are"
              + " put back into the spool, to be delivered by the service or by 'drain'. Exits with"
              + " 1 when one of the files cannot be read.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  int rejected(
      @Parameters(paramLabel = "DIR") Path directory,
      @Option(names = "--resend", description = "put them back into the spool") boolean resend)
      throws IOException {
    return onEach(directory, part -> rejectedOf(part, resend));
  }

  private int rejectedOf(Path part, boolean resend) throws IOException {
    boolean all = true;
    try (Spool spool = Spool.open(part)) {
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
