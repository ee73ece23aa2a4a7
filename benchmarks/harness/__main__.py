# SPDX-License-Identifier: Apache-2.0
"""One benchmark, or the document made of all their results. Started by run.sh."""

import argparse
import shlex
import signal
import subprocess
import sys

import capture
import delivery
import document
import fleet
import idle
import machine
import pipeline
import poison
import results
import service
import service_report
import spool
import window
from processes import Problem, say

# A benchmark is a module with add_arguments, make_quick, measure and faults; it, or one beside it, has
# chart and tables.
BENCHMARKS = {"capture": capture, "service": service, "delivery": delivery, "idle": idle,
              "spool": spool, "window": window, "pipeline": pipeline, "poison": poison,
              "fleet": fleet}

REPORTS = {**BENCHMARKS, "service": service_report}


def parse():
    parser = argparse.ArgumentParser(prog="benchmarks/run.sh")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, benchmark in BENCHMARKS.items():
        command = commands.add_parser(name, help=benchmark.__doc__, description=benchmark.__doc__)
        command.add_argument(
            "--quick", action="store_true", help="under a minute: does it run, not what it costs")
        benchmark.add_arguments(command)
    command = commands.add_parser("document", help="writes docs/measurements.md and docs/pipeline.md from the results")
    command.add_argument("--quick", action="store_true", help="from the quick ones, beside them")
    arguments = parser.parse_args()
    arguments.command_line = "benchmarks/run.sh " + shlex.join(sys.argv[1:])
    return arguments


def interrupted(number, frame):
    raise KeyboardInterrupt


def main():
    arguments = parse()
    signal.signal(signal.SIGTERM, interrupted)
    if arguments.command == "document":
        document.write(REPORTS, arguments.quick)
        return 0
    benchmark = BENCHMARKS[arguments.command]
    if arguments.quick:
        benchmark.make_quick(arguments)
    busy_before = None if arguments.quick else machine.wait_for_quiet()
    if not machine.is_quiet(busy_before):
        say(f"{busy_before:.0%} of the cores are in use: these figures are not to be trusted")
    try:
        figures, detail, javas = benchmark.measure(arguments)
    except KeyboardInterrupt:
        return 130
    except (Problem, OSError, ValueError, KeyError, subprocess.CalledProcessError) as e:
        say(f"{type(e).__name__}: {e}")
        return 1
    results.publish(
        arguments.command, arguments, figures, detail, javas, busy_before,
        REPORTS[arguments.command].chart)
    faults = benchmark.faults(figures, detail)
    for fault in faults:
        say(f"WRONG: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
