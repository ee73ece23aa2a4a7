# SPDX-License-Identifier: Apache-2.0
"""A service at its fastest, with MLflow on the same cores, every request recorded in windows."""

import contextlib
import json
import pathlib
import statistics
import subprocess
import tempfile
import threading
import urllib.request
import uuid

import java
import results
import servers
from processes import ROOT, environment, free_port, get, say, started, wait_until

# "control" is "off" once more: what differs between those two is noise.
MODES = ["off", "WINDOW", "control", "AUTO"]
FAILING, SLOW = "/fail", "/slow?ms=1200"
DRAIN_SECONDS = 300


def add_arguments(parser):
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60, help="of each measurement")
    parser.add_argument("--warm-up", type=float, default=20, help="seconds before it")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--service", default="javalin")
    parser.add_argument("--window-rows", type=int, default=10_000, help="as the tracker's default")
    parser.add_argument("--modes", default=",".join(MODES))


def make_quick(arguments):
    # So few that memory holds them all, should a busy machine keep MLflow waiting.
    arguments.rounds, arguments.seconds, arguments.warm_up, arguments.connections = 1, 1, 1, 2
    arguments.modes = "off,WINDOW"


def measure(arguments):
    found = []
    with tempfile.TemporaryDirectory(prefix="runtracker-benchmark-") as folder, contextlib.ExitStack() as stack:
        work = pathlib.Path(folder)
        server = stack.enter_context(servers.mlflow(work, workers=2))
        for number in range(arguments.rounds):
            for mode in arguments.modes.split(","):
                found.append({"round": number + 1, **measure_one(arguments, mode, server["url"], work)})
                report(found[-1])
    return figures(found), {"measurements": found}, [java.JAVA]


def measure_one(arguments, mode, server, work):
    port = free_port()
    experiment = f"window-{uuid.uuid4().hex}"
    tracked = mode not in ("off", "control")
    variables = {"PORT": str(port), "MLFLOW_TRACKING_URI": server, "MLFLOW_EXPERIMENT_NAME": experiment,
                 "RUNTRACKER_ENABLED": str(tracked).lower()}
    if tracked:
        variables["RUNTRACKER_TRACK_AS"] = mode
        if arguments.window_rows != 10_000:
            # Larger windows need as much more room in memory.
            times = arguments.window_rows / 10_000
            variables["RUNTRACKER_WINDOW_ROWS"] = str(arguments.window_rows)
            variables["RUNTRACKER_WINDOW_BYTES"] = str(int(times * (8 << 20)))
            variables["RUNTRACKER_QUEUE_SIZE"] = str(int(times * 100_000))
            variables["RUNTRACKER_QUEUE_BYTES"] = str(int(times * (48 << 20)))
    command = [java.JAVA, *java.HEAP, "-jar",
               ROOT / f"examples/{arguments.service}-service/target/{arguments.service}-service.jar"]
    options = {"env": environment(**variables), "cwd": work}
    with started("the service", command, work / f"{mode}.log", **options) as process:
        base = f"http://127.0.0.1:{port}"
        wait_until("the service's start", 120, lambda: get(base + "/health"), process)
        with special_requests(base) if mode == "AUTO" else contextlib.nullcontext([0]) as special:
            phases = load(arguments, port)
        one = {"mode": mode, "window_rows": arguments.window_rows, "throughput": phases["saturation"]["throughput"],
               "failures": sum(phase["failures"] for phase in phases.values()),
               "answered": sum(phase["answers"] for phase in phases.values()) + special[0]}
        if tracked:
            drained = lambda: is_drained(json.loads(get(base + "/tracker")))
            wait_until("the delivery of all", DRAIN_SECONDS, drained, process, pause=0.5)
            one["ledger"] = json.loads(get(base + "/tracker"))
    return {**one, **(written(server, experiment) if tracked else {})}


def load(arguments, port):
    command = java.command(
        "service.Load", port, "/hello", arguments.connections, arguments.warm_up, arguments.seconds, 0, 1, 1)
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, env=environment(), check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return {event["end"]: event for event in events if "end" in event}


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


def ask_mlflow(server, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def runs_of(server, experiment):
    named = ask_mlflow(server, f"/api/2.0/mlflow/experiments/get-by-name?experiment_name={experiment}")
    page = {"experiment_ids": [named["experiment"]["experiment_id"]], "max_results": 1000}
    while True:
        answer = ask_mlflow(server, "/api/2.0/mlflow/runs/search", page)
        yield from answer.get("runs", [])
        if not answer.get("next_page_token"):
            return
        page["page_token"] = answer["next_page_token"]


def written(server, experiment):
    """What MLflow holds: rows of all tables and runs of single requests, and whether any is there twice."""
    ids, windows, single, special_rows = [], 0, {}, 0
    for run in runs_of(server, experiment):
        tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
        if "http.method" in tags:
            single[tags["runtracker.event_id"]] = tags["http.url"]
        elif tags.get("runtracker.kind") == "window":
            windows += 1
            table = ask_mlflow(server, f"/get-artifact?run_uuid={run['info']['run_id']}&path=requests.json")
            event, url = table["columns"].index("event_id"), table["columns"].index("url")
            ids += [row[event] for row in table["data"]]
            special_rows += sum(is_special(row[url]) for row in table["data"])
    return {"windows": windows, "rows": len(ids), "runs": len(single),
            "special_runs": sum(map(is_special, single.values())), "special_rows": special_rows,
            "twice": len(ids) + len(single) - len(set(ids) | set(single))}


def is_special(url):
    return url.endswith((FAILING, SLOW))


def report(one):
    stored = f"; answered {one['answered']}, rows {one['rows']}, runs {one['runs']}" if "rows" in one else ""
    say(f"round {one['round']}, {one['mode']}: {one['throughput']:.0f}/s{stored}")


def figures(measurements):
    found = {}
    off = {one["round"]: one["throughput"] for one in measurements if one["mode"] == "off"}
    found["off_throughput"] = statistics.median(off.values())
    for mode, name in (("WINDOW", "kept"), ("control", "kept_control"), ("AUTO", "kept_auto")):
        ratios = [one["throughput"] / off[one["round"]] for one in measurements if one["mode"] == mode]
        if ratios:
            found[name] = statistics.median(ratios)
    for mode, suffix in (("WINDOW", ""), ("AUTO", "_auto")):
        mine = [one for one in measurements if one["mode"] == mode]
        if mine:
            for name in ("windows", "rows", "runs", "answered"):
                found[name + suffix] = sum(one[name] for one in mine)
            found["dropped" + suffix] = sum(sum(one["ledger"]["dropped"].values()) for one in mine)
            found["twice" + suffix] = sum(one["twice"] for one in mine)
    for name in ("special_runs", "special_rows"):
        auto = [one[name] for one in measurements if one["mode"] == "AUTO"]
        if auto:
            found[name + "_auto"] = sum(auto)
    return found


def faults(found, detail):
    wrong = []
    for one in detail["measurements"]:
        where = f"round {one['round']}, {one['mode']}"
        if one["failures"]:
            wrong.append(f"{where}: {one['failures']} requests failed")
        if "rows" not in one:
            continue
        ledger = one["ledger"]
        recorded = one["rows"] + one["runs"]
        if not one["answered"] == recorded == ledger["offered"] == ledger["delivered"]:
            wrong.append(f"{where}: answered {one['answered']}, in MLflow {recorded}, ledger {json.dumps(ledger)}")
        if one["twice"]:
            wrong.append(f"{where}: {one['twice']} requests are there twice")
        if one["mode"] == "WINDOW" and one["runs"]:
            wrong.append(f"{where}: {one['runs']} requests have runs of their own")
        if one["mode"] == "AUTO" and one["special_rows"]:
            wrong.append(f"{where}: {one['special_rows']} failed or slow requests are in windows")
    return wrong


def chart(plot, result):
    figure, axes = plot.subplots(figsize=(6, 2.6))
    for mode, color in zip(MODES, ["#999999", "#2a6fbb", "#bbbbbb", "#5a9e4b"]):
        mine = [one for one in result["detail"]["measurements"] if one["mode"] == mode]
        axes.plot([one["round"] for one in mine], [one["throughput"] for one in mine], "o-", label=mode, color=color)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("round")
    axes.set_title("requests per second")
    axes.legend(fontsize=7)
    return figure


def tables(found):
    yield ("Every request of a busy service in MLflow", ["figure", "value"],
           results.listing("window", found, list(found)))
