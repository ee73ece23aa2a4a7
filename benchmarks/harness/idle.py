# SPDX-License-Identifier: Apache-2.0
"""What a tracker costs a process that serves nothing, and what it adds to a service's start."""

import pathlib
import statistics
import tempfile
import time

import java
import results
import servers
import service
from processes import environment, free_port, get, say, started, wait_until

MAIN = "idle.IdleProcess"
STATES = ["none", "unused", "used"]
POLL_SECONDS = 0.002


def add_arguments(parser):
    parser.add_argument("--seconds", type=float, default=60, help="of idleness")
    parser.add_argument("--settle", type=float, default=20,
                        help="seconds before them, in which a tracker that was used lets its threads go")
    parser.add_argument("--starts", type=int, default=5, help="of each service, without and with tracking")


def make_quick(arguments):
    arguments.seconds, arguments.settle, arguments.starts = 2, 12, 1


def measure(arguments):
    detail = {"idle": {}, "starts": {}}
    with tempfile.TemporaryDirectory(prefix="runtracker-benchmark-") as folder:
        work = pathlib.Path(folder)
        with servers.mlflow(work) as server:
            # One after the other: the least that another does is more than an idle tracker.
            for state in STATES:
                settle = arguments.settle if state == "used" else min(arguments.settle, 3)
                one = java.run(MAIN, state, server["url"], settle, arguments.seconds,
                               timeout=arguments.seconds + arguments.settle + 300)
                detail["idle"][state] = one
                say(f"{state}: {one['cpu_seconds']:.3f} s of CPU in {one['seconds']:.0f} s,"
                    f" {one['threads']} threads, {one['heap_bytes'] / 1e6:.2f} MB")
        for name in service.ADAPTERS[:1] if arguments.quick else service.ADAPTERS:
            detail["starts"][name] = starts(arguments, name, work)
            say(f"start of {name}, ms: {detail['starts'][name]}")
    return figures(detail), detail, [java.JAVA]


def starts(arguments, name, work):
    """Milliseconds to the first answer, in turn without and with; the first of each warms the disk."""
    found = {"off": [], "on": []}
    for number in range(arguments.starts + (0 if arguments.quick else 1)):
        for state in ("off", "on") if number % 2 == 0 else ("on", "off"):
            port = free_port()
            options = {"cwd": work, "env": environment(
                PORT=str(port), **service.variables(state == "on", f"http://127.0.0.1:{free_port()}"))}
            before = time.monotonic()
            with started(name, service.start_command(name), work / f"{name}.log", **options) as process:
                wait_until(f"{name}'s start", 120, lambda: get(f"http://127.0.0.1:{port}/hello"),
                           process, pause=POLL_SECONDS)
                took = (time.monotonic() - before) * 1000
            if number > 0 or arguments.quick:
                found[state].append(round(took, 1))
    return found


def figures(detail):
    found = {}
    none = detail["idle"]["none"]

    def percent(one):
        return 100 * one["cpu_seconds"] / one["seconds"]

    for state in ("unused", "used"):
        one = detail["idle"][state]
        found[f"{state}_cpu_percent"] = max(0.0, percent(one) - percent(none))
        found[f"{state}_threads"] = one["threads"] - none["threads"]
        found[f"{state}_heap_mb"] = (one["heap_bytes"] - none["heap_bytes"]) / 1e6
    found["none_cpu_percent"] = percent(none)
    for name, took in detail["starts"].items():
        off, on = statistics.median(took["off"]), statistics.median(took["on"])
        found[f"start_ms_{name}"] = off
        found[f"start_added_ms_{name}"] = on - off
    return found


def faults(found, detail):
    return []


def chart(plot, result):
    found, detail = result["figures"], result["detail"]
    figure, (left, right) = plot.subplots(1, 2, figsize=(9, 2.6))
    left.barh(list(detail["idle"]), [100 * one["cpu_seconds"] / one["seconds"] for one in detail["idle"].values()],
              color=["#999999", "#7fb2e5", "#2a6fbb"])
    left.invert_yaxis()
    left.set_xlabel("CPU of an idle process, % of a core")
    names = list(detail["starts"])
    right.bar(range(len(names)), [found[f"start_ms_{name}"] for name in names], color="#999999", label="without")
    right.bar(range(len(names)), [max(0, found[f"start_added_ms_{name}"]) for name in names],
              bottom=[found[f"start_ms_{name}"] for name in names], color="#2a6fbb", label="added")
    right.set_xticks(range(len(names)), names)
    right.set_ylabel("start, ms")
    right.legend(fontsize=7)
    return figure


def tables(found):
    yield ("More than the same process without a tracker", ["tracker", "CPU, % of a core", "threads", "heap, MB"], [
        [{"unused": "has served nothing yet", "used": "has delivered some runs"}[state],
         *(results.cell("idle", found, f"{state}_{what}") for what in ("cpu_percent", "threads", "heap_mb"))]
        for state in ("unused", "used")])
    yield ("From the start of the process to its first answer, medians", ["service", "without, ms", "added, ms"], [
        [name, *(results.cell("idle", found, f"{what}_{name}") for what in ("start_ms", "start_added_ms"))]
        for name in service.ADAPTERS if f"start_ms_{name}" in found])
