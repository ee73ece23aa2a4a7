# SPDX-License-Identifier: Apache-2.0
"""The fleet behind fleet.sh: services, a Kafka broker, relays and MLflow, of which some are killed."""

import argparse
import collections
import http.client
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

from demo import (
    ROOT,
    SERVER,
    Mlflow,
    Problem,
    Processes,
    call,
    free_port,
    perform,
    wait_until,
)

SERVICE = ROOT / "examples/javalin-service/target/javalin-service.jar"
RELAY = ROOT / "relay/target/runtracker-relay.jar"
BROKER = ROOT / "testkit/kafka-broker/target/kafka-broker-program.jar"

SERVICES = 3
RELAYS = 2
PARTITIONS = 6
TOPIC = "runtracker-requests"
CLIENTS = 6
PAUSE_SECONDS = 0.02  # of each client between two requests
ONE_FAILS_IN = 33

# A request is safe 20 ms and a disk write after its end; a busy machine takes longer.
YOUNG_SECONDS = 1.0

MOST_HEAP = "-Xmx192m"


def say(text):
    print(f"fleet: {text}", flush=True)


class Part:
    """One process of the fleet, which is killed and started again."""

    def __init__(self, processes, name, command, environment, work, is_up):
        self.processes = processes
        self.name = name
        self.command = command
        self.environment = environment
        self.log = work / (name.replace(" ", "-") + ".log")
        self.is_up = is_up
        self.process = None

    def start(self):
        self.process = self.processes.start(self.name, self.command, self.environment, self.log)

    def await_up(self):
        wait_until(f"the start of {self.name}", 120, self.is_up, self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()


class MlflowPart(Part):
    """MLflow's server has processes of its own, which are killed with it."""

    def __init__(self, processes, work):
        self.port = free_port()
        self.state = work / "mlflow.json"
        self.uri = f"http://127.0.0.1:{self.port}"
        super().__init__(
            processes,
            "MLflow",
            [sys.executable, str(SERVER), "serve", "--dir", str(work / "mlflow"), "--port",
             str(self.port), "--state-file", str(self.state), "--watch-pid", str(os.getpid())],
            os.environ,
            work,
            lambda: self.state.exists() and call(self.uri + "/health", timeout=5)[0] == 200,
        )

    def kill(self):
        group = json.loads(self.state.read_text())["processGroup"]
        super().kill()
        os.killpg(group, signal.SIGKILL)
        self.state.unlink()


class Load:
    """Clients that send requests with numbers, each to one instance after the other."""

    def __init__(self, ports):
        self.ports = ports
        self.numbers = itertools.count()
        self.lock = threading.Lock()
        self.answered = {}  # number: (instance, when)
        self.unanswered = set()  # the instance may have ended it or not
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(CLIENTS)
        ]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def run(self, first):
        connections = {}
        for turn in itertools.count(first):
            if self.stopping.wait(PAUSE_SECONDS):
                return
            instance = turn % len(self.ports)
            number = next(self.numbers)
            is_sent = False
            try:
                connection = connections.get(instance)
                if connection is None:
                    connection = http.client.HTTPConnection(
                        "127.0.0.1", self.ports[instance], timeout=30
                    )
                    connection.connect()
                    connections[instance] = connection
                is_sent = True
                connection.request("GET", self.path(number))
                connection.getresponse().read()
                with self.lock:
                    self.answered[number] = (instance, time.monotonic())
            except (OSError, http.client.HTTPException):
                connections.pop(instance, None)
                if is_sent:
                    with self.lock:
                        self.unanswered.add(number)

    @staticmethod
    def path(number):
        fails = number % ONE_FAILS_IN == ONE_FAILS_IN - 1
        return f"/fail?number={number}" if fails else f"/items/{number}"

    def count(self):
        with self.lock:
            return len(self.answered)


class Fleet:
    def __init__(self, processes, work):
        self.work = work
        self.experiment = f"runtracker-fleet-{int(time.time())}"
        self.mlflow = MlflowPart(processes, work)
        port = free_port()
        address = f"127.0.0.1:{port}"
        self.broker = Part(
            processes,
            "the broker",
            ["java", MOST_HEAP, "-XX:+UseSerialGC", "-jar", str(BROKER), str(work / "kafka"), str(port),
             f"{TOPIC}:{PARTITIONS}", f"{TOPIC}-rejected:1"],
            os.environ,
            work,
            lambda: "serving at" in (work / "the-broker.log").read_text(),
        )
        kafka = {"RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS": address}
        self.services = [self.service(processes, number, kafka) for number in range(SERVICES)]
        self.relays = [self.relay(processes, number, kafka) for number in range(RELAYS)]

    def part(self, processes, name, jar, environment, path):
        port = free_port()
        part = Part(
            processes,
            name,
            ["java", MOST_HEAP, "-XX:+UseSerialGC", "-jar", str(jar)],
            dict(clean_environment(), PORT=str(port), **environment),
            self.work,
            lambda: call(f"http://127.0.0.1:{port}{path}", timeout=5)[0] == 200,
        )
        part.port = port
        return part

    def service(self, processes, number, kafka):
        environment = dict(
            kafka,
            RUNTRACKER_SPOOL_DIR=str(self.work / f"spool-{number + 1}"),
        )
        return self.part(processes, f"service {number + 1}", SERVICE, environment, "/health")

    def relay(self, processes, number, kafka):
        environment = dict(
            kafka,
            MLFLOW_TRACKING_URI=self.mlflow.uri,
            MLFLOW_EXPERIMENT_NAME=self.experiment,
            RUNTRACKER_SERVICE_NAME="shop",
            RUNTRACKER_AUTO_THRESHOLD="10s",
            RUNTRACKER_WINDOW_AGE="3s",
            RUNTRACKER_KAFKA_SESSION_TIMEOUT_MS="6000",
            RUNTRACKER_KAFKA_HEARTBEAT_INTERVAL_MS="2000",
        )
        return self.part(processes, f"relay {number + 1}", RELAY, environment, "/health/ready")

    def parts(self):
        return [self.mlflow, self.broker, *self.services, *self.relays]

    def start(self):
        subprocess.run([sys.executable, str(SERVER), "install"], check=True)
        say("starting MLflow, a Kafka broker, three services and two relays")
        self.mlflow.start()
        self.broker.start()
        self.broker.await_up()
        self.mlflow.await_up()
        for part in self.services + self.relays:
            part.start()
        for part in self.services + self.relays:
            part.await_up()

    def waiting(self):
        """How many requests are not in MLflow; None where a part does not say, or a partition is nobody's."""
        ledgers = [asked(service, "/tracker") for service in self.services]
        topic = [asked(relay, "/ledger") for relay in self.relays]
        if None in ledgers or None in topic or sum(one["partitions"] for one in topic) < PARTITIONS:
            return None
        return sum(one["inFlight"] + one["spooled"] for one in ledgers) + sum(one["lag"] + one["waiting"] for one in topic)

    def in_spools(self):
        return sum(
            ledger["inFlight"] + ledger["spooled"]
            for ledger in (asked(service, "/tracker") for service in self.services)
            if ledger
        )

    def of_relays(self, what):
        return sum((asked(relay, "/ledger") or {}).get(what, 0) for relay in self.relays)


def clean_environment():
    """What the caller's shell says of servers is not meant for this fleet."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == "RUNTRACKER_CACHE" or not name.startswith(("RUNTRACKER_", "MLFLOW_"))
    }


def asked(part, path):
    """What a part says of itself, or None while it is not there."""
    try:
        return json.loads(call(f"http://127.0.0.1:{part.port}{path}", timeout=2)[1])
    except (OSError, ValueError, http.client.HTTPException):
        return None


class Table:
    """What waits where, a line every two seconds."""

    def __init__(self, fleet, load):
        self.fleet = fleet
        self.load = load
        self.start = time.monotonic()
        print(f"{'second':>6}  {'answered':>8}  {'in spools':>9}  {'in the topic':>12}", flush=True)

    def seconds(self):
        return time.monotonic() - self.start

    def line(self, event=""):
        topic = self.fleet.of_relays("lag") + self.fleet.of_relays("waiting")
        print(
            f"{self.seconds():6.0f}  {self.load.count():8}  {self.fleet.in_spools():9}  {topic:12}"
            f"  {event}".rstrip(),
            flush=True,
        )


def events(fleet):
    """When what is done to which part."""
    service, relay = fleet.services[1], fleet.relays[0]
    return [
        (6, "kill", service),
        (10, "start", service),
        (14, "kill", relay),
        (26, "start", relay),
        (30, "kill", fleet.broker),
        (36, "start", fleet.broker),
        (44, "kill", fleet.mlflow),
        (50, "start", fleet.mlflow),
    ]


LOAD_SECONDS = 60


def run_load(fleet):
    """Sends, kills and starts again; returns what was sent, and when the service was killed."""
    load = Load([service.port for service in fleet.services])
    table = Table(fleet, load)
    load.start()
    killed = {}
    planned = collections.deque(events(fleet))
    while table.seconds() < LOAD_SECONDS or planned:
        text = ""
        while planned and planned[0][0] <= table.seconds():
            _, what, part = planned.popleft()
            if what == "kill":
                killed[part] = time.monotonic()
                part.kill()
                text += f"kill -9 of {part.name}; "
            else:
                part.start()
                text += f"{part.name} starts again; "
        table.line(text.rstrip("; "))
        time.sleep(2)
    load.stop()
    return load, table, killed


def numbers_in(mlflow, experiment_id):
    """How often each request's number is in MLflow, in runs that are complete."""
    times = collections.Counter()
    unfinished = 0
    for run in mlflow.runs(experiment_id):
        kind = run.tags.get("runtracker.kind")
        if kind == "day":
            continue
        if run.status == "RUNNING":
            unfinished += 1
        elif kind == "window":
            for line in (mlflow.artifact(run.id, "requests.jsonl") or "").splitlines():
                times[number_of(json.loads(line)["url"])] += 1
        else:
            times[number_of(run.tags["http.url"])] += 1
    times.pop(None, None)
    return times, unfinished


def number_of(url):
    found = re.search(r"/(?:items/|fail\?number=)(\d+)$", url)
    return int(found.group(1)) if found else None


def balance(fleet, load, killed, mlflow, experiment_id):
    """What is wrong; prints the count."""
    times, unfinished = numbers_in(mlflow, experiment_id)
    service = fleet.services[1]
    missing = [number for number in load.answered if number not in times]
    young = [
        number
        for number in missing
        if load.answered[number][0] == 1
        and abs(killed[service] - load.answered[number][1]) <= YOUNG_SECONDS
    ]
    lost = len(missing) - len(young)
    twice = sum(1 for count in times.values() if count > 1)
    say(
        f"answered {len(load.answered)}, of these in MLflow {len(load.answered) - len(missing)},"
        f" missing {lost}, twice {twice}, runs unfinished {unfinished}"
    )
    if young:
        say(f"{len(young)} answers of {service.name} were not yet safe when it was killed")
    recorded = sum(1 for number in load.unanswered if number in times)
    say(f"{len(load.unanswered)} requests had no answer because of the kill, of these in MLflow {recorded}")
    return lost + twice + unfinished


class Quiet:
    """Whether nothing waits, twice in a row: what is read meanwhile shows in the second."""

    def __init__(self, fleet, table):
        self.fleet = fleet
        self.table = table
        self.times = 0

    def __call__(self):
        time.sleep(2)
        self.table.line("no more requests")
        self.times = self.times + 1 if self.fleet.waiting() == 0 else 0
        return self.times == 2


def demonstrate(fleet, arguments):
    fleet.start()
    mlflow = Mlflow(fleet.mlflow.uri)
    say(f"sending requests to {SERVICES} services for {LOAD_SECONDS} s; one in {ONE_FAILS_IN} fails")
    load, table, killed = run_load(fleet)

    for part in fleet.parts():
        part.await_up()
    wait_until("the delivery of all requests", 240, Quiet(fleet, table))
    experiment_id = mlflow.experiment_id(fleet.experiment)
    if balance(fleet, load, killed, mlflow, experiment_id):
        raise Problem("not each request is in MLflow once")
    say("each request that was safe is in MLflow once")
    say(f"MLflow's page: {fleet.mlflow.uri}/#/experiments/{experiment_id}/runs")
    if not arguments.exit:
        for service in fleet.services:
            say(f"{service.name}: http://127.0.0.1:{service.port}/hello")
        for relay in fleet.relays:
            say(f"{relay.name}: http://127.0.0.1:{relay.port}/metrics, /ledger, /health/ready")
        say("Ctrl-C ends everything")
        signal.pause()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--exit", action="store_true")
    arguments = parser.parse_args()
    processes = Processes()
    return perform(
        "fleet", arguments.exit, processes, lambda work: demonstrate(Fleet(processes, work), arguments)
    )


if __name__ == "__main__":
    sys.exit(main())
