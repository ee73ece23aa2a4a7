# SPDX-License-Identifier: Apache-2.0
"""What tracking costs a whole service, with MLflow well and in trouble, beside services that write runs themselves."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import sys
import tempfile
import time

import java
import load
import machine
import profiler
import results
import servers
import service_figures
from processes import ROOT, Problem, free_port, say

# "control" is "off" once more: what differs between those two is noise.
MODES = ["off", "control", "up", "slow", "frozen", "down", "elsewhere", "429", "503", "garbage", "spool", "auto"]
UNTRACKED = ["off", "control"]
# As "up", with a spool; "auto" in the default form.
SPOOLED = ["spool", "auto"]
# Where MLflow takes what waits, once a turn is over.
DELIVERING = ["up", "slow", "frozen", "elsewhere", *SPOOLED]
ADAPTERS = ["servlet", "spring", "javalin"]
PEERS = ["mlflow-client", "fastapi"]
SLOW_MILLIS = 500
WINDOW_ROWS, WINDOW_SECONDS = 10_000, 10
FEWEST_WARM_UPS = 6
# Of a service's CPU time, for the compiler, at full speed and at a steady rate: with less of it a service is warm.
WARM_SHARE = 0.01
LEAVE_SECONDS = 5
BEFORE_ACCEPTANCE = {"RING_FULL", "CLOSED", "CAPTURE_FAULT"}
COLORS = dict(zip(MODES[1:], ["#999999", "#2a6fbb", "#7fb2e5", "#e07b39", "#5a9e4b", "#17becf", "#9467bd", "#8c564b", "#bcbd22", "#1b4570", "#6a51a3"]))


def add_arguments(parser):
    parser.add_argument("--forks", type=int, default=3, help="JVMs of each mode: no two compile a handler alike")
    parser.add_argument("--rounds", type=int, default=6,
                        help="of each of them; short turns, because a machine drifts; 0 with --keep: the profile alone")
    parser.add_argument("--seconds", type=float, default=4, help="of the phase at full speed; so long that a window or two is written in it")
    parser.add_argument("--paced-seconds", type=float, default=10,
                        help="of the phase at a steady rate; as long as a window is open, or a turn has a whole window to"
                             " write for a part of its requests, or none")
    parser.add_argument("--warm-up", type=float, default=1,
                        help="seconds of each handler of a service at full speed, and as many at a steady rate, again and"
                             " again until the compiler has nothing left to do")
    parser.add_argument("--warm-ups", type=int, default=40, help="the most of them")
    parser.add_argument("--ramp", type=float, default=1, help="seconds of load before each phase that is measured")
    parser.add_argument("--profile-seconds", type=float, default=10,
                        help="of each handler, when all rounds are over; so long that windows are written in it; 0: no profile")
    parser.add_argument("--drain", type=float, default=60, help="seconds that MLflow is given after each measurement")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--fraction", type=float, default=0.2,
                        help="the rate of the paced phase: this share of the first throughput without tracking")
    parser.add_argument("--handlers", default=",".join(load.HANDLERS), help="comma-separated")
    parser.add_argument("--services", default=",".join(ADAPTERS + PEERS), help="comma-separated")
    parser.add_argument("--keep", action="store_true", help="in the result what it holds of other services and handlers")
    parser.add_argument("--modes", default=",".join(MODES[:6]), help="of every adapter; the first must be off")
    parser.add_argument("--more-modes", default=",".join(MODES[6:10]),
                        help="of the first adapter only: what is left of the ring is the same for all")


def make_quick(arguments):
    arguments.forks, arguments.rounds, arguments.warm_ups, arguments.connections = 1, 1, 1, 2
    arguments.seconds, arguments.paced_seconds, arguments.warm_up, arguments.ramp, arguments.drain = 0.3, 0.3, 0.05, 0.1, 0.5
    arguments.profile_seconds = 0.3
    arguments.fraction = 0.005  # of what peers cannot keep up with, next to nothing
    arguments.handlers, arguments.modes, arguments.more_modes = "work", "off,up", "frozen"


def modes_of(service, arguments):
    if service in PEERS:
        return ["off", "up"]
    modes = arguments.modes.split(",")
    if service == arguments.services.split(",")[0]:
        modes = modes + [mode for mode in arguments.more_modes.split(",") if mode]
    if modes[0] != "off" or not set(modes) <= set(MODES):
        raise Problem(f"modes begin with off, and the rest is any of {', '.join(MODES[1:])}")
    return modes


def measure(arguments):
    found, profiles = earlier(arguments) if arguments.keep else ([], [])
    # A service starts twice as fast on all of them.
    own, others = (set(), set()) if arguments.quick else machine.divided_cores()
    with machine.on_cores(others), tempfile.TemporaryDirectory(prefix="runtracker-benchmark-") as folder, contextlib.ExitStack() as stack:
        work = pathlib.Path(folder)
        server = stack.enter_context(servers.mlflow(work, workers=2, in_the_background=True))
        slow = stack.enter_context(servers.slow(server["url"], SLOW_MILLIS))
        sampler = profiler.unpacked(work) if arguments.profile_seconds else None
        nobody = f"http://127.0.0.1:{free_port()}"
        uris = {"off": nobody, "control": nobody, "down": nobody, "up": server["url"],
                "frozen": server["url"], **dict.fromkeys(SPOOLED, server["url"]), "slow": slow,
                "elsewhere": stack.enter_context(servers.elsewhere()),
                "429": servers.FakeServer(servers.TOO_MANY).url,
                "503": servers.FakeServer(servers.UNAVAILABLE).url,
                "garbage": servers.FakeServer(servers.GARBAGE).url}
        for service in arguments.services.split(","):
            rates = {}
            for fork in range(arguments.forks):
                with contextlib.ExitStack() as running:
                    # All at once, each idle but in its turn: so a round is over before the machine is another.
                    with concurrent.futures.ThreadPoolExecutor() as starting:
                        services = list(starting.map(
                            lambda mode: running.enter_context(started(arguments, service, mode, uris[mode], work, own)),
                            modes_of(service, arguments)))
                    found += measure_in_turn(arguments, services, server, fork, rates)
                    if sampler:
                        profiles += profile(arguments, services, server, sampler, work / "stacks")
    detail = {"measurements": found, "profiles": profiles, "cores_of_the_service": sorted(own)}
    return service_figures.figures(found, profiles), detail, [java.JAVA]


def earlier(arguments):
    """What was measured of other services: each has an "off" of its own, and needs nothing of its neighbours'."""
    try:
        result = results.read("service", arguments.quick)
    except FileNotFoundError:
        return [], []
    arguments.command_line = f"{result['command']} && {arguments.command_line}"

    def kept(name, made_anew):
        return [one for one in result["detail"].get(name, [])
                if not made_anew or one["service"] not in arguments.services.split(",")
                or one["handler"] not in handlers_of(one["service"], arguments)]

    return kept("measurements", arguments.rounds), kept("profiles", arguments.profile_seconds)


def warm_up(services, server, arguments):
    """
    Until the compiler has next to nothing left to do: "off" runs for longer than the others and would be ahead of them,
    and a window is written so seldom that the compiler is not done with that for many turns, most of all at a steady
    rate. In parts, with all between them that is between two turns: new connections and questions for the ledger are
    code too, and what a service meets for the first time has it throw away compiled code that expected no such thing.
    """
    cold = services
    for number in range(1, arguments.warm_ups + 1):
        for one in cold:
            with around(one.mode, server):
                parts = [part for sent in one.every_load for part in warmed(sent, arguments)]
            one.compiler_share = max(load.share("compiler", part) or 0 for part in parts)
            one.let_compile(4 * arguments.warm_up)
            settled(one, arguments.drain)
        if number >= FEWEST_WARM_UPS:
            cold = [one for one in services if one.compiler_share > WARM_SHARE]
            if not cold:
                break
    say(f"of the CPU in the last of {number} warm-ups the compiler had " + ", ".join(
        f"{one.compiler_share:.3f} ({one.mode})" for one in services))


def warmed(sent, arguments):
    fast = sent.phase("warm-up", arguments.warm_up)
    return fast, sent.phase("warm-up", arguments.warm_up, max(1, fast["throughput"] * arguments.fraction))


def measure_in_turn(arguments, services, server, fork, rates):
    warm_up(services, server, arguments)
    off, *others = services
    found = []
    for number in range(fork * arguments.rounds, (fork + 1) * arguments.rounds):
        for other in others:
            for handler in handlers_of(off.name, arguments):
                turns = [(off, "off", off.loads[handler]), (other, other.mode, other.loads[handler])]
                if handler in other.skipped:
                    turns.append((other, service_figures.SKIPPED, other.skipped[handler]))
                # Next to each other, and now this one first, now that: a machine drifts within a minute.
                for one, mode, sent in turns if number % 2 == 0 else reversed(turns):
                    if mode == service_figures.SKIPPED and not arguments.quick:
                        settled(one, WINDOW_SECONDS + arguments.drain, 0)  # or a window of the turn before is sent in this one
                    with around(one.mode, server):
                        phases = serve(handler, sent, arguments, rates, one.cores)
                    found.append({"round": number + 1, "fork": fork, "service": one.name, "mode": mode,
                                  "beside": other.mode, "handler": handler, **phases, "failures_so_far": one.failures,
                                  "failure": one.failure, **settled(one, arguments.drain)})
                    report(found[-1])
    return found


def profile(arguments, services, server, sampler, stacks):
    """Of the tracked services; last of all, because a service keeps the profiler that it had once."""
    found = []
    for one in services:
        for handler in handlers_of(one.name, arguments) if one.tracked and one.name in ADAPTERS else ():
            sent = one.loads[handler]
            with around(one.mode, server):
                sent.phase("ramp", arguments.ramp)
                with sampler.sampling(one.process.pid, stacks):
                    phase = sent.phase("profile", arguments.profile_seconds)
            settled(one, arguments.drain)
            found.append({"service": one.name, "mode": one.mode, "handler": handler, **profiler.samples(stacks),
                          "tracker_share": load.share("tracker", phase)})
    return found


def serve(handler, sent, arguments, rates, cores):
    sent.phase("ramp", arguments.ramp)
    saturation = sent.phase("saturation", arguments.seconds)
    rate = rates.setdefault(handler, max(1, saturation["throughput"] * arguments.fraction))
    sent.phase("ramp", arguments.ramp, rate)
    before = machine.stolen_seconds(cores)
    paced = sent.phase("paced", arguments.paced_seconds, rate)
    if before is not None:
        stolen = machine.stolen_seconds(cores) - before
        paced["stolen_share"] = stolen / arguments.paced_seconds / (len(cores) or os.cpu_count())
    return {"saturation": saturation, "paced": paced}


def around(mode, server):
    """What happens to MLflow meanwhile."""
    return servers.frozen(server) if mode == "frozen" else contextlib.nullcontext()


@contextlib.contextmanager
def started(arguments, name, mode, uri, work, cores):
    """A service that runs for the whole benchmark, each mode its own."""
    tracked = mode not in UNTRACKED
    handlers = warm_up_handlers(name, arguments)
    skipped = [one for one in handlers if one in load.SKIPPED] if tracked and name in ADAPTERS else []
    settings = variables(tracked, uri)
    if mode in SPOOLED:
        settings["RUNTRACKER_SPOOL_DIR"] = tempfile.mkdtemp(prefix="spool-", dir=work)
    if mode == "auto":
        settings["RUNTRACKER_TRACK_AS"] = "AUTO"
    if arguments.quick:
        settings["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1"  # starts sooner, and is never warm in any case
    with load.service(start_command(name), handlers, arguments.connections, work / f"{name}-{mode}.log", settings, cores,
                      skipped) as one:
        one.name, one.mode, one.tracked, one.cores = name, mode, tracked, cores
        yield one


def handlers_of(service, arguments):
    return ["nothing"] if service in PEERS else arguments.handlers.split(",")


def warm_up_handlers(service, arguments):
    """With the one that does nothing among them: it fills windows ten times as fast as one that works. Not where it is quick."""
    return list(dict.fromkeys([*([] if arguments.quick else ["nothing"]), *handlers_of(service, arguments)]))


def variables(tracked, uri):
    """Windows are what AUTO comes to in a service that is busy for longer than a turn, and would leave again between two."""
    return {"MLFLOW_TRACKING_URI": uri, "RUNTRACKER_CLOSE_TIMEOUT": "0s", "RUNTRACKER_ENABLED": str(tracked).lower(),
            "RUNTRACKER_TRACK_AS": "WINDOW",
            "TRACKING": str(tracked).lower(), "MLFLOW_DISABLE_TELEMETRY": "true"}


def settled(one, drain, rest=WINDOW_ROWS - 1):
    """
    The ledger, once the request threads have left their last request and, where MLflow may take it, what waits is
    delivered but for a rest, such as a window that is not full yet, so that nobody else pays for that; but not later than
    it may be.
    """
    if one.name not in ADAPTERS:
        return {"ledger": None, "ledger_faults": []}
    # A request that failed for the client may have been served all the same.
    expected = None if one.failures else one.answered if one.tracked else 0
    begin = time.monotonic()
    while True:
        ledger, waited = one.ledger(), time.monotonic() - begin
        is_left = expected is None or ledger["offered"] >= expected or waited > LEAVE_SECONDS
        is_delivered = ledger["inFlight"] <= rest or one.mode not in DELIVERING or waited > drain
        if is_left and is_delivered:
            return {"ledger": ledger, "ledger_faults": ledger_faults(ledger, expected)}
        time.sleep(0.1)


def start_command(service):
    if service == "fastapi":
        return [sys.executable, "-B", ROOT / "benchmarks/harness/fastapi_service.py"]
    if service == "mlflow-client":
        return java.command("service.SynchronousService")
    return load.example(service)


def ledger_faults(ledger, answered):
    """Everything about a ledger that does not add up; nothing when it does."""
    before = sum(n for reason, n in ledger["dropped"].items() if reason in BEFORE_ACCEPTANCE)
    after = sum(ledger["dropped"].values()) - before
    faulty = []
    if ledger["offered"] != ledger["accepted"] + before:
        faulty.append("offered is not accepted + dropped before")
    if ledger["accepted"] != ledger["delivered"] + ledger["inFlight"] + ledger["spooled"] + after:
        faulty.append("accepted is not delivered + in flight + spooled + dropped after")
    if ledger["inFlight"] < 0:
        faulty.append("less than nothing is in flight")
    if answered is not None and ledger["offered"] != answered:
        faulty.append(f"{ledger['offered']} offered, but {answered} answered")
    return faulty


def report(one):
    fast, paced, ledger = one["saturation"], one["paced"], one["ledger"]
    delivered = f"; delivered {ledger['delivered']} of {ledger['offered']}" if ledger else ""
    say(f"round {one['round']}, {one['service']}, {one['handler']}, {one['mode']}: {fast['throughput']:.0f}/s, at"
        f" {paced['rate']:.0f}/s p50 {paced['p50_us']:.0f} us, p99 {paced['p99_us']:.0f} us{delivered}")


def faults(found, detail):
    wrong = []
    for one in detail["measurements"]:
        where = f"round {one['round']}, {one['service']}, {one['handler']}, {one['mode']}"
        wrong += [f"{where}: the ledger does not add up: {fault}: {json.dumps(one['ledger'])}"
                  for fault in one["ledger_faults"]]
        # What a peer's client does to its service is the peer's.
        if one["failures_so_far"] and one["service"] in ADAPTERS:
            wrong.append(f"{where}: {one['failures_so_far']} requests failed by then: {one['failure']}")
    return wrong
