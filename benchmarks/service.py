# SPDX-License-Identifier: Apache-2.0
"""What tracking costs a whole service: the servlet example, with and without it, MLflow well and in trouble.

Started by run.sh. How to read what it prints is in docs/benchmarks.md.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
JAR = ROOT / "examples/servlet-service/target/servlet-service.jar"
SERVER = ROOT / "testkit/mlflow-server/src/main/resources/io/runtracker/testkit/mlflow_server.py"
RESULTS = ROOT / "benchmarks/results"

# "control" is "off" once more: what differs between those two is noise.
MODES = ["off", "control", "up", "down", "frozen", "429", "garbage"]
BEFORE_ACCEPTANCE = {"RING_FULL", "CLOSED", "CAPTURE_FAULT"}
HEAP = ["-Xms512m", "-Xmx512m", "-XX:+UseG1GC"]


class Problem(Exception):
    """What keeps the benchmark from being run, or makes it worthless."""


def say(text):
    print(f"benchmark: {text}", file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    """The time that a process and its threads have had on a CPU; None where /proc is missing."""
    try:
        fields = pathlib.Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load_average():
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


@contextlib.contextmanager
def started(name, command, log, **options):
    """A process of ours, ended by its pid whatever happens."""
    with open(log, "ab") as out:
        process = subprocess.Popen(
            command, **{"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, **options})
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                say(f"{name} did not end within 30 s and is killed")
                process.kill()
                process.wait()


def wait_until(what, seconds, condition, process):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            if condition():
                return
        if process.poll() is not None:
            raise Problem(f"{what}: the process ended with {process.returncode}")
        time.sleep(0.05)
    raise Problem(f"{what}: not within {seconds} s")


class FakeServer:
    """Answers every request with the same bytes, and closes the connection."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            connection.recv(1 << 16)
            connection.sendall(self.answer)


TOO_MANY = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
GARBAGE = b"\x00\xffthis is no HTTP\r\n" * 8


@contextlib.contextmanager
def mlflow(work):
    subprocess.run([sys.executable, str(SERVER), "install"], check=True, stdout=sys.stderr)
    say("starting MLflow")
    state = work / "mlflow.json"
    command = [sys.executable, str(SERVER), "serve", "--dir", str(work / "mlflow"), "--state-file",
               str(state), "--watch-pid", str(os.getpid())]
    with started("MLflow", command, work / "mlflow.log") as process:
        wait_until("MLflow's start", 180, state.exists, process)
        yield json.loads(state.read_text())


@contextlib.contextmanager
def frozen(server):
    os.killpg(server["processGroup"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(server["processGroup"], signal.SIGCONT)


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def load(arguments, classes, port, rate, pid):
    """Runs the three phases; the measured ones with the CPU that the service took in them."""
    command = ["java", *HEAP, "-cp", str(classes), "Load", port, arguments.path,
               arguments.connections, arguments.warm_up, arguments.seconds, arguments.seconds,
               rate, arguments.fraction]
    phases = {}
    with subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True) as process:
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
    faults = []
    if ledger["offered"] != ledger["accepted"] + before:
        faults.append("offered is not accepted + dropped before")
    if ledger["accepted"] != ledger["delivered"] + ledger["inFlight"] + ledger["spooled"] + after:
        faults.append("accepted is not delivered + in flight + spooled + dropped after")
    if answers is not None and ledger["offered"] != answers:
        faults.append(f"{ledger['offered']} offered, but {answers} answered")
    return faults


def settled_ledger(base, answers):
    """The ledger, once the request threads have had the time to leave their last request."""
    for _ in range(100):
        ledger = json.loads(get(base + "/tracker"))
        if answers is None or ledger["offered"] >= answers:
            break
        time.sleep(0.05)
    return ledger


def measure(arguments, mode, uri, classes, work, rate):
    port = free_port()
    tracked = mode not in ("off", "control")
    environment = {
        name: value for name, value in os.environ.items()
        if not name.startswith(("RUNTRACKER_", "MLFLOW_"))}
    environment.update(
        PORT=str(port), RUNTRACKER_ENABLED=str(tracked).lower(), MLFLOW_TRACKING_URI=uri,
        MLFLOW_EXPERIMENT_NAME="benchmark", RUNTRACKER_CLOSE_TIMEOUT="0s")
    command = ["java", *HEAP, "-jar", str(JAR)]
    with started("the service", command, work / f"service-{mode}.log", env=environment) as process:
        base = f"http://127.0.0.1:{port}"
        wait_until("the service's start", 60, lambda: get(base + "/health"), process)
        phases = load(arguments, classes, port, rate, process.pid)
        answers = sum(phase["answers"] for phase in phases.values())
        failures = sum(phase["failures"] for phase in phases.values())
        # A request that failed for the client may have been served all the same.
        expected = None if failures else answers if tracked else 0
        ledger = settled_ledger(base, expected)
    return {
        "mode": mode,
        "saturation": phases["saturation"],
        "paced": phases["paced"],
        "failures": failures,
        "failure": next((p["failure"] for p in phases.values() if p["failure"]), ""),
        "ledger": ledger,
        "ledger_faults": ledger_faults(ledger, expected),
    }


def rounds(arguments, work, results):
    classes = work / "classes"
    subprocess.run(
        ["javac", "-d", str(classes), str(ROOT / "benchmarks/Load.java")], check=True)
    too_many, garbage = FakeServer(TOO_MANY), FakeServer(GARBAGE)
    nobody = f"http://127.0.0.1:{free_port()}"
    rate = arguments.rate
    with contextlib.ExitStack() as stack:
        needs_server = {"up", "frozen"} & set(arguments.modes)
        server = stack.enter_context(mlflow(work)) if needs_server else {"url": nobody}
        uris = {"off": nobody, "control": nobody, "up": server["url"], "down": nobody,
                "frozen": server["url"], "429": too_many.url, "garbage": garbage.url}
        for number in range(arguments.rounds):
            # "off" comes first and "control" anywhere, so that neither a slow start nor drift hides.
            others = arguments.modes[1:]
            turn = number % len(others) if others else 0
            for mode in arguments.modes[:1] + others[turn:] + others[:turn]:
                with frozen(server) if mode == "frozen" else contextlib.nullcontext():
                    result = measure(arguments, mode, uris[mode], classes, work, rate)
                rate = rate or result["paced"]["rate"]
                result["round"] = number + 1
                results.append(result)
                report(result)


def report(result):
    fast, paced = result["saturation"], result["paced"]
    dropped = " ".join(f"{reason}={n}" for reason, n in result["ledger"]["dropped"].items())
    say(f"round {result['round']}, {result['mode']}: {fast['throughput']:.0f}/s, at"
        f" {paced['rate']:.0f}/s p50 {paced['p50_us']:.0f} us, p99 {paced['p99_us']:.0f} us;"
        f" delivered {result['ledger']['delivered']} of {result['ledger']['offered']}"
        f"{', dropped ' + dropped if dropped else ''}")
    for fault in result["ledger_faults"]:
        say(f"WRONG: the ledger does not add up: {fault}: {json.dumps(result['ledger'])}")
    if result["failures"]:
        say(f"WRONG: {result['failures']} requests failed: {result['failure']}")


def ratio(results, mode, phase, figure):
    """The median over the rounds of a mode's figure divided by that of the same round's "off"."""
    ratios = []
    off = {r["round"]: r[phase].get(figure) for r in results if r["mode"] == "off"}
    for result in results:
        if result["mode"] == mode and off.get(result["round"]) and result[phase].get(figure):
            ratios.append(result[phase][figure] / off[result["round"]])
    return statistics.median(ratios) if ratios else None


def summary(results, modes):
    figures = {}
    off = [r for r in results if r["mode"] == "off"]
    if off:
        figures["off_throughput"] = statistics.median(r["saturation"]["throughput"] for r in off)
        figures["off_p99_us"] = statistics.median(r["paced"]["p99_us"] for r in off)
        figures["rate"] = off[0]["paced"]["rate"]
    for mode in modes[1:]:
        figures[f"kept_{mode}"] = ratio(results, mode, "saturation", "throughput")
        figures[f"p50_ratio_{mode}"] = ratio(results, mode, "paced", "p50_us")
        figures[f"p99_ratio_{mode}"] = ratio(results, mode, "paced", "p99_us")
        figures[f"cpu_ratio_{mode}"] = ratio(results, mode, "paced", "cpu_us_per_request")
    return {name: value for name, value in figures.items() if value is not None}


def parse():
    parser = argparse.ArgumentParser(prog="benchmarks/run.sh service", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round: does it run, not what it costs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10, help="of each of the two measured phases")
    parser.add_argument("--warm-up", type=float, default=10, help="seconds before them")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rate", type=float, default=0, help="requests per second of the paced phase")
    parser.add_argument("--fraction", type=float, default=0.2,
                        help="without --rate: this share of the first throughput without tracking")
    parser.add_argument("--path", default="/hello")
    parser.add_argument("--modes", default=",".join(MODES), help="comma-separated; the first must be off")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.seconds, arguments.warm_up = 1, 1, 1
    arguments.modes = arguments.modes.split(",")
    if arguments.modes[0] != "off" or not set(arguments.modes) <= set(MODES):
        parser.error(f"--modes: begins with off, then any of {', '.join(MODES[1:])}")
    return arguments


def end(number, frame):
    raise KeyboardInterrupt


def main():
    arguments = parse()
    signal.signal(signal.SIGTERM, end)
    load_before = load_average()
    cpus = os.cpu_count() or 1
    loaded = load_before is not None and load_before > 0.25 * cpus
    if loaded:
        say(f"the load average is {load_before:.2f} on {cpus} CPUs: these figures are not to be trusted")
    results, problem = [], None
    with tempfile.TemporaryDirectory(prefix="runtracker-benchmark-") as folder:
        try:
            rounds(arguments, pathlib.Path(folder), results)
        except KeyboardInterrupt:
            return 130
        except (Problem, OSError, ValueError, subprocess.CalledProcessError) as e:
            problem = f"{type(e).__name__}: {e}"
    figures = summary(results, arguments.modes)
    sound = problem is None and not any(r["ledger_faults"] or r["failures"] for r in results)
    for name, value in figures.items():
        print(f"{name}: {value:.3f}")
    print(f"ledger_adds_up: {str(not any(r['ledger_faults'] for r in results)).lower()}")
    print(f"requests_failed: {sum(r['failures'] for r in results)}")
    print(f"machine_was_quiet: {str(not loaded).lower()}")
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / time.strftime("service-%Y%m%dT%H%M%SZ.json", time.gmtime())
    target.write_text(json.dumps({
        "figures": figures, "sound": sound, "problem": problem, "load_average_before": load_before,
        "machine_was_quiet": not loaded, "cpus": cpus, "system": platform.platform(),
        "arguments": vars(arguments), "results": results}, indent=1) + "\n")
    say(f"written to {target.relative_to(ROOT)}")
    if problem:
        say(problem)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
