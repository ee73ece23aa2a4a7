# SPDX-License-Identifier: Apache-2.0
"""What tracking costs a whole service, with MLflow well and in trouble, beside services that write runs themselves."""

import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import java
import results
import servers
from processes import ROOT, Problem, cpu_seconds, environment, free_port, get, say, started, wait_until

# "control" is "off" once more: what differs between those two is noise. "busy" is "off" while a bare client
# keeps MLflow as busy as a tracker does: what differs from "up" is tracking, not MLflow's use of the cores.
MODES = ["off", "control", "busy", "up", "slow", "frozen", "down", "429", "503", "garbage"]
ADAPTERS = ["servlet", "spring", "javalin"]
PEERS = ["mlflow-client", "fastapi"]
SLOW_MILLIS = 500
BEFORE_ACCEPTANCE = {"RING_FULL", "CLOSED", "CAPTURE_FAULT"}
COLORS = dict(zip(MODES[1:], ["#999999", "#555555", "#2a6fbb", "#7fb2e5", "#e07b39", "#5a9e4b", "#9467bd", "#8c564b", "#bcbd22"]))


def add_arguments(parser):
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="of each of the two measured phases")
    parser.add_argument("--warm-up", type=float, default=20, help="seconds before them")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rate", type=float, default=0, help="requests per second of the paced phase")
    parser.add_argument("--fraction", type=float, default=0.2,
                        help="without --rate: this share of the service's first throughput without tracking")
    parser.add_argument("--path", default="/hello")
    parser.add_argument("--services", default=",".join(ADAPTERS + PEERS), help="comma-separated")
    parser.add_argument("--modes", default=",".join(MODES[:7]), help="of every adapter; the first must be off")
    parser.add_argument("--more-modes", default=",".join(MODES[7:]),
                        help="of the first adapter only: what is left of the ring is the same for all")


def make_quick(arguments):
    arguments.rounds, arguments.seconds, arguments.warm_up, arguments.rate = 1, 0.5, 0.5, 200
    arguments.modes, arguments.more_modes = "off,up", "busy,slow,frozen,down"


def modes_of(service, arguments):
    if service in PEERS:
        return ["up"] if arguments.quick else ["off", "up"]
    modes = arguments.modes.split(",")
    if service == arguments.services.split(",")[0]:
        modes = modes + [mode for mode in arguments.more_modes.split(",") if mode]
    if modes[0] != "off" or not set(modes) <= set(MODES):
        raise Problem(f"modes begin with off, and the rest is any of {', '.join(MODES[1:])}")
    return modes


def measure(arguments):
    found = []
    with tempfile.TemporaryDirectory(prefix="runtracker-benchmark-") as folder, contextlib.ExitStack() as stack:
        work = pathlib.Path(folder)
        server = stack.enter_context(servers.mlflow(work, workers=2))
        slow = stack.enter_context(servers.slow(server["url"], SLOW_MILLIS))
        nobody = f"http://127.0.0.1:{free_port()}"
        uris = {"off": nobody, "control": nobody, "busy": nobody, "down": nobody, "up": server["url"],
                "frozen": server["url"], "slow": slow,
                "429": servers.FakeServer(servers.TOO_MANY).url,
                "503": servers.FakeServer(servers.UNAVAILABLE).url,
                "garbage": servers.FakeServer(servers.GARBAGE).url}
        rates = {}
        for number in range(arguments.rounds):
            for service in arguments.services.split(","):
                # "off" comes first and the others in turn, so that neither a slow start nor drift hides.
                first, *others = modes_of(service, arguments)
                turn = number % len(others) if others else 0
                for mode in [first] + others[turn:] + others[:turn]:
                    rate = arguments.rate or rates.get(service, 0)
                    with around(mode, server, work):
                        one = measure_one(arguments, service, mode, uris[mode], work, rate)
                    rates.setdefault(service, one["paced"]["rate"])
                    found.append({"round": number + 1, **one})
                    report(found[-1])
    return figures(found), {"measurements": found}, [java.JAVA]


def around(mode, server, work):
    """What happens to MLflow, or is asked of it, meanwhile."""
    if mode == "frozen":
        return servers.frozen(server)
    if mode == "busy":
        return started("the bare client", java.command(
            "delivery.DeliveryRate", "rate", "bare", server["url"], "8", "true", "0", "1000000"),
            work / "bare.log")
    return contextlib.nullcontext()


def start_command(service):
    if service == "fastapi":
        return [sys.executable, "-B", ROOT / "benchmarks/harness/fastapi_service.py"]
    if service == "mlflow-client":
        return java.command("service.SynchronousService")
    return [java.JAVA, *java.HEAP, "-jar", ROOT / f"examples/{service}-service/target/{service}-service.jar"]


def service_environment(port, tracked, uri):
    variables = {"PORT": str(port), "MLFLOW_TRACKING_URI": uri, "RUNTRACKER_CLOSE_TIMEOUT": "0s",
                 "RUNTRACKER_ENABLED": str(tracked).lower(), "TRACKING": str(tracked).lower(),
                 "MLFLOW_DISABLE_TELEMETRY": "true"}
    return environment(**variables)


def measure_one(arguments, service, mode, uri, work, rate):
    port = free_port()
    tracked = mode not in ("off", "control", "busy")
    options = {"env": service_environment(port, tracked, uri), "cwd": work}
    with started(service, start_command(service), work / f"{service}-{mode}.log", **options) as process:
        base = f"http://127.0.0.1:{port}"
        wait_until(f"{service}'s start", 120, lambda: get(base + "/health"), process)
        phases = load(arguments, port, rate, process.pid)
        answers = sum(phase["answers"] for phase in phases.values())
        failures = sum(phase["failures"] for phase in phases.values())
        # A request that failed for the client may have been served all the same.
        expected = None if failures else answers if tracked else 0
        ledger = settled_ledger(base, expected) if service in ADAPTERS else None
    return {
        "service": service, "mode": mode,
        "saturation": phases["saturation"], "paced": phases["paced"], "failures": failures,
        "failure": next((p["failure"] for p in phases.values() if p["failure"]), ""),
        "ledger": ledger, "ledger_faults": ledger_faults(ledger, expected) if ledger else [],
    }


def load(arguments, port, rate, pid):
    """Runs the three phases; the measured ones with the CPU that the service took in them."""
    command = java.command(
        "service.Load", port, arguments.path, arguments.connections, arguments.warm_up,
        arguments.seconds, arguments.seconds, rate, arguments.fraction)
    phases, before = {}, None
    with subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True, env=environment()) as process:
        try:
            for line in process.stdout:
                event = json.loads(line)
                if "begin" in event:
                    before = cpu_seconds(pid)
                else:
                    after = cpu_seconds(pid)
                    if before is not None and after is not None and event["answers"]:
                        event["cpu_us_per_request"] = (after - before) * 1e6 / event["answers"]
                    phases[event["end"]] = event
        finally:
            if process.poll() is None and sys.exc_info()[0] is not None:
                process.kill()
    if process.returncode != 0 or "paced" not in phases:
        raise Problem(f"the load generator ended with {process.returncode}")
    return phases


def ledger_faults(ledger, answers):
    """Everything about a ledger that does not add up; nothing when it does."""
    before = sum(n for reason, n in ledger["dropped"].items() if reason in BEFORE_ACCEPTANCE)
    after = sum(ledger["dropped"].values()) - before
    faulty = []
    if ledger["offered"] != ledger["accepted"] + before:
        faulty.append("offered is not accepted + dropped before")
    if ledger["accepted"] != ledger["delivered"] + ledger["inFlight"] + ledger["spooled"] + after:
        faulty.append("accepted is not delivered + in flight + spooled + dropped after")
    if answers is not None and ledger["offered"] != answers:
        faulty.append(f"{ledger['offered']} offered, but {answers} answered")
    return faulty


def settled_ledger(base, answers):
    """The ledger, once the request threads have had the time to leave their last request."""
    for _ in range(100):
        ledger = json.loads(get(base + "/tracker"))
        if answers is None or ledger["offered"] >= answers:
            break
        time.sleep(0.05)
    return ledger


def report(one):
    fast, paced, ledger = one["saturation"], one["paced"], one["ledger"]
    delivered = f"; delivered {ledger['delivered']} of {ledger['offered']}" if ledger else ""
    say(f"round {one['round']}, {one['service']}, {one['mode']}: {fast['throughput']:.0f}/s, at"
        f" {paced['rate']:.0f}/s p50 {paced['p50_us']:.0f} us, p99 {paced['p99_us']:.0f} us{delivered}")


def figures(measurements):
    found = {}
    for service in dict.fromkeys(one["service"] for one in measurements):
        mine = [one for one in measurements if one["service"] == service]
        off = {one["round"]: one for one in mine if one["mode"] == "off"}
        if off:
            found[f"off_throughput_{service}"] = statistics.median(
                one["saturation"]["throughput"] for one in off.values())
            found[f"off_p99_us_{service}"] = statistics.median(one["paced"]["p99_us"] for one in off.values())
            found[f"rate_{service}"] = mine[0]["paced"]["rate"]
        for mode in dict.fromkeys(one["mode"] for one in mine if one["mode"] != "off"):
            for name, phase, figure in (
                    ("kept", "saturation", "throughput"), ("p50_ratio", "paced", "p50_us"),
                    ("p99_ratio", "paced", "p99_us"), ("cpu_ratio", "paced", "cpu_us_per_request")):
                # Each divided by "off" of its own round.
                ratios = [one[phase][figure] / off[one["round"]][phase][figure] for one in mine
                          if one["mode"] == mode and one["round"] in off and one[phase].get(figure)
                          and off[one["round"]][phase].get(figure)]
                if ratios:
                    found[f"{name}_{mode}_{service}"] = statistics.median(ratios)
        busy = {one["round"]: one for one in mine if one["mode"] == "busy"}
        beside = [one["saturation"]["throughput"] / busy[one["round"]]["saturation"]["throughput"]
                  for one in mine if one["mode"] == "up" and one["round"] in busy]
        if beside:
            found[f"kept_up_of_busy_{service}"] = statistics.median(beside)
    found["ledger_adds_up"] = not any(one["ledger_faults"] for one in measurements)
    found["requests_failed"] = sum(one["failures"] for one in measurements)
    return found


def faults(found, detail):
    wrong = []
    for one in detail["measurements"]:
        where = f"{one['service']}, {one['mode']}"
        wrong += [f"{where}: the ledger does not add up: {fault}: {json.dumps(one['ledger'])}"
                  for fault in one["ledger_faults"]]
        # What a peer's client does to its service is the peer's.
        if one["failures"] and one["service"] in ADAPTERS:
            wrong.append(f"{where}: {one['failures']} requests failed: {one['failure']}")
    return wrong
