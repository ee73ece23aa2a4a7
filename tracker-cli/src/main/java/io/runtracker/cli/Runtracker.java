// SPDX-License-Identifier: Apache-2.0
package io.runtracker.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code runtracker}; {@code java -jar runtracker.jar}. */
@Command(
    name = "runtracker",
    description = "Works on what a tracked service left behind.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = SpoolCommands.class)
public final class Runtracker {

  private Runtracker() {}

  static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new Runtracker());
    commandLine.setExecutionExceptionHandler(
        (failure, line, parsed) -> {
          line.getErr().println("runtracker: " + failure.getMessage());
          return CommandLine.ExitCode.SOFTWARE;
        });
    return commandLine;
  }

  /** Exits with 0 when all went well, 1 when something could not be done, 2 when misspelt. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }
}
