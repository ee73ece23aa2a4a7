# SPDX-License-Identifier: Apache-2.0
"""How many runs per second reach MLflow, beside the best that a bare client reaches on the same server."""

import contextlib
import pathlib
import statistics
import tempfile

import java
import ratios
import results
import servers
from processes import say

MAIN = "delivery.DeliveryRate"
# With the metric duration_ms, which is the default, a run takes three calls; without, two.
SHAPES = {"plain": "false", "metric": "true"}
STORES = ["sqlite", "postgresql"]
# The optimising compiler has something to do for minutes at so few calls a second, and would take it from the server.
OPTIONS = [*java.HEAP, "-XX:TieredStopAtLevel=1"]


def add_arguments(parser):
    parser.add_argument("--rounds", type=int, default=10, help="turns of each client")
    parser.add_argument("--runs", type=int, default=100, help="of each turn")
    parser.add_argument("--rehearsal", type=int, default=1000, help="runs into a stand-in at first, for the compiler")
    parser.add_argument("--warm-up", type=int, default=60, help="runs before them, into the server itself")
    parser.add_argument("--bare", default="8,12,16", help="what the bare client has in flight; the best counts")
    parser.add_argument("--in-flight", type=int, default=12, help="ours")
    parser.add_argument("--workers", type=int, default=2, help="of the MLflow server")
    parser.add_argument("--stores", default=",".join(STORES), help="comma-separated")


def make_quick(arguments):
    arguments.rounds, arguments.runs, arguments.warm_up, arguments.bare = 1, 16, 8, "8"
    arguments.rehearsal = 100


def measure(arguments):
    detail = {"rates": [], "calls": {}, "skipped": []}
    with tempfile.TemporaryDirectory(prefix="runtracker-benchmark-") as folder:
        for store in arguments.stores.split(","):
            if store == "postgresql" and servers.postgres_programs() is None:
                say("there is no PostgreSQL on this machine: skipped")
                detail["skipped"].append(store)
                continue
            with contextlib.ExitStack() as stack:
                uri = stack.enter_context(servers.postgres()) if store == "postgresql" else None
                server = stack.enter_context(servers.mlflow(
                    pathlib.Path(folder), name=store, store=uri, workers=arguments.workers))
                on_one_server(arguments, store, server["url"], detail)
    return figures(detail), detail, [java.JAVA]


def on_one_server(arguments, store, url, detail):
    arms = [*(f"bare:{count}" for count in arguments.bare.split(",")), f"runtracker:{arguments.in_flight}"]
    for shape, metric in SHAPES.items():
        # In turns of two seconds, in one process: a database grows and a machine drifts.
        for one in java.run(MAIN, "rate", url, metric, arguments.warm_up, arguments.runs, arguments.rounds,
                            arguments.rehearsal, *arms, options=OPTIONS):
            detail["rates"].append({"store": store, "shape": shape, **one})
            say(f"round {one['round'] + 1}, {store}, {shape}: {one['who']}, {one['in_flight']} in flight:"
                f" {one['runs_per_second']:.1f} runs per second, {one['cpu_ms_per_run']:.1f} ms of CPU each")
    for shape, metric in SHAPES.items():
        if shape not in detail["calls"]:
            detail["calls"][shape] = java.run(MAIN, "calls", url, metric, 1, 20, arms[-1])


def figures(detail):
    found = {}
    for store in dict.fromkeys(one["store"] for one in detail["rates"]):
        for shape in SHAPES:
            mine = [one for one in detail["rates"] if (one["store"], one["shape"]) == (store, shape)]
            name = f"{shape}_{store}"

            def median(who, figure, in_flight=None):
                return statistics.median(one[figure] for one in mine if one["who"] == who
                                         and in_flight in (None, one["in_flight"]))

            counts = {one["in_flight"] for one in mine if one["who"] == "bare"}
            best = max(counts, key=lambda count: median("bare", "runs_per_second", count))
            found[f"bare_best_in_flight_{name}"] = best
            found[f"bare_runs_per_second_{name}"] = median("bare", "runs_per_second", best)
            found[f"runs_per_second_{name}"] = median("runtracker", "runs_per_second")
            # Each divided by the bare client's of its own round.
            bare = {one["round"]: one["runs_per_second"] for one in mine
                    if one["who"] == "bare" and one["in_flight"] == best}
            found |= ratios.figures(f"rate_ratio_{name}", [
                one["runs_per_second"] / bare[one["round"]] for one in mine if one["who"] == "runtracker"])
            found[f"bare_cpu_ms_per_run_{name}"] = median("bare", "cpu_ms_per_run", best)
            found[f"cpu_ms_per_run_{name}"] = median("runtracker", "cpu_ms_per_run")
    for shape, calls in detail["calls"].items():
        found[f"calls_per_{shape}_run"] = calls["calls_per_run"]
    return found


def faults(found, detail):
    return []  # a run that was not delivered ends the measurement


def chart(plot, result):
    found = result["figures"]
    names = [f"{shape}_{store}" for store in STORES for shape in SHAPES
             if f"rate_ratio_{shape}_{store}" in found]
    figure, axes = plot.subplots(figsize=(7, 2.8))
    for place, (prefix, label, color) in enumerate((
            ("bare_runs_per_second", "bare client, best", "#999999"),
            ("runs_per_second", "Runtracker", "#2a6fbb"))):
        axes.bar([i + 0.4 * place for i in range(len(names))], [found[f"{prefix}_{name}"] for name in names],
                 0.4, label=label, color=color)
    axes.set_xticks([i + 0.2 for i in range(len(names))], [
        name.replace("plain_", "2 calls, ").replace("metric_", "3 calls, ") for name in names])
    axes.set_ylabel("runs per second")
    axes.legend(fontsize=7)
    return figure


def tables(found):
    columns = ["bare_best_in_flight", "bare_runs_per_second", "runs_per_second", "rate_ratio",
               "bare_cpu_ms_per_run", "cpu_ms_per_run"]
    yield ("", ["store", "run", "bare client's best: in flight", "runs per second", "Runtracker: runs per second",
                "ratio", "bare client: CPU a run, ms", "Runtracker: CPU a run, ms"], [
        [store, {"plain": "plain", "metric": "with `duration_ms`"}[shape],
         *(results.cell("delivery", found, f"{column}_{shape}_{store}") for column in columns)]
        for store in STORES for shape in SHAPES if f"rate_ratio_{shape}_{store}" in found])
    yield ("", ["figure", "value"], results.listing(
        "delivery", found, [f"calls_per_{shape}_run" for shape in SHAPES]))
