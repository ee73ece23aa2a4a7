# SPDX-License-Identifier: Apache-2.0
"""A service at its fastest, with MLflow on the same cores, every request recorded in windows."""

import contextlib
import json
import pathlib
import statistics
import tempfile
import threading
import urllib.request
import uuid

import java
import load
import ratios
import results
import servers
from processes import Problem, get, say, wait_until

# "control" is "off" once more: what differs between those two is noise. "LARGE" is WINDOW with larger windows.
MODES = ["off", "WINDOW", "control", "LARGE", "AUTO"]
UNTRACKED = ["off", "control"]
LARGE_ROWS = 50_000
FAILING, SLOW = "/fail", "/slow?ms=1200"
RAMP_SECONDS = 3
DRAIN_SECONDS = 300


def add_arguments(parser):
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement")
    parser.add_argument("--warm-up", type=float, default=40, help="seconds of each service before the rounds")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--service", default="javalin")
    parser.add_argument("--handlers", default=",".join(load.HANDLERS), help="comma-separated")
    parser.add_argument("--modes", default=",".join(MODES))


def make_quick(arguments):
    # So few that memory holds them all, should a busy machine keep MLflow waiting.
    arguments.rounds, arguments.seconds, arguments.warm_up, arguments.connections = 1, 1, 1, 2
    arguments.handlers, arguments.modes = "work", "off,WINDOW"


def measure(arguments):
    modes = arguments.modes.split(",")
    if "off" not in modes or not set(modes) <= set(MODES):
        raise Problem(f"modes are some of {', '.join(MODES)}, and off is one of them")
    found, written = [], []
    with tempfile.TemporaryDirectory(prefix="runtracker-benchmark-") as folder, contextlib.ExitStack() as stack:
        work = pathlib.Path(folder)
        server = stack.enter_context(servers.mlflow(work, workers=2))
        for handler in arguments.handlers.split(","):
            with contextlib.ExitStack() as running:
                # All at once, each idle but in its turn: so a round is over before the machine is another.
                services = [running.enter_context(started(arguments, mode, handler, server["url"], work)) for mode in modes]
                found += measure_in_turn(arguments, services)
                tracked = [{"mode": one.mode, "handler": handler, "answered": one.answered + one.special,
                            "ledger": one.ledger(), "experiment": one.experiment} for one in services if one.tracked]
            written += [{**one, **recorded(server["url"], one["experiment"])} for one in tracked]
    return figures(found, written), {"measurements": found, "written": written}, [java.JAVA]


@contextlib.contextmanager
def started(arguments, mode, handler, server, work):
    """A service that runs for the whole benchmark, each mode its own."""
    tracked, experiment = mode not in UNTRACKED, f"window-{uuid.uuid4().hex}"
    variables = {"MLFLOW_TRACKING_URI": server, "MLFLOW_EXPERIMENT_NAME": experiment,
                 "RUNTRACKER_ENABLED": str(tracked).lower(), "RUNTRACKER_TRACK_AS": "AUTO" if mode == "AUTO" else "WINDOW"}
    if mode == "LARGE":
        variables["RUNTRACKER_WINDOW_ROWS"] = str(LARGE_ROWS)
    with load.service(load.example(arguments.service), [handler], arguments.connections, work / f"{mode}-{handler}.log",
                      variables) as one:
        one.mode, one.handler, one.tracked, one.experiment, one.special = mode, handler, tracked, experiment, 0
        yield one


def measure_in_turn(arguments, services):
    for one in services:
        serve(one, arguments.warm_up)
    found = []
    for number in range(arguments.rounds):
        turn = number % len(services)
        for one in services[turn:] + services[:turn]:
            found.append({"round": number + 1, "mode": one.mode, "handler": one.handler,
                          "throughput": serve(one, arguments.seconds), "failures_so_far": one.failures,
                          "failure": one.failure})
            say("round {round}, {handler}, {mode}: {throughput:.0f}/s".format(**found[-1]))
    return found


def serve(one, seconds):
    """The throughput, without what comes before the first windows are on their way."""
    sent = one.loads[one.handler]
    with special_requests(one.url) if one.mode == "AUTO" else contextlib.nullcontext([0]) as special:
        sent.phase("ramp", RAMP_SECONDS)
        throughput = sent.phase("saturation", seconds)["throughput"]
    one.special += special[0]
    if one.tracked:
        wait_until("the delivery of all", DRAIN_SECONDS, lambda: is_drained(one.ledger()), one.process, pause=0.5)
    return throughput


@contextlib.contextmanager
def special_requests(base):
    """Now and then one that fails and one that is slow, until the load has ended; how many were answered."""
    stop, answered, lock = threading.Event(), [0], threading.Lock()

    def ask(path, pause):
        while not stop.wait(pause):
            with contextlib.suppress(urllib.error.HTTPError):
                get(base + path)
            with lock:
                answered[0] += 1

    threads = [threading.Thread(target=ask, args=args) for args in ((FAILING, 0.4), (SLOW, 0.1))]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def is_drained(ledger):
    return ledger["inFlight"] + ledger["spooled"] == 0


def fetch(server, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def ask_mlflow(server, path, body=None):
    return json.loads(fetch(server, path, body))


def rows_of(server, run_id):
    """The requests of a window."""
    lines = fetch(server, f"/get-artifact?run_uuid={run_id}&path=requests.jsonl")
    return [json.loads(line) for line in lines.splitlines()]


def runs_of(server, experiment):
    named = ask_mlflow(server, f"/api/2.0/mlflow/experiments/get-by-name?experiment_name={experiment}")
    page = {"experiment_ids": [named["experiment"]["experiment_id"]], "max_results": 1000}
    while True:
        answer = ask_mlflow(server, "/api/2.0/mlflow/runs/search", page)
        yield from answer.get("runs", [])
        if not answer.get("next_page_token"):
            return
        page["page_token"] = answer["next_page_token"]


def recorded(server, experiment):
    """What MLflow holds: rows of all windows and runs of single requests, and whether any is there twice."""
    ids, windows, single, special_rows = [], 0, [], 0
    for run in runs_of(server, experiment):
        tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
        if "http.method" in tags:
            single.append((tags["runtracker.event_id"], tags["http.url"]))
        elif tags.get("runtracker.kind") == "window":
            windows += 1
            rows = rows_of(server, run["info"]["run_id"])
            ids += [row["event_id"] for row in rows]
            special_rows += sum(is_special(row["url"]) for row in rows)
    return {"windows": windows, "rows": len(ids), "runs": len(single),
            "special_runs": sum(is_special(url) for _, url in single), "special_rows": special_rows,
            "twice": len(ids) + len(single) - len(set(ids) | {event for event, _ in single})}


def is_special(url):
    return url.endswith((FAILING, SLOW))


def figures(measurements, written):
    found = {}
    for handler in dict.fromkeys(one["handler"] for one in measurements):
        # A service does something for its requests: what has no suffix is of a handler that works.
        suffix = "" if handler == "work" else f"_{handler}"
        mine = [one for one in measurements if one["handler"] == handler]
        off = {one["round"]: one["throughput"] for one in mine if one["mode"] == "off"}
        found[f"off_throughput{suffix}"] = statistics.median(off.values())
        for mode, name in (("WINDOW", "kept"), ("LARGE", "kept_large"), ("AUTO", "kept_auto"), ("control", "kept_control")):
            found |= ratios.figures(name + suffix, [
                one["throughput"] / off[one["round"]] for one in mine if one["mode"] == mode])
    for mode, suffix in (("WINDOW", ""), ("LARGE", "_large"), ("AUTO", "_auto")):
        mine = [one for one in written if one["mode"] == mode]
        if mine:
            for name in ("windows", "rows", "runs", "answered"):
                found[name + suffix] = sum(one[name] for one in mine)
            found["dropped" + suffix] = sum(sum(one["ledger"]["dropped"].values()) for one in mine)
            found["twice" + suffix] = sum(one["twice"] for one in mine)
    for name in ("special_runs", "special_rows"):
        auto = [one[name] for one in written if one["mode"] == "AUTO"]
        if auto:
            found[name + "_auto"] = sum(auto)
    return found


def faults(found, detail):
    wrong = [f"round {one['round']}, {one['handler']}, {one['mode']}: {one['failures_so_far']} requests failed by then:"
             f" {one['failure']}" for one in detail["measurements"] if one["failures_so_far"]]
    for one in detail["written"]:
        where, ledger, stored = f"{one['handler']}, {one['mode']}", one["ledger"], one["rows"] + one["runs"]
        if not one["answered"] == stored == ledger["offered"] == ledger["delivered"]:
            wrong.append(f"{where}: answered {one['answered']}, in MLflow {stored}, ledger {json.dumps(ledger)}")
        if one["twice"]:
            wrong.append(f"{where}: {one['twice']} requests are there twice")
        if one["mode"] != "AUTO" and one["runs"]:
            wrong.append(f"{where}: {one['runs']} requests have runs of their own")
        if one["mode"] == "AUTO" and one["special_rows"]:
            wrong.append(f"{where}: {one['special_rows']} failed or slow requests are in windows")
    return wrong


def chart(plot, result):
    measurements = result["detail"]["measurements"]
    handlers = list(dict.fromkeys(one["handler"] for one in measurements))
    figure, plots = plot.subplots(1, len(handlers), figsize=(5 * len(handlers), 2.8), squeeze=False)
    for axes, handler in zip(plots[0], handlers):
        for mode, color in zip(MODES, ["#999999", "#2a6fbb", "#bbbbbb", "#7fb2e5", "#5a9e4b"]):
            mine = sorted((one["round"], one["throughput"]) for one in measurements
                          if (one["mode"], one["handler"]) == (mode, handler))
            axes.plot(*zip(*mine), "o-", label=mode, color=color) if mine else None
        axes.set_ylim(bottom=0)
        axes.set_xlabel("round")
        axes.set_title(f"requests per second, a handler that does {'some work' if handler == 'work' else handler}")
        axes.legend(fontsize=7)
    return figure


def tables(found):
    yield ("Every request of a busy service in MLflow", ["figure", "value"],
           results.listing("window", found, list(found)))
