# SPDX-License-Identifier: Apache-2.0
"""How fast the spool appends, beside a bare append loop, is read and recovered; and how soon a tracker commits."""

import pathlib
import shutil
import statistics
import tempfile

import java
import results
from processes import ROOT, say

MAIN = "spool.SpoolRate"
COMMIT = "spool.CommitTime"

# What goes on while requests are committed.
LOADS = {
    "away": "`RUN`, the sink is away",
    "window": "`WINDOW`, the sink takes them at once",
    "auto": "`AUTO` in windows, 3 % of the requests fail and are runs",
    "backlog": "`WINDOW`, a backlog is read back",
    "hanging": "`WINDOW`, the sink hangs",
}
PER_LOAD = ["commit_ms_p50", "commit_ms_p999", "commit_ms_max", "wake_late_ms_p999", "wake_late_ms_max"]
# Direct buffers of the spool and of the bare loop; the same heap for both.
OPTIONS = ["-Xms1g", "-Xmx1g", "-XX:+UseG1GC"]


def add_arguments(parser):
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--events", type=int, default=1_500_000,
                        help="of each measurement; more of them, and the kernel begins to write to the disk meanwhile")
    parser.add_argument("--rate", type=int, default=10_000, help="requests a second, while commits are timed")
    parser.add_argument("--warm-up", type=float, default=10, help="seconds of each load before")
    parser.add_argument("--seconds", type=float, default=30, help="of each load")
    parser.add_argument("--backlog", type=int, default=1_000_000, help="requests, read back again and again")


def make_quick(arguments):
    arguments.rounds, arguments.events = 1, 50_000
    arguments.warm_up, arguments.seconds, arguments.backlog = 2, 3, 50_000


def measure(arguments):
    detail = {"rounds": []}
    # Beside the build, because /tmp is often memory and a spool is not.
    base = ROOT / "benchmarks/target"
    with tempfile.TemporaryDirectory(prefix="spool-", dir=base) as folder:
        work = pathlib.Path(folder)

        def run(what, events=arguments.events, target=None):
            directory = target or work / what
            result = java.run(MAIN, what, directory, events, options=OPTIONS)
            if target is None:
                remove(directory)
            return result

        for number in range(arguments.rounds):
            arms = ["bare", "append"] if number % 2 == 0 else ["append", "bare"]
            found = {arm: run(arm) for arm in arms}
            detail["rounds"].append(found)
            say(f"round {number + 1}: bare {found['bare']['append_per_second']:.0f}/s,"
                f" spool {found['append']['append_per_second']:.0f}/s")
        few = max(1, arguments.events // 10)
        detail["single"] = run("single", few)
        detail["power"] = run("power", few)
        crashed = work / "crashed"
        run("fill", target=crashed)
        detail["recovery"] = run("recover", target=crashed)
        detail["commit"] = {}
        for load in LOADS:
            detail["commit"][load] = java.run(
                COMMIT, load, work / load, arguments.rate, arguments.warm_up, arguments.seconds, arguments.backlog,
                options=OPTIONS)
            remove(work / load)
            say(f"{load}: p99.9 {detail['commit'][load]['commit_ms_p999']:.1f} ms from acceptance to commit")
    return figures(detail), detail, [java.JAVA]


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def figures(detail):
    rounds = detail["rounds"]

    def median(value):
        return statistics.median(value(found) for found in rounds)

    recovery = detail["recovery"]
    return {
        "append_per_second": median(lambda r: r["append"]["append_per_second"]),
        "bare_append_per_second": median(lambda r: r["bare"]["append_per_second"]),
        "append_ratio": median(
            lambda r: r["append"]["append_per_second"] / r["bare"]["append_per_second"]),
        "commit_p99_us": median(lambda r: r["append"]["commit_p99_us"]),
        "commit_p99_us_of_one_event": detail["single"]["commit_p99_us"],
        "commit_p99_us_with_sync": detail["power"]["commit_p99_us"],
        "drain_per_second": median(lambda r: r["append"]["drain_per_second"]),
        "recovered_events": recovery["recovery_events"],
        "recovery_seconds_per_million":
            recovery["recovery_seconds"] * 1e6 / recovery["recovery_events"],
        **{f"{name}_{load}": found[name] for load, found in detail["commit"].items() for name in PER_LOAD},
    }


def faults(found, detail):
    """What makes the figures worthless."""
    wrong = []
    for r in detail["rounds"]:
        if r["append"]["append_events"] != r["append"]["drain_events"]:
            wrong.append("what was drained is not what was appended")
    recovery = detail["recovery"]
    if recovery["damaged"] or recovery["recovery_events"] != recovery["drain_events"]:
        wrong.append("the recovery found damage, or not every event")
    for load, found in detail["commit"].items():
        if found["requests"] == 0 or found["ledger"]["dropped"]:
            wrong.append(f"{load}: no request was timed, or some were dropped")
    if not detail["commit"]["auto"]["writing_windows"]:
        wrong.append("auto: it wrote no windows")
    return wrong


def chart(plot, result):
    found = result["figures"]
    figure, (axes, commits) = plot.subplots(2, 1, figsize=(7, 4.6), height_ratios=[3, 5])
    names = ["bare_append_per_second", "append_per_second", "drain_per_second"]
    axes.barh(["bare append loop", "spool: append", "spool: drain"],
              [found[name] / 1e6 for name in names], color=["#999999", "#2a6fbb", "#7fb2e5"])
    axes.invert_yaxis()
    axes.set_xlabel("million events per second")
    commits.barh(list(LOADS), [found[f"commit_ms_p999_{load}"] for load in LOADS], color="#7fb2e5", label="p99.9")
    commits.barh(list(LOADS), [found[f"commit_ms_p50_{load}"] for load in LOADS], color="#2a6fbb", label="p50")
    commits.axvline(20, color="#999999", linestyle=":")
    commits.invert_yaxis()
    commits.set_xlabel("ms from acceptance to commit")
    commits.legend(frameon=False)
    return figure


def tables(found):
    yield ("Events of 300 to 800 bytes, 512 to a commit, not synced unless said so", ["figure", "value"],
           results.listing("spool", found, [name for name in found if not name.startswith(tuple(PER_LOAD))]))
    yield ("From acceptance to commit, and beside it how late a thread wakes up that only sleeps; ms",
           ["meanwhile", "p50", "p99.9", "max", "wakes late: p99.9", "max"],
           [[what, *(results.cell("spool", found, f"{name}_{load}") for name in PER_LOAD)]
            for load, what in LOADS.items()])
