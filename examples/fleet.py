# SPDX-License-Identifier: Apache-2.0
"""The fleet behind fleet.sh: services, a Kafka broker, relays and MLflow, of which some are killed or frozen."""

import argparse
import collections
import http.client
import itertools
import json
import os
import random
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
ANSWER_SECONDS = 5  # a client waits no longer for one
ASK_SECONDS = 0.5  # what a part says of itself; one that is frozen says nothing
ONE_FAILS_IN = 33

SESSION_SECONDS = 6  # of a relay
WAKES_SECONDS = 10  # until a part that came back is at work again, on a machine that has time
SECONDS_AFTERWARDS = 6  # of the load, behind the last fault

# A request is safe 20 ms and a disk write after its end; a busy machine takes longer.
YOUNG_SECONDS = 1.0

# Seven processes on a small machine, for two minutes: what they save by better code, making it costs.
JAVA = ["java", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar"]


def say(text):
    print(f"fleet: {text}", flush=True)


class Part:
    """One process of the fleet, which is killed and started again, or frozen and let go on."""

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

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


class MlflowPart(Part):
    """MLflow's server has processes of its own, and what is done to it is done to them."""

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

    def group(self):
        self.await_up()  # before, nobody knows them
        return json.loads(self.state.read_text())["processGroup"]

    def kill(self):
        group = self.group()
        super().kill()
        os.killpg(group, signal.SIGKILL)
        self.state.unlink()

    def freeze(self):
        self.frozen = self.group()
        os.killpg(self.frozen, signal.SIGSTOP)

    def thaw(self):
        os.killpg(self.frozen, signal.SIGCONT)


class Load:
    """Clients that send requests with numbers, each to one instance: a frozen one stops only its own."""

    def __init__(self, ports):
        self.ports = ports
        self.numbers = itertools.count()
        self.lock = threading.Lock()
        self.answered = {}  # number: (instance, when)
        self.unanswered = set()  # sent, and the instance may have ended it or not
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self.run, args=(i % len(ports),), daemon=True)
            for i in range(CLIENTS)
        ]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def run(self, instance):
        connection = None
        while not self.stopping.wait(PAUSE_SECONDS):
            number = next(self.numbers)
            is_sent = False
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(
                        "127.0.0.1", self.ports[instance], timeout=ANSWER_SECONDS
                    )
                    connection.connect()
                is_sent = True
                connection.request("GET", self.path(number))
                connection.getresponse().read()
                with self.lock:
                    self.answered[number] = (instance, time.monotonic())
            except (OSError, http.client.HTTPException):
                connection = None
                if is_sent:
                    with self.lock:
                        self.unanswered.add(number)

    @staticmethod
    def fails(number):
        return number % ONE_FAILS_IN == ONE_FAILS_IN - 1

    @staticmethod
    def path(number):
        return f"/fail?number={number}" if Load.fails(number) else f"/items/{number}"

    def count(self):
        with self.lock:
            return len(self.answered)


class Fleet:
    def __init__(self, processes, work, track_as):
        self.work = work
        self.track_as = track_as
        self.experiment = f"runtracker-fleet-{int(time.time())}"
        self.mlflow = MlflowPart(processes, work)
        port = free_port()
        address = f"127.0.0.1:{port}"
        self.broker = Part(
            processes,
            "the broker",
            [*JAVA, str(BROKER), str(work / "kafka"), str(port),
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
            [*JAVA, str(jar)],
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
            RUNTRACKER_TRACK_AS=self.track_as,
            RUNTRACKER_AUTO_THRESHOLD="10s",
            RUNTRACKER_WINDOW_AGE="3s",
            RUNTRACKER_KAFKA_SESSION_TIMEOUT_MS=str(SESSION_SECONDS * 1000),
            RUNTRACKER_KAFKA_HEARTBEAT_INTERVAL_MS="2000",
        )
        return self.part(processes, f"relay {number + 1}", RELAY, environment, "/health/ready")

    def parts(self):
        return [self.mlflow, self.broker, *self.services, *self.relays]

    def start(self):
        subprocess.run([sys.executable, str(SERVER), "install"], check=True)
        say("starting MLflow, a Kafka broker, three services and two relays")
        for part in self.parts():  # services and relays wait for the broker by themselves
            part.start()
        for part in self.parts():
            part.await_up()


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
        return json.loads(call(f"http://127.0.0.1:{part.port}{path}", timeout=ASK_SECONDS)[1])
    except (OSError, ValueError, http.client.HTTPException):
        return None


class Waiting:
    """How many requests are not in MLflow yet, as the parts say themselves."""

    def __init__(self, fleet):
        services = [asked(one, "/tracker") for one in fleet.services]
        relays = [asked(one, "/ledger") for one in fleet.relays]
        self.in_spools = sum(one["inFlight"] + one["spooled"] for one in services if one)
        self.in_topic = sum(one["lag"] + one["waiting"] for one in relays if one)
        self.is_known = (
            None not in services + relays and sum(one["partitions"] for one in relays) == PARTITIONS
        )


class Table:
    """What waits where, a line every two seconds and for each event."""

    def __init__(self, fleet, load):
        self.fleet = fleet
        self.load = load
        self.start = self.next = time.monotonic()
        print(f"{'second':>6}  {'answered':>8}  {'in spools':>9}  {'in the topic':>12}", flush=True)

    def seconds(self):
        return time.monotonic() - self.start

    def is_time(self):
        return time.monotonic() >= self.next

    def line(self, event=""):
        self.next = time.monotonic() + 2
        waiting = Waiting(self.fleet)
        print(
            f"{self.seconds():6.0f}  {self.load.count():8}  {waiting.in_spools:9}  {waiting.in_topic:12}"
            f"  {event}".rstrip(),
            flush=True,
        )
        return waiting


# Faults: when what is done to which part.


def one_of_each(fleet):
    """
    Six rounds: a kill of each kind of part, and a freeze of a relay and of a service. What a relay or
    MLflow leaves unknown is looked up 25 s later, so their faults come before the last one.
    """
    return [
        (4, "kill", fleet.relays[0]),
        (12, "start", fleet.relays[0]),
        (6, "freeze", fleet.services[2]),  # for longer than Kafka keeps its transaction open
        (24, "thaw", fleet.services[2]),
        (13, "kill", fleet.broker),
        (16, "start", fleet.broker),
        (20, "freeze", fleet.relays[1]),  # for longer than its session
        (28, "thaw", fleet.relays[1]),
        (22, "kill", fleet.mlflow),
        (25, "start", fleet.mlflow),
        (30, "kill", fleet.services[1]),
        (32, "start", fleet.services[1]),
    ]


def at_random(fleet, rounds, seed):
    """In each round some part is killed or frozen, and comes back; others may be away meanwhile."""
    chance = random.Random(seed)
    kinds = [fleet.services, fleet.relays, [fleet.broker], [fleet.mlflow]]
    events, free, now = [], {}, 4.0
    for _ in range(rounds):
        part = chance.choice(chance.choice(kinds))
        now = max(now, free.get(part, 0))
        away, back, seconds = chance.choice(
            [("kill", "start", chance.uniform(1, 10)), ("freeze", "thaw", chance.uniform(11, 16))]
        )
        events += [(now, away, part), (now + seconds, back, part)]
        free[part] = now + seconds + WAKES_SECONDS
        now += chance.uniform(4, 12)
    return events


SAID = {
    "kill": "kill -9 of {}",
    "start": "{} starts again",
    "freeze": "{} is frozen",
    "thaw": "{} goes on",
}


def run_load(fleet, events):
    """Sends requests while the events happen; returns what was sent, and which part was killed when."""
    load = Load([service.port for service in fleet.services])
    table = Table(fleet, load)
    load.start()
    killed = []
    planned = collections.deque(sorted(events, key=lambda event: event[0]))
    late = 0  # so that no part is away for a shorter time than planned
    while planned or table.seconds() < end:
        if planned and planned[0][0] + late <= table.seconds():
            second, what, part = planned.popleft()
            if what == "kill":
                killed.append((part, time.monotonic()))
            getattr(part, what)()
            late = table.seconds() - second
            end = table.seconds() + SECONDS_AFTERWARDS
            table.line(SAID[what].format(part.name))
        elif table.is_time():
            table.line()
        time.sleep(0.1)
    load.stop()
    return load, table, killed


class Found:
    """How often each request's number is in MLflow, in runs that are complete."""

    def __init__(self, mlflow, experiment_id):
        self.as_runs = collections.Counter()
        self.as_rows = collections.Counter()
        self.of_wrong_status = set()
        self.unfinished = []
        for run in mlflow.runs(experiment_id):
            self.take(run, mlflow)
        self.times = self.as_runs + self.as_rows

    def take(self, run, mlflow):
        kind = run.tags.get("runtracker.kind")
        if kind == "day":
            return
        if run.status == "RUNNING":
            self.unfinished.append(run.id)
        elif kind == "window":
            for line in (mlflow.artifact(run.id, "requests.jsonl") or "").splitlines():
                row = json.loads(line)
                self.count(self.as_rows, row["url"], row["status"])
        else:
            self.count(self.as_runs, run.tags["http.url"], run.status)

    def count(self, times, url, status):
        number = number_of(url)
        if number is not None:
            times[number] += 1
            if (status == "FAILED") != Load.fails(number):
                self.of_wrong_status.add(number)


def number_of(url):
    found = re.search(r"/(?:items/|fail\?number=)(\d+)$", url)
    return int(found.group(1)) if found else None


def is_young(fleet, answer, killed):
    """Whether the service was killed so soon after its answer that nothing is promised."""
    instance, moment = answer
    return any(
        part is fleet.services[instance] and abs(when - moment) <= YOUNG_SECONDS
        for part, when in killed
    )


def balance(fleet, load, killed, found):
    """What is wrong; prints the count."""
    absent = [number for number in load.answered if number not in found.times]
    missing = [number for number in absent if not is_young(fleet, load.answered[number], killed)]
    twice = [number for number, times in found.times.items() if times > 1]
    say(
        f"sent {len(load.answered) + len(load.unanswered)}, answered {len(load.answered)},"
        f" of these in MLflow {len(load.answered) - len(absent)}, missing {len(missing)},"
        f" twice {len(twice)}, unfinished {len(found.unfinished)}"
    )
    say(f"in MLflow are {found.as_runs.total()} runs, and {found.as_rows.total()} rows of windows")
    if len(absent) > len(missing):
        say(f"{len(absent) - len(missing)} answers were not yet safe when their service was killed")
    recorded = sum(1 for number in load.unanswered if number in found.times)
    say(f"{len(load.unanswered)} requests had no answer, of these in MLflow {recorded}")
    wrong = {
        "missing": missing,
        "twice": twice,
        "unfinished": found.unfinished,
        "of a wrong status": sorted(found.of_wrong_status),
    }
    for what, which in wrong.items():
        if which:
            say(f"WRONG: {what}: {which[:20]}")
    return any(wrong.values())


class Quiet:
    """Whether nothing waits, twice in a row: what is read meanwhile shows in the second."""

    def __init__(self, table):
        self.table = table
        self.times = 0

    def __call__(self):
        time.sleep(2)
        waiting = self.table.line("no more requests")
        is_quiet = waiting.is_known and waiting.in_spools + waiting.in_topic == 0
        self.times = self.times + 1 if is_quiet else 0
        return self.times == 2


def faults(fleet, arguments):
    if arguments.rounds:
        events = at_random(fleet, arguments.rounds, arguments.seed)
        say(f"--seed {arguments.seed} chooses the same faults again")
    else:
        events = one_of_each(fleet)
    times = collections.Counter(what for _, what, _ in events)
    say(f"{times['kill']} kills and {times['freeze']} freezes are to come")
    return events


def demonstrate(fleet, arguments):
    fleet.start()
    mlflow = Mlflow(fleet.mlflow.uri)
    say(f"sending requests to {SERVICES} services; one in {ONE_FAILS_IN} fails")
    load, table, killed = run_load(fleet, faults(fleet, arguments))

    for part in fleet.parts():
        part.await_up()
    wait_until("the delivery of all requests", 240, Quiet(table))
    experiment_id = mlflow.experiment_id(fleet.experiment)
    if balance(fleet, load, killed, Found(mlflow, experiment_id)):
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
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--track-as", choices=["AUTO", "WINDOW"], default="AUTO")
    arguments = parser.parse_args()
    processes = Processes()
    return perform(
        "fleet",
        arguments.exit,
        processes,
        lambda work: demonstrate(Fleet(processes, work, arguments.track_as), arguments),
    )


if __name__ == "__main__":
    sys.exit(main())
