# SPDX-License-Identifier: Apache-2.0
"""What the benchmark of the line behind the ring says of what it has found."""

import collections
import statistics

import results
import stages

# Not of the subject: who makes the requests, the benchmark, and what the JVM does for both.
BESIDE = ("load", "benchmark", "jvm", "jit", "gc")
THREADS = ["batcher", "delivery", "sender", "http", "processor", "appender"]
COLORS = {"window_spool": "#2a6fbb", "window_memory": "#7fb2e5", "auto_spool": "#5a9e4b", "auto_memory": "#a5cf9a",
          "run_outage": "#9467bd", "opentelemetry": "#e07b39", "logback": "#8c564b"}
NAMES = {"window_spool": "`WINDOW`, with a spool", "window_memory": "`WINDOW`, in memory",
         "auto_spool": "`AUTO`, with a spool", "auto_memory": "`AUTO`, in memory",
         "run_outage": "`RUN`, spooling an outage", "opentelemetry": "OpenTelemetry SDK, OTLP",
         "logback": "Logback, async, JSON to a file"}
MEGABYTE = 1e6


def rate_name(rate):
    return "unbounded" if rate == 0 else f"{rate:.0f}"


def arrived(one):
    """Requests that were passed on meanwhile."""
    return one["stub"]["requests"] + one["stub"]["spans"]


def paid_for(one):
    """How many requests shared the cost. When there are as many as can be, some are dropped, which costs next to nothing."""
    return (one["rate"] == 0 and arrived(one)) or one["requests"]


def own_us(one, what="cpu_ns"):
    """Microseconds of CPU a request, of all threads of the subject."""
    own = sum(costs.get(what, 0) for stage, costs in one["stages"].items() if stage not in BESIDE)
    return own / paid_for(one) / 1e3


def of_stage(one, stage):
    return one["stages"].get(stage, {}).get("cpu_ns", 0) / paid_for(one) / 1e3


def made_per_second(one):
    return one["requests"] / one.get("made_seconds", one["seconds"])


def plain_costs(detail):
    """Those of the subjects as they are; without those that differ in the size of windows."""
    return [run for run in detail["costs"] if "window-rows" not in run["settings"]]


def figures(detail):
    found = {}
    by_name = collections.defaultdict(list)
    for run in plain_costs(detail):
        for one in run["measured"]:
            name = f"{run['subject']}_{run['shape']}_{rate_name(one['rate'])}"
            by_name[f"cpu_us_{name}"].append(own_us(one))
            by_name[f"allocated_bytes_{name}"].append(own_us(one, "allocated_bytes") * 1e3)
            by_name[f"jit_us_{name}"].append(of_stage(one, "jit"))
            by_name[f"gc_us_{name}"].append(of_stage(one, "gc"))
            for thread in THREADS:
                if thread in one["stages"]:
                    by_name[f"{thread}_us_{name}"].append(of_stage(one, thread))
            if one["rate"] == 0:
                by_name[f"made_per_second_{name}"].append(made_per_second(one))
                by_name[f"recorded_share_{name}"].append(recorded_share(run, one))
        if run.get("idle"):
            own = sum(costs["cpu_ns"] for stage, costs in run["idle"].items() if stage not in BESIDE)
            by_name["idle_cpu_percent"].append(100 * own / 1e9 / run["idle_seconds"])
    found |= {name: statistics.median(values) for name, values in by_name.items()}
    found |= of_windows(detail)
    found |= of_auto(found, detail)
    found |= of_scale(detail.get("scale"))
    for one in detail["backlogs"]:
        found |= of_backlog(one)
    for one in detail["profiles"]:
        found |= of_profile(one, found)
    return found


def recorded_share(run, one):
    """Of the requests of a load without pause; what is read back or written to a file, of all requests of the JVM."""
    if arrived(one):
        return arrived(one) / one["requests"]
    return (run["recorded"]["requests"] + run["end"].get("lines", 0)) / run["made"]


def of_windows(detail):
    """From two sizes of windows at the same rate, round by round."""
    sized = [run["measured"][0] for run in detail["costs"] if "window-rows" in run["settings"]]
    fixed, calls = [], []
    for few, many in zip(sized[::2], sized[1::2]):
        more = many["stub"]["windows"] / many["requests"] - few["stub"]["windows"] / few["requests"]
        if more > 0:
            fixed.append((own_us(many) - own_us(few)) / 1e3 / more)
            calls.append(many["stub"]["calls"] / many["stub"]["windows"])
    return {"window_fixed_ms": statistics.median(fixed), "calls_per_window": statistics.median(calls)} if fixed else {}


def of_auto(found, detail):
    """What a run costs that is seldom between rows, and what the rows of the mix cost without its runs."""
    more = {}
    for run in plain_costs(detail):
        one, subject = run["measured"][0], run["subject"]
        plain = found.get(f"cpu_us_{subject}_plain_{rate_name(one['rate'])}")
        if run["shape"] == "seldom" and plain is not None and one["stub"]["runs"]:
            runs = one["stub"]["runs"] / one["requests"]
            more.setdefault(f"run_ms_{subject}", []).append(
                (own_us(one) - plain * (1 - runs)) / runs / 1e3)
    return {name: statistics.median(values) for name, values in more.items()}


def of_scale(run):
    if run is None:
        return {}
    [one] = run["measured"]
    found = {
        "scale_per_second": made_per_second(one),
        "scale_seconds": one["seconds"],
        "scale_requests": one["requests"],
        "scale_dropped": sum(run["end"]["dropped"].values()),
        "scale_most_waiting": max(seen["waiting"] for seen in one["seen"]),
        "scale_cpu_us": own_us(one),
    }
    for stage, costs in one["stages"].items():
        found[f"scale_core_percent_{stage}"] = costs["cpu_ns"] / 1e7 / one["seconds"]
    if run["stub_cpu_seconds"] is not None:
        # Of the whole JVM's life, the warm-up included: the stub's share is a little less.
        found["scale_stub_cpu_us"] = run["stub_cpu_seconds"] * 1e6 / run["recorded"]["requests"]
    return found


def of_backlog(one):
    events, heap = one["events"], [look["old_bytes"] for look in one["heap"]]
    own = sum(costs["cpu_ns"] for stage, costs in one["stages"].items() if stage not in BESIDE)
    return {
        f"backlog_read_per_second_{events}": events / one["read_seconds"],
        f"backlog_fill_per_second_{events}": events / one["fill_seconds"],
        f"backlog_open_seconds_{events}": one["open_seconds"],
        f"backlog_cpu_us_{events}": own / events / 1e3,
        f"backlog_spool_mb_{events}": one["spool_bytes"] / MEGABYTE,
        f"backlog_heap_mb_{events}": max(heap) / MEGABYTE,
        f"backlog_heap_growth_mb_{events}": (heap[-1] - heap[0]) / MEGABYTE,
    }


def of_profile(one, found):
    [measured] = one["measured"]
    subject = one["subject"]
    name = f"{subject}_plain_{rate_name(measured['rate'])}"
    # What the threads take unwatched, where that was measured too.
    cpu = {thread: found.get(f"{thread}_us_{name}", of_stage(measured, thread)) for thread in THREADS}
    counted = {(thread, stage): count for thread, stage, count in one["samples"]}
    shown = sorted(stages.nanos(counted, cpu).items(), key=lambda of: -of[1])
    return {f"stage_samples_{subject}": sum(counted.values()),
            **{f"stage_ns_{subject}_{thread}_{stage.replace(' ', '_')}": ns for (thread, stage), ns in shown}}


def faults(found, detail):
    wrong = []
    runs = detail["costs"] + detail["profiles"] + ([detail["scale"]] if "scale" in detail else [])
    for run in runs:
        where = f"{run['subject']}, {run['shape']}"
        unbounded = any(one["rate"] == 0 for one in run["measured"])
        wrong += [f"{where}: {fault}" for fault in faults_of(run, unbounded or run is detail.get("scale"))]
    for one in detail["backlogs"]:
        recorded = one["recorded"]
        if not one["events"] == one["delivered"] == recorded["requests"] or recorded["twice"]:
            wrong.append(f"a backlog of {one['events']}: delivered {one['delivered']}, there {recorded}")
    return wrong


def faults_of(run, may_drop):
    end, recorded, made = run["end"], run["recorded"], run["made"]
    if run["subject"] == "logback":
        return [] if end["lines"] == made else [f"made {made}, lines {end['lines']}"]
    if run["subject"] == "opentelemetry":
        return [] if may_drop or recorded["spans"] == made else [f"made {made}, spans {recorded['spans']}"]
    wrong, dropped = [], sum(end["dropped"].values())
    if made != end["offered"] or end["offered"] != end["delivered"] + dropped:
        wrong.append(f"made {made}, the ledger says {end}")
    if end["delivered"] != recorded["requests"] or recorded["twice"]:
        wrong.append(f"delivered {end['delivered']}, there {recorded}")
    if dropped and not may_drop:
        wrong.append(f"dropped {end['dropped']}")
    if run["subject"].startswith("auto") and not all(one["seen"][-1]["writing_windows"] for one in run["measured"]):
        wrong.append("it wrote no windows")
    if run["subject"] == "run_outage" and any(one["stub"]["requests"] for one in run["measured"]):
        wrong.append("it was no outage")
    return wrong


def chart(plot, result):
    detail, found = result["detail"], result["figures"]
    shapes = list(dict.fromkeys(run["shape"] for run in plain_costs(detail) if run["shape"] != "seldom"))
    columns = max(2, len(shapes))
    figure, (costs, backlogs) = plot.subplots(2, columns, figsize=(4.6 * columns, 7), squeeze=False)
    for axes, shape in zip(costs, shapes):
        costs_by_rate(axes, detail, shape)
    for axes in [*costs[len(shapes):], *backlogs[2:]]:
        axes.set_visible(False)
    events = [one["events"] for one in detail["backlogs"]]
    for axes, names, label in (
            (backlogs[0], {"backlog_read_per_second": "read back", "backlog_fill_per_second": "filled"}, "requests a second"),
            (backlogs[1], {"backlog_heap_mb": "the most", "backlog_heap_growth_mb": "from 10 % to 90 % of it"},
             "old generation, MB")):
        for name, what in names.items():
            axes.plot(events, [found[f"{name}_{count}"] for count in events], marker="o", label=what)
        axes.set(xlabel="requests of the backlog", ylabel=label)
        if events:
            axes.set_xscale("log")
            axes.legend(fontsize=7)
    return figure


def costs_by_rate(axes, detail, shape):
    for subject, color in COLORS.items():
        points = collections.defaultdict(list)
        for run in plain_costs(detail):
            if (run["subject"], run["shape"]) == (subject, shape):
                for one in run["measured"]:
                    points[one["rate"]].append((made_per_second(one), own_us(one)))
        line = sorted((statistics.median(x for x, _ in found), statistics.median(y for _, y in found))
                      for found in points.values())
        if line:
            axes.plot(*zip(*line), marker="o", label=subject, color=color)
    axes.set(xscale="log", xlabel=f"requests a second ({shape}); the last: unbounded", ylabel="µs of CPU a request")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=6)


def tables(found):
    def cells(names):
        return [results.cell("pipeline", found, name) for name in names]

    keys = [name.removeprefix("cpu_us_") for name in found if name.startswith("cpu_us_")]
    split = [(subject, *key.removeprefix(f"{subject}_").rsplit("_", 1)) for key in keys for subject in NAMES
             if key.startswith(f"{subject}_")]
    rates = sorted({rate for _, _, rate in split}, key=lambda rate: float("inf") if rate == "unbounded" else float(rate))
    for shape in dict.fromkeys(shape for _, shape, _ in split if shape != "seldom"):
        yield (f"Microseconds of CPU a request, all own threads, by requests a second; requests: {shape}",
               ["", *rates],
               [[NAMES[subject], *cells(f"cpu_us_{subject}_{shape}_{rate}" for rate in rates)]
                for subject in NAMES if any(one[:2] == (subject, shape) for one in split)])
        yield (f"The same at 10,000 a second, by thread, µs; beside it the compiler, the collector, and bytes; requests: {shape}",
               ["", *THREADS, "JIT", "GC", "allocated, bytes"],
               [[NAMES[subject], *cells(f"{thread}_us_{subject}_{shape}_10000" for thread in [*THREADS, "jit", "gc"]),
                 *cells([f"allocated_bytes_{subject}_{shape}_10000"])]
                for subject in NAMES if (subject, shape, "10000") in split])
        yield (f"Unbounded; requests: {shape}", ["", "made a second", "share of them that is recorded"],
               [[NAMES[subject], *cells(f"{what}_{subject}_{shape}_unbounded" for what in ("made_per_second", "recorded_share"))]
                for subject in NAMES if (subject, shape, "unbounded") in split])
    yield ("Windows, runs, idleness", ["figure", "value"], results.listing("pipeline", found, [
        name for name in found
        if name in ("window_fixed_ms", "calls_per_window", "idle_cpu_percent") or name.startswith("run_ms_")]))
    yield ("100,000 requests a second", ["figure", "value"], results.listing(
        "pipeline", found, [name for name in found if name.startswith("scale_")]))
    counts = [name.rsplit("_", 1)[1] for name in found if name.startswith("backlog_read_per_second_")]
    what = ["read_per_second", "fill_per_second", "open_seconds", "cpu_us", "spool_mb", "heap_mb", "heap_growth_mb"]
    yield ("A backlog is read back", ["requests", *what],
           [[count, *cells(f"backlog_{one}_{count}" for one in what)] for count in counts])
    for subject in NAMES:
        prefix = f"stage_ns_{subject}_"
        rows = []
        for name in found:
            if name.startswith(prefix):
                thread, _, stage = name.removeprefix(prefix).partition("_")
                rows.append([thread, stage.replace("_", " "), f"{found[name]:.0f}"])
        whole = sum(found[name] for name in found if name.startswith(prefix))
        yield (f"Where it goes, {NAMES[subject]}: nanoseconds a plain request at 10,000 a second"
               f" ({found.get(f'stage_samples_{subject}')} samples)", ["thread", "step", "ns"],
               rows and [*rows, ["all", "", f"{whole:.0f}"]])
