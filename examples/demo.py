# SPDX-License-Identifier: Apache-2.0
"""The demo behind demo.sh: a real MLflow server, an example service, 60 requests, and their runs."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVER = ROOT / "testkit/mlflow-server/src/main/resources/io/runtracker/testkit/mlflow_server.py"

# method, path, body, status, and what the run must carry beside what every run carries
REQUESTS = (
    [("GET", "/hello", None, 200, {})] * 20
    + [("GET", f"/items/{i}", None, 200, {"route": "/items/{id}"}) for i in range(10)]
    + [("POST", "/predict", f"input {i}", 200, {"predict": True}) for i in range(10)]
    + [("GET", "/fail", None, 503, {})] * 5
    + [("GET", "/boom", None, 500, {"error": ("java.lang.IllegalStateException", "boom")})] * 5
    + [("GET", "/slow?ms=50", None, 200, {"metric": "slept_ms"})] * 5
    + [("GET", "/stream", None, 200, {"at_least_ms": 900})] * 2
    + [("GET", "/missing", None, 404, {})] * 3
)
UNTRACKED = ["/health"] * 5


class Problem(Exception):
    """Something is not as it must be; the message is for the user."""


def say(text):
    print(f"demo: {text}", flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(url, method="GET", body=None, timeout=30):
    """Status and body of a call; an HTTP error is an answer like any other."""
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(url, data=data, method=method)
    if body is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def wait_until(what, seconds, condition, process=None):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            result = condition()
            if result:
                return result
        except (OSError, ValueError):
            pass
        if process is not None and process.poll() is not None:
            raise Problem(f"{what}: the process ended with {process.returncode}")
        time.sleep(0.1)
    raise Problem(f"{what}: not within {seconds} s")


class Mlflow:
    """What MLflow itself says, over its REST interface."""

    def __init__(self, uri):
        self.uri = uri.rstrip("/")

    def post(self, path, **body):
        status, text = call(f"{self.uri}/api/2.0/mlflow/{path}", "POST", json.dumps(body))
        if status != 200:
            raise Problem(f"MLflow answered {status} to {path}: {text[:300]}")
        return json.loads(text)

    def experiment_id(self, name):
        status, text = call(
            f"{self.uri}/api/2.0/mlflow/experiments/get-by-name?experiment_name="
            + urllib.parse.quote(name)
        )
        if status != 200:
            raise Problem(f"MLflow has no experiment '{name}' ({status})")
        return json.loads(text)["experiment"]["experiment_id"]

    def runs(self, experiment_id):
        runs, token = [], None
        while True:
            page = self.post(
                "runs/search",
                experiment_ids=[experiment_id],
                max_results=1000,
                order_by=["attributes.start_time ASC"],
                **({"page_token": token} if token else {}),
            )
            runs += [Run(run) for run in page.get("runs", [])]
            token = page.get("next_page_token")
            if not token:
                return runs

    def artifact(self, run_id, path):
        status, text = call(
            f"{self.uri}/get-artifact?run_uuid={run_id}&path={urllib.parse.quote(path)}"
        )
        return text if status == 200 else None


class Run:
    def __init__(self, reply):
        info, data = reply["info"], reply.get("data", {})
        self.id = info["run_id"]
        self.name = info["run_name"]
        self.status = info["status"]
        self.start = int(info["start_time"])
        self.end = int(info.get("end_time") or 0)
        self.tags = {tag["key"]: tag["value"] for tag in data.get("tags", [])}
        self.params = {param["key"]: param["value"] for param in data.get("params", [])}
        self.metrics = {metric["key"]: metric["value"] for metric in data.get("metrics", [])}


def faults(run, request, mlflow):
    """Everything about a run that is not as the request was; nothing when it is right."""
    method, path, body, status, extra = request
    plain = path.split("?")[0]
    failed = status >= 500
    expected = [
        ("name", run.name, f"{method}_{plain}_{run.start // 1000}"),
        ("status", run.status, "FAILED" if failed else "FINISHED"),
        ("tag status", run.tags.get("status"), "FAILED" if failed else None),
        ("tag http.method", run.tags.get("http.method"), method),
        ("tag http.status_code", run.tags.get("http.status_code"), str(status)),
        ("path of http.url", urllib.parse.urlsplit(run.tags.get("http.url", "")).path, plain),
        ("tag runtracker.event_id", bool(run.tags.get("runtracker.event_id")), True),
        ("metric duration_ms", run.metrics.get("duration_ms", -1) >= extra.get("at_least_ms", 0), True),
        ("end after start", run.end >= run.start, True),
        ("param error_type", run.params.get("error_type"), extra.get("error", (None,))[0]),
    ]
    if "error" in extra:
        expected.append(
            ("error_details.txt", mlflow.artifact(run.id, "error_details.txt"), extra["error"][1])
        )
    if "route" in extra:
        expected.append(("tag http.route", run.tags.get("http.route"), extra["route"]))
    if "metric" in extra:
        expected.append((f"metric {extra['metric']}", extra["metric"] in run.metrics, True))
    if "predict" in extra:
        expected.append(("param model", run.params.get("model"), "example-1"))
        expected.append(("tag kind", run.tags.get("kind"), "prediction"))
        expected.append(("metric score", "score" in run.metrics, True))
        expected.append(("input.txt", mlflow.artifact(run.id, "input.txt"), body))
    return [f"{what}: {got!r}, not {want!r}" for what, got, want in expected if got != want]


def check(runs, mlflow):
    """Every request has one run that fits it, and no run is left over."""
    problems = []
    unmatched = list(runs)
    for request in REQUESTS:
        method, path, body, _, _ = request
        plain = path.split("?")[0]
        candidates = [
            run
            for run in unmatched
            if run.tags.get("http.method") == method
            and urllib.parse.urlsplit(run.tags.get("http.url", "")).path == plain
        ]
        if body is not None:
            candidates = [r for r in candidates if mlflow.artifact(r.id, "input.txt") == body]
        if not candidates:
            problems.append(f"no run for {method} {path}")
            continue
        run = candidates[0]
        unmatched.remove(run)
        problems += [f"{run.name}: {fault}" for fault in faults(run, request, mlflow)]
    problems += [f"a run too many: {run.name}" for run in unmatched]
    return problems


def table(runs):
    rows = [("RUN", "STATUS", "HTTP", "ROUTE", "MS", "PARAMS", "METRICS")]
    for run in runs:
        rows.append(
            (
                run.name,
                run.status,
                run.tags.get("http.status_code", ""),
                run.tags.get("http.route", ""),
                f"{run.metrics.get('duration_ms', 0):.1f}",
                " ".join(f"{k}={v.rsplit('.', 1)[-1]}" for k, v in sorted(run.params.items())),
                " ".join(sorted(set(run.metrics) - {"duration_ms"})),
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


class Processes:
    """What this demo started, and ends, by pid: the last first. What is started again keeps its place."""

    def __init__(self):
        self.started = {}

    def start(self, name, command, env, log):
        with open(log, "ab") as out:
            process = subprocess.Popen(
                command, env=env, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
        self.started[name] = process
        return process

    def end(self):
        for name, process in reversed(self.started.items()):
            if process.poll() is None:
                process.terminate()
                process.send_signal(signal.SIGCONT)  # one that is frozen does not hear the other
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    say(f"{name} did not end within 30 s and is killed")
                    process.kill()
                    process.wait()


def start_mlflow(processes, work):
    given = os.environ.get("MLFLOW_TRACKING_URI")
    if given:
        say(f"using the MLflow server at {given}")
        return given
    subprocess.run([sys.executable, str(SERVER), "install"], check=True)
    say("starting MLflow")
    state = work / "mlflow.json"
    server = processes.start(
        "MLflow",
        [sys.executable, str(SERVER), "serve", "--dir", str(work / "mlflow"), "--state-file",
         str(state), "--watch-pid", str(os.getpid())],
        os.environ,
        work / "mlflow.log",
    )
    wait_until("MLflow's start", 180, state.exists, server)
    return json.loads(state.read_text())["url"]


def start_service(processes, work, service, mlflow_uri, experiment):
    port = free_port()
    environment = dict(
        os.environ,
        PORT=str(port),
        MLFLOW_TRACKING_URI=mlflow_uri,
        MLFLOW_EXPERIMENT_NAME=experiment,
        RUNTRACKER_SERVICE_NAME=f"{service}-service",
    )
    jar = ROOT / f"examples/{service}-service/target/{service}-service.jar"
    say(f"starting {jar.relative_to(ROOT)} on port {port}")
    process = processes.start(
        "the service", ["java", "-jar", str(jar)], environment, work / "service.log"
    )
    base = f"http://127.0.0.1:{port}"
    wait_until("the service's start", 60, lambda: call(base + "/health")[0] == 200, process)
    return base


def send(base):
    say(f"sending {len(REQUESTS)} requests, and {len(UNTRACKED)} that are not tracked")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(call, base + r[1], r[0], r[2]) for r in REQUESTS]
        others = [pool.submit(call, base + path) for path in UNTRACKED]
        for request, answer in zip(REQUESTS, answers):
            if answer.result()[0] != request[3]:
                raise Problem(f"{request[0]} {request[1]} was answered {answer.result()[0]}")
        for other in others:
            other.result()


def ledger(base):
    return json.loads(call(base + "/tracker")[1])


def demonstrate(processes, work, arguments):
    uri = start_mlflow(processes, work)
    mlflow = Mlflow(uri)
    experiment = f"runtracker-demo-{int(time.time())}"
    base = start_service(processes, work, arguments.service, uri, experiment)
    send(base)
    wait_until(
        "the delivery of all runs", 120, lambda: ledger(base)["inFlight"] + ledger(base)["spooled"] == 0
    )
    say(f"the tracker's ledger: {json.dumps(ledger(base))}")

    experiment_id = mlflow.experiment_id(experiment)
    runs = mlflow.runs(experiment_id)
    say(f"the runs as MLflow reports them ({len(runs)}):")
    table(runs)
    problems = check(runs, mlflow)
    for problem in problems:
        say(f"WRONG: {problem}")
    if problems:
        raise Problem(f"{len(problems)} things are not as they must be")
    say(f"all {len(REQUESTS)} requests have their run, and each is right")
    say(f"MLflow's page: {uri}/#/experiments/{experiment_id}/runs")
    if not arguments.exit:
        say(f"the service: {base}/hello (its ledger: {base}/tracker)")
        say("Ctrl-C ends everything")
        signal.pause()


def interrupted(number, frame):
    raise KeyboardInterrupt


def perform(name, is_exit, processes, demonstrate):
    """Demonstrates in a directory of its own, and ends what was started; returns 0 if all is right."""
    signal.signal(signal.SIGTERM, interrupted)
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"runtracker-{name}-"))
    is_kept = False
    try:
        demonstrate(work)
        return 0
    except KeyboardInterrupt:
        print(f"{name}: ending", flush=True)
        return 0 if not is_exit else 130
    except (Problem, subprocess.CalledProcessError) as problem:
        is_kept = True
        print(f"{name}: {problem}; logs and data stay in {work}", file=sys.stderr)
        for log in sorted(work.glob("*.log")):
            print(f"--- the end of {log.name}", file=sys.stderr)
            print("\n".join(log.read_text(errors="replace").splitlines()[-30:]), file=sys.stderr)
        return 1
    finally:
        processes.end()
        if not is_kept:
            shutil.rmtree(work)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("service", choices=["javalin", "servlet", "spring"])
    parser.add_argument("--exit", action="store_true")
    arguments = parser.parse_args()
    processes = Processes()
    return perform(
        "demo", arguments.exit, processes, lambda work: demonstrate(processes, work, arguments)
    )


if __name__ == "__main__":
    sys.exit(main())
