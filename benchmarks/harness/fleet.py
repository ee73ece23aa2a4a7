# SPDX-License-Identifier: Apache-2.0
"""Instances of a service that write a topic, relays that read it, and MLflow, all on the same cores."""

import contextlib
import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import threading
import time

import java
import servers
from processes import ROOT, cpu_seconds, end, environment, free_port, get, say, started, wait_until
from window import fetch, runs_of

BROKER = ROOT / "testkit/kafka-broker/target/kafka-broker-program.jar"
RELAY = ROOT / "relay/target/runtracker-relay.jar"
TOPIC = "runtracker-requests"
EXPERIMENT = "fleet"
RELAY_HEAP = "-Xmx256m"

# Until the compilers have done most of their work.
WARM_UP_SHARE = 0.2
CATCH_UP_SECONDS = 1200
SETTLE_SECONDS = 300


def add_arguments(parser):
    parser.add_argument("--instances", type=int, default=20)
    parser.add_argument("--rate", type=int, default=20_000, help="requests a second of all instances")
    parser.add_argument("--seconds", type=float, default=300, help="of the steady load")
    parser.add_argument("--outage", type=float, default=600, help="seconds without MLflow")
    parser.add_argument("--kills", type=int, default=7, help="of a relay")
    parser.add_argument("--relays", type=int, default=2)
    parser.add_argument("--partitions", type=int, default=6)


def make_quick(arguments):
    arguments.instances, arguments.rate, arguments.seconds, arguments.outage, arguments.kills = 3, 500, 5, 3, 1


def measure(arguments):
    with tempfile.TemporaryDirectory(prefix="runtracker-benchmark-") as folder, contextlib.ExitStack() as stack:
        fleet = Fleet(pathlib.Path(folder), stack, arguments)
        detail = {"steady": steady(fleet, arguments)}
        say(f"steady: {detail['steady']['figures']}")
        detail["outage"] = outage(fleet, arguments)
        say(f"outage: {detail['outage']['figures']}")
        detail["takeover"] = takeovers(fleet, arguments)
        say(f"takeover: {detail['takeover']}")
        detail["balance"] = fleet.balance()
        say(f"balance: {detail['balance']}")
    return figures(detail), detail, [java.JAVA]


class Fleet:
    def __init__(self, work, stack, arguments):
        self.work, self.stack, self.loads = work, stack, []
        store = stack.enter_context(servers.postgres()) if servers.postgres_programs() else None
        self.mlflow = stack.enter_context(servers.mlflow(work, store=store, workers=2))
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        log = work / "broker.log"
        self.broker = stack.enter_context(started(
            "the broker", [java.JAVA, "-Xmx512m", "-jar", BROKER, work / "kafka", port,
                           f"{TOPIC}:{arguments.partitions}", f"{TOPIC}-rejected:1"], log))
        wait_until("the broker's start", 120, lambda: "serving at" in log.read_text(), self.broker)
        self.partitions = arguments.partitions
        self.relays = [Relay(self, number) for number in range(arguments.relays)]
        stack.callback(lambda: [relay.end() for relay in self.relays])
        for relay in self.relays:
            relay.start()
        for relay in self.relays:
            wait_until("a relay's start", 60, relay.is_ready, relay.process)

    @contextlib.contextmanager
    def load(self, arguments, seconds):
        """The instances serve meanwhile; what became of their requests is added to the loads."""
        command = java.command("fleet.Instances", self.address, str(arguments.instances), str(arguments.rate), str(seconds),
                               options=["-Xmx768m"])
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=environment())
        try:
            yield process
            printed, _ = process.communicate(timeout=seconds + 300)
            self.loads.append(json.loads(printed.strip().splitlines()[-1]))
        finally:
            end("the instances", process)

    def lag(self):
        """Of the relays that answer: what is in the topic and not in MLflow, in as far as they know."""
        ledgers = [relay.ledger() for relay in self.relays]
        return sum(one["lag"] + one["waiting"] for one in ledgers if one)

    def delivered(self):
        ledgers = [relay.ledger() for relay in self.relays]
        return sum(one["delivered"] for one in ledgers if one)

    def written(self):
        return sum(one["delivered"] for one in self.loads)

    def cpu(self, instances=None):
        found = {"relays": sum(cpu_seconds(relay.process.pid) for relay in self.relays),
                 "broker": cpu_seconds(self.broker.pid),
                 "mlflow": sum(cpu_seconds(pid) or 0 for pid in self.mlflow["pids"])}
        if instances:
            found["instances"] = cpu_seconds(instances.pid)
        return found

    def settle(self):
        wait_until("the delivery of all", SETTLE_SECONDS, lambda: self.delivered() >= self.written(), self.broker, pause=0.5)

    def balance(self):
        """What MLflow holds, by the ids of its requests."""
        rows, twice, windows, seen = 0, 0, 0, {}
        for run in runs_of(self.mlflow["url"], EXPERIMENT):
            tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
            if tags.get("runtracker.kind") != "window":
                continue
            windows += 1
            content = fetch(self.mlflow["url"], f"/get-artifact?run_uuid={run['info']['run_id']}&path=requests.jsonl")
            for source, number in re.findall(rb'"event_id":\s*"([0-9a-f]+)-(\d+)"', content):
                numbers = seen.setdefault(source, bytearray())
                number = int(number)
                if number >= len(numbers):
                    numbers.extend(bytes(number + 10_000 - len(numbers)))
                twice += numbers[number]
                numbers[number] = 1
                rows += 1
        return {"windows": windows, "recorded": rows, "twice": twice, "missing": self.written() - (rows - twice)}


class Relay:
    def __init__(self, fleet, number):
        self.fleet, self.number, self.port, self.process, self.log = fleet, number, free_port(), None, None

    def start(self):
        variables = {"RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS": self.fleet.address, "RUNTRACKER_TRACK_AS": "WINDOW",
                     "MLFLOW_TRACKING_URI": self.fleet.mlflow["url"], "MLFLOW_EXPERIMENT_NAME": EXPERIMENT,
                     "PORT": str(self.port)}
        self.log = open(self.fleet.work / f"relay-{self.number}.log", "ab")
        self.process = subprocess.Popen(
            [java.JAVA, RELAY_HEAP, "-XX:+UseSerialGC", "-jar", str(RELAY)], env=environment(**variables),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def is_ready(self):
        return get(f"http://127.0.0.1:{self.port}/health/ready") is not None

    def ledger(self):
        try:
            return json.loads(get(f"http://127.0.0.1:{self.port}/ledger"))
        except (OSError, ValueError):
            return None

    def resident_mb(self):
        found = re.search(r"VmRSS:\s+(\d+)", pathlib.Path("/proc", str(self.process.pid), "status").read_text())
        return int(found[1]) / 1024

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def end(self):
        if self.process:
            end("a relay", self.process)
            self.log.close()


class Watch:
    """The lag, each second, until it is told to stop."""

    def __init__(self, fleet):
        self.fleet, self.samples, self.stop = fleet, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        begun = time.monotonic()
        while not self.stop.wait(1):
            self.samples.append({"second": round(time.monotonic() - begun, 1), "lag": self.fleet.lag(),
                                 "resident_mb": max(relay.resident_mb() for relay in self.fleet.relays)})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def steady(fleet, arguments):
    """After the warm-up: what each row costs whom, and how far the relays are behind."""
    warm_up = arguments.seconds * WARM_UP_SHARE
    with Watch(fleet) as watch:
        with fleet.load(arguments, warm_up + arguments.seconds) as instances:
            time.sleep(warm_up)
            before, rows, begun = fleet.cpu(instances), fleet.delivered(), time.monotonic()
            time.sleep(arguments.seconds - 1)  # they have not ended yet
            after, rows = fleet.cpu(instances), fleet.delivered() - rows
            seconds = time.monotonic() - begun
        fleet.settle()
    lags = [one["lag"] for one in watch.samples if one["second"] > warm_up]
    served = arguments.rate * seconds
    found = {"rows_per_second": rows / seconds, "lag_max_seconds": max(lags) / arguments.rate,
             "lag_median_seconds": statistics.median(lags) / arguments.rate,
             "relay_resident_mb": max(one["resident_mb"] for one in watch.samples)}
    for part, of in (("relays", rows), ("broker", served), ("mlflow", rows), ("instances", served)):
        found[f"{part}_cpu_us_per_row"] = (after[part] - before[part]) / max(of, 1) * 1e6
    return {"figures": found, "samples": watch.samples}


def outage(fleet, arguments):
    """MLflow answers nothing for a while; how long it takes afterwards until the relays are where they were."""
    with Watch(fleet) as watch:
        # A quarter longer, to see that they catch up beside the load.
        with fleet.load(arguments, arguments.outage + arguments.outage / 4):
            with servers.frozen(fleet.mlflow):
                time.sleep(arguments.outage)
            begun, behind = time.monotonic(), fleet.lag()
        wait_until("the end of the backlog", CATCH_UP_SECONDS, lambda: fleet.delivered() >= fleet.written(),
                   fleet.broker, pause=0.5)
        seconds = time.monotonic() - begun
    found = {"outage_seconds": arguments.outage, "behind": behind, "catch_up_seconds": seconds,
             "resident_mb": max(one["resident_mb"] for one in watch.samples)}
    return {"figures": found, "samples": watch.samples}


def takeovers(fleet, arguments):
    """From the kill of a relay until the others have its partitions."""
    seconds = []
    for number in range(arguments.kills):
        victim = fleet.relays[number % len(fleet.relays)]
        others = [relay for relay in fleet.relays if relay is not victim]
        wait_until("the sharing of partitions", 120, lambda: all((relay.ledger() or {}).get("partitions") for relay in fleet.relays),
                   fleet.broker)
        victim.kill()
        begun = time.monotonic()
        wait_until("the takeover", 120, lambda: sum((relay.ledger() or {}).get("partitions", 0) for relay in others)
                   == fleet.partitions, fleet.broker)
        seconds.append(time.monotonic() - begun)
        victim.start()
        wait_until("a relay's start", 60, victim.is_ready, victim.process)
    return seconds


def figures(detail):
    found = dict(detail["steady"]["figures"])
    found |= {name if name.startswith(("outage", "catch_up")) else f"outage_{name}": value
              for name, value in detail["outage"]["figures"].items()}
    if detail["takeover"]:
        found["takeover_seconds_p50"] = statistics.median(detail["takeover"])
        found["takeover_seconds_max"] = max(detail["takeover"])
    return found | detail["balance"]


def faults(found, detail):
    return [f"{name}: {found[name]}" for name in ("missing", "twice") if found[name]]


def chart(plot, result):
    figure, plots = plot.subplots(1, 2, figsize=(8, 2.8))
    for axes, name in zip(plots, ("steady", "outage")):
        samples = result["detail"][name]["samples"]
        axes.plot([one["second"] for one in samples], [one["lag"] for one in samples], color="#2a6fbb")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("second")
        axes.set_title({"steady": "behind, in requests: a steady load", "outage": "without MLflow for a while"}[name])
    return figure


def tables(found):
    import results

    yield ("A fleet on two cores", ["figure", "value"], results.listing("fleet", found, list(found)))
