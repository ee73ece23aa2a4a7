# SPDX-License-Identifier: Apache-2.0
"""What a request's thread pays, beside five other asynchronous clients told of the same request."""

import json
import pathlib
import statistics
import tempfile

import java
import results
from processes import ROOT, Problem, output, say

SUBJECTS = ["runtracker", "opentelemetry", "zipkin", "logstash", "log4j"]
COLORS = dict(zip(SUBJECTS + ["nobody"], ["#2a6fbb", "#e07b39", "#5a9e4b", "#9467bd", "#8c564b", "#999999"]))
PERCENTILES = ["p50.0", "p90.0", "p99.0", "p99.9", "p99.99"]
OPTIONS = ["-Xms1g", "-Xmx1g", "-XX:+UseG1GC"]
PACKAGE = "io.runtracker.benchmarks.capture"


def add_arguments(parser):
    parser.add_argument("--forks", type=int, default=3, help="JVMs for each measurement of bursts")
    parser.add_argument("--iterations", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.25, help="of an iteration")
    parser.add_argument("--warm-up", type=float, default=0.8, help="seconds before them")
    parser.add_argument("--threads", default="1,4,16,64", help="comma-separated")
    parser.add_argument("--kinds", default="platform,virtual", help="comma-separated")
    parser.add_argument("--subjects", default=",".join(SUBJECTS), help="comma-separated")
    parser.add_argument("--paced-warm-up", type=float, default=10, help="seconds before them, for the compiler")
    parser.add_argument("--paced-seconds", type=float, default=10, help="of which the p99.99 is the worst ten calls")
    parser.add_argument("--paced-forks", type=int, default=1)
    parser.add_argument("--paced-rate", type=float, default=10_000, help="requests per second in all")


def make_quick(arguments):
    arguments.forks, arguments.iterations, arguments.seconds, arguments.warm_up = 1, 1, 0.1, 0.1
    arguments.threads, arguments.subjects = "4", "runtracker,opentelemetry"
    arguments.paced_warm_up, arguments.paced_seconds, arguments.paced_rate = 0.5, 0.5, 2_000


def measure(arguments):
    subjects = arguments.subjects.split(",")
    threads = [int(count) for count in arguments.threads.split(",")]
    lts = java.newest_lts()
    javas = {"platform": java.JAVA, "virtual": lts}
    kinds = [kind for kind in arguments.kinds.split(",") if javas[kind]]
    if "virtual" in arguments.kinds and not lts:
        say("no LTS from Java 21 on here: virtual threads are not measured")
    detail = {"bursts": [], "paced": [], "overload": []}
    for kind in kinds:
        for count in threads:
            say(f"bursts: {count} {kind} threads")
            found = jmh(arguments, "BurstBenchmark", subjects, javas[kind], kind, count, {})
            detail["bursts"] += [burst(kind, count, one) for one in found]
            for subject in ["nobody", *subjects]:
                detail["paced"].append(paced(arguments, subject, javas[kind], kind, count))
    say("a full buffer, a dead server")
    endings = {"ending": "STUCK,DEAD"}
    for one in jmh(arguments, "OverloadBenchmark", subjects, java.JAVA, "platform", 1, endings, forks=1):
        detail["overload"].append({
            **one["params"], "ns": one["primaryMetric"]["score"],
            "allocated_bytes": one["secondaryMetrics"]["gc.alloc.rate.norm"]["score"]})
    return figures(detail), detail, [javas[kind] for kind in kinds]


def jmh(arguments, benchmark, subjects, jvm, kind, threads, parameters, forks=None):
    """What JMH says of every subject; a JVM of its own for each measurement."""
    with tempfile.TemporaryDirectory(prefix="jmh-") as folder:
        target = pathlib.Path(folder, "result.json")
        options = [*OPTIONS, *(["-Djmh.executor=VIRTUAL"] if kind == "virtual" else [])]
        command = [
            jvm, "-cp", java.CLASS_PATH, "org.openjdk.jmh.Main", rf"{PACKAGE}.{benchmark}\..*",
            "-p", f"subject={','.join(subjects)}", "-t", threads, "-f", forks or arguments.forks,
            "-wi", 1, "-w", f"{arguments.warm_up * 1000:.0f}ms",
            "-i", arguments.iterations, "-r", f"{arguments.seconds * 1000:.0f}ms",
            "-prof", "gc", "-rf", "json", "-rff", target, "-foe", "true",
            "-jvm", jvm, "-jvmArgs", " ".join(options)]
        for name, value in parameters.items():
            command += ["-p", f"{name}={value}"]
        said = output(f"JMH's {benchmark}", command, 3600, cwd=ROOT)
        if not target.exists():
            raise Problem(f"JMH measured nothing:\n{said[-2000:]}")
        return json.loads(target.read_text())


def burst(kind, threads, one):
    """One measurement without the iterations in which anything was dropped."""
    second = one["secondaryMetrics"]

    def raw(name):
        return [value for fork in second[name]["rawData"] for value in fork]

    times = [value for fork in one["primaryMetric"]["rawData"] for value in fork]
    kept = [i for i, dropped in enumerate(raw("dropped")) if dropped == 0]
    events = sum(raw("events")[i] for i in kept)

    def each(name):
        return sum(raw(name)[i] for i in kept) / events if events else None

    return {
        "what": one["benchmark"].rpartition(".")[2], "subject": one["params"]["subject"],
        "kind": kind, "threads": threads,
        "ns": statistics.median(times[i] for i in kept) if kept else None,
        "ns_min": min((times[i] for i in kept), default=None),
        "ns_max": max((times[i] for i in kept), default=None),
        "iterations": len(times), "thrown_away": len(times) - len(kept),
        "allocated_bytes": each("allocatedBytes") if kind == "platform" else None,
        "allocated_bytes_all_threads": second["gc.alloc.rate.norm"]["score"],
        "own_cpu_ns": each("ownCpuNanos"),
    }


def paced(arguments, subject, jvm, kind, threads):
    found = []
    for _ in range(arguments.paced_forks):
        found.append(java.run(
            "capture.PacedLoad", subject, kind, threads, arguments.paced_rate,
            arguments.paced_warm_up, arguments.paced_seconds, java=jvm, options=OPTIONS))
    kept = [one for one in found if one["dropped"] == 0]
    return {
        "subject": subject, "kind": kind, "threads": threads, "runs": len(found),
        "thrown_away": len(found) - len(kept),
        "us": {p: statistics.median(one[p] / 1e3 for one in kept) for p in PERCENTILES} if kept else {}}


def figures(detail):
    found = {}
    ours = {key(one): one["ns"] for one in detail["bursts"] if one["subject"] == "runtracker"}
    for one in detail["bursts"]:
        name = f"{one['subject']}_{one['kind']}_{one['threads']}"
        if one["ns"] is None:
            continue
        found[f"{one['what']}_ns_{name}"] = one["ns"]
        if one["subject"] != "runtracker" and ours.get(key(one)):
            # Ours divided by theirs: below 1 is cheaper.
            found[f"{one['what']}_ratio_{name}"] = ours[key(one)] / one["ns"]
        if one["what"] == "request":
            if one["allocated_bytes"] is not None:
                found[f"allocated_bytes_{name}"] = one["allocated_bytes"]
            found[f"own_cpu_ns_{name}"] = one["own_cpu_ns"]
    for one in detail["paced"]:
        for p, us in one["us"].items():
            found[f"paced_{p.removesuffix('.0')}_us_{one['subject']}_{one['kind']}_{one['threads']}"] = us
    for one in detail["overload"]:
        found[f"{one['ending'].lower()}_ns_{one['subject']}"] = one["ns"]
    found["iterations"] = sum(one["iterations"] for one in detail["bursts"])
    found["iterations_thrown_away"] = sum(one["thrown_away"] for one in detail["bursts"])
    found["paced_runs_thrown_away"] = sum(one["thrown_away"] for one in detail["paced"])
    return found


def key(one):
    return one["what"], one["kind"], one["threads"]


def faults(found, detail):
    return [f"{one['subject']}: every iteration at {one['threads']} {one['kind']} threads dropped events"
            for one in detail["bursts"] if one["ns"] is None and one["subject"] == "runtracker"]


def chart(plot, result):
    bursts = [one for one in result["detail"]["bursts"] if one["ns"] is not None]
    kinds = sorted({one["kind"] for one in bursts})
    figure, rows = plot.subplots(2, len(kinds), figsize=(4 * len(kinds) + 1, 6), squeeze=False)
    for axes_of, what in zip(rows, ["publish", "request"]):
        for axes, kind in zip(axes_of, kinds):
            for subject in dict.fromkeys(one["subject"] for one in bursts):
                points = [(one["threads"], one["ns"]) for one in bursts
                          if (one["what"], one["kind"], one["subject"]) == (what, kind, subject)]
                axes.plot(*zip(*sorted(points)), marker="o", label=subject, color=COLORS[subject])
            axes.set(xscale="log", yscale="log", xlabel=f"{kind} threads", ylabel=f"{what}, ns",
                     title=f"{what}, {kind} threads")
            counts = sorted({one["threads"] for one in bursts})
            axes.set_xticks(counts, [str(count) for count in counts], minor=False)
            axes.set_xticks([], minor=True)
    rows[0][0].legend(fontsize=7)
    return figure


def tables(found):
    pairs = sorted({tuple(name.removeprefix("publish_ns_runtracker_").rsplit("_", 1))
                    for name in found if name.startswith("publish_ns_runtracker_")},
                   key=lambda pair: (pair[0], int(pair[1])))
    subjects = [one for one in SUBJECTS if any(name.startswith(f"publish_ns_{one}_") for name in found)]
    every = [(kind, count, subject) for kind, count in pairs for subject in subjects]

    def row(names):
        return [results.cell("capture", found, name) for name in names]

    yield ("Drained bursts: nanoseconds of the request's thread; a ratio is Runtracker's divided by theirs",
           ["threads", "client", "publish", "ratio", "start to publish", "ratio",
            "bytes allocated", "CPU of its own threads, ns"],
           [[f"{count} {kind}", subject] + row(
               f"{name}_{subject}_{kind}_{count}" for name in
               ["publish_ns", "publish_ratio", "request_ns", "request_ratio", "allocated_bytes", "own_cpu_ns"])
            for kind, count, subject in every])
    names = [p.removesuffix(".0") for p in PERCENTILES]
    yield ("Paced: microseconds for which a request held its thread",
           ["threads", "client", *names],
           [[f"{count} {kind}", subject] + row(f"paced_{p}_us_{subject}_{kind}_{count}" for p in names)
            for kind, count in pairs for subject in ["nobody", *subjects]])
    yield ("Requests without a pause, 1 thread: nanoseconds each", ["client", "full buffer", "dead server"],
           [[one, *row([f"stuck_ns_{one}", f"dead_ns_{one}"])] for one in subjects])
    yield ("", ["figure", "value"], results.listing(
        "capture", found, ["iterations", "iterations_thrown_away", "paced_runs_thrown_away"]))
