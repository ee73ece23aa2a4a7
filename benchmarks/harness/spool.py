# SPDX-License-Identifier: Apache-2.0
"""How fast the spool appends, beside a bare append loop; and how fast it is read and recovered."""

import pathlib
import shutil
import statistics
import tempfile

import java
import results
from processes import ROOT, say

MAIN = "spool.SpoolRate"
# Direct buffers of the spool and of the bare loop; the same heap for both.
OPTIONS = ["-Xms1g", "-Xmx1g", "-XX:+UseG1GC"]


def add_arguments(parser):
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--events", type=int, default=1_500_000,
                        help="of each measurement; more of them, and the kernel begins to write to the disk meanwhile")


def make_quick(arguments):
    arguments.rounds, arguments.events = 1, 50_000


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
    return figures(detail), detail, [java.JAVA]


def remove(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()


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
    return wrong


def chart(plot, result):
    found = result["figures"]
    figure, axes = plot.subplots(figsize=(7, 2.4))
    names = ["bare_append_per_second", "append_per_second", "drain_per_second"]
    axes.barh(["bare append loop", "spool: append", "spool: drain"],
              [found[name] / 1e6 for name in names], color=["#999999", "#2a6fbb", "#7fb2e5"])
    axes.invert_yaxis()
    axes.set_xlabel("million events per second")
    return figure


def tables(found):
    yield ("Events of 300 to 800 bytes, 512 to a commit, not synced unless said so", ["figure", "value"],
           results.listing("spool", found, found))
