# SPDX-License-Identifier: Apache-2.0
"""What the line behind the ring costs a request, beside two peers; how much it takes, and how fast it reads back."""

import pathlib
import shutil
import tempfile

import java
import pipeline_figures
import servers
import stages
from processes import ROOT, Problem, cpu_seconds, say

MAIN, BACKLOG = "pipeline.PipelineCost", "pipeline.BacklogRate"
PARTS = ["cost", "scale", "backlog", "profile"]
SHAPES = ["plain", "query", "post", "failure", "text", "mix"]

# What MLflow takes for a run of its own.
RUN_MILLIS = 30

# A subject and what it is told. What has a spool, or a file, has its own, which is gone afterwards.
SUBJECTS = {
    "window_spool": ["subject=tracker", "mode=window", "spool"],
    "window_memory": ["subject=tracker", "mode=window"],
    "auto_spool": ["subject=tracker", "mode=auto", "spool"],
    "auto_memory": ["subject=tracker", "mode=auto"],
    "run_outage": ["subject=tracker", "mode=run", "outage=true", "spool"],
    "opentelemetry": ["subject=opentelemetry"],
    "logback": ["subject=logback", "file"],
}
PROFILED = ["window_spool", "window_memory", "run_outage"]

# Two sizes of windows at the same rate: what differs is what more windows cost.
WINDOW_RATE = 10_000
FEW_WINDOWS, MANY_WINDOWS = 10_000, 500

SCALE_RATE, SCALE_ROWS = 100_000, 50_000


def add_arguments(parser):
    parser.add_argument("--rounds", type=int, default=3, help="JVMs for each subject and shape")
    parser.add_argument("--subjects", default=",".join(SUBJECTS), help="comma-separated")
    parser.add_argument("--shapes", default="plain,mix", help=f"comma-separated, of {', '.join(SHAPES)}")
    parser.add_argument("--rates", default="1000,10000,20000,0",
                        help="requests a second, comma-separated; 0 for as many as there can be")
    parser.add_argument("--warm-up", type=float, default=40, help="seconds of each JVM before, for the compiler")
    parser.add_argument("--settle", type=float, default=10, help="seconds of each rate before")
    parser.add_argument("--seconds", type=float, default=15, help="of each rate")
    parser.add_argument("--idle", type=float, default=20, help="seconds without a request")
    parser.add_argument("--idle-settle", type=float, default=12, help="seconds before them, in which threads end")
    parser.add_argument("--scale", type=float, default=300, help=f"seconds at {SCALE_RATE:,} requests a second")
    parser.add_argument("--backlogs", default="1000000,5000000,20000000", help="requests, comma-separated")
    parser.add_argument("--backlog-before", type=int, default=500_000, help="requests of one that is read back before")
    parser.add_argument("--profile", type=float, default=60, help="seconds of each profile")
    parser.add_argument("--parts", default=",".join(PARTS),
                        help="comma-separated: the result holds nothing of the others, and so does the document")


def make_quick(arguments):
    arguments.rounds, arguments.shapes, arguments.rates = 1, "plain", "10000"
    arguments.subjects = "window_spool,run_outage,opentelemetry,logback"
    arguments.warm_up, arguments.settle, arguments.seconds = 0.5, 0.3, 0.7
    arguments.idle, arguments.idle_settle = 0.5, 0.2
    arguments.scale, arguments.profile = 1, 0.5
    arguments.backlogs, arguments.backlog_before = "30000", 5_000


def measure(arguments):
    known = {"subjects": list(SUBJECTS), "shapes": SHAPES, "parts": PARTS}
    for name, values in known.items():
        if not set(getattr(arguments, name).split(",")) <= set(values):
            raise Problem(f"{name} are some of {', '.join(values)}")
    parts = arguments.parts.split(",")
    detail = {"costs": [], "backlogs": [], "profiles": []}
    # Beside the build, because /tmp is often memory and a spool is not.
    with tempfile.TemporaryDirectory(prefix="pipeline-", dir=ROOT / "benchmarks/target") as folder:
        work = pathlib.Path(folder)
        if "cost" in parts:
            for number in range(arguments.rounds):
                costs_of_a_round(arguments, work, number, detail["costs"])
        if "scale" in parts and arguments.scale:
            detail["scale"] = scale(arguments, work)
        if "backlog" in parts:
            for events in arguments.backlogs.split(","):
                detail["backlogs"].append(backlog(arguments, work, int(events)))
        if "profile" in parts:
            for subject in PROFILED[:1] if arguments.quick else PROFILED:
                profile(arguments, work, subject, detail["profiles"])
    return pipeline_figures.figures(detail), detail, [java.JAVA]


def costs_of_a_round(arguments, work, number, found):
    subjects = arguments.subjects.split(",")
    turn = number % len(subjects)
    for shape in arguments.shapes.split(","):
        for subject in subjects[turn:] + subjects[:turn]:
            idle = {"idle": arguments.idle, "idle-settle": arguments.idle_settle}
            is_idle_too = (subject, shape) == ("window_spool", "plain")
            found.append(cost(arguments, work, subject, shape, arguments.rates, **(idle if is_idle_too else {})))
    for rows in (FEW_WINDOWS, MANY_WINDOWS):
        # Twice as long before: what a window calls once is compiled last.
        found.append(cost(arguments, work, "window_memory", "plain", WINDOW_RATE,
                          **{"window-rows": rows, "warm-up": 2 * arguments.warm_up}))
    for subject in subjects:
        if subject.startswith("auto"):
            found.append(cost(arguments, work, subject, "seldom", WINDOW_RATE))


def options(arguments):
    """
    Whether it runs is seen sooner without the optimising compiler. What it costs is that of a process which
    has run for hours, so the compiler waits for a tenth of the calls that it usually waits for.
    """
    return [*java.HEAP, "-XX:TieredStopAtLevel=1" if arguments.quick else "-XX:CompileThresholdScaling=0.1"]


def cost(arguments, work, subject, shape, rates, recorded=(), **more):
    """What one JVM finds of one subject and shape."""
    settings = {"shape": shape, "rates": rates, "warm-up": arguments.warm_up, "settle": arguments.settle,
                "seconds": arguments.seconds, **more}
    if subject.startswith("auto"):
        settings["settle"] = max(8, settings["settle"])  # until it writes windows, and the runs before them are done
    told = [f"{word}={work / subject}" if word in ("spool", "file") else word for word in SUBJECTS[subject]]
    with servers.counting(RUN_MILLIS) as (url, pid):
        before = cpu_seconds(pid)
        result = java.run(MAIN, f"server={url}", *told, *(f"{name}={value}" for name, value in settings.items()),
                          options=[*options(arguments), *recorded], timeout=1800)
        result["stub_cpu_seconds"] = None if before is None else cpu_seconds(pid) - before
    remove(work)
    result |= {"subject": subject, "shape": shape, "settings": more}
    for one in result["measured"]:
        say(f"{subject}, {shape}, {pipeline_figures.rate_name(one['rate'])}:"
            f" {pipeline_figures.own_us(one):.2f} µs a request")
    return result


def remove(work):
    for path in work.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def scale(arguments, work):
    changed = type(arguments)(**{**vars(arguments), "seconds": arguments.scale})
    return cost(changed, work, "window_spool", "plain", SCALE_RATE,
                **{"window-rows": SCALE_ROWS, "when-full": "DROP"})


def backlog(arguments, work, events):
    with servers.counting(RUN_MILLIS) as (url, _):
        result = java.run(BACKLOG, f"server={url}", f"spool={work / 'backlog'}", "shape=plain", f"events={events}",
                          f"before={arguments.backlog_before}", options=options(arguments), timeout=1800)
    remove(work)
    say(f"a backlog of {events}: read back at {events / result['read_seconds']:.0f}/s")
    return result


def profile(arguments, work, subject, found):
    with tempfile.TemporaryDirectory(prefix="profiler-") as folder:
        library = stages.library(folder)
        if library is None:
            return
        recording = pathlib.Path(folder, "recording.jfr")
        changed = type(arguments)(**{**vars(arguments), "seconds": arguments.profile})
        seen = cost(changed, work, subject, "plain", WINDOW_RATE,
                    recorded=stages.options(library, recording, arguments.quick))
        counted, unknown = stages.samples(recording, seen["measured_from_millis"])
        found.append({**seen, "samples": [[*of, count] for of, count in counted.most_common()],
                      "unknown": unknown.most_common(20)})


faults = pipeline_figures.faults
chart = pipeline_figures.chart
tables = pipeline_figures.tables
