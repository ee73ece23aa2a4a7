#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tries versions of MLflow: installs each by pip, starts it, tracks requests, and reads by MLflow's REST what is there.

  try_versions.py [--keep] [VERSION...]

Prints a line of a table for each version, as docs/reliability.md has it. Without versions it tries those of that
table. A version takes one to three minutes and 900 MB below ${RUNTRACKER_CACHE:-~/.cache/runtracker}, which are
deleted again unless --keep is given. Needs JDK 17+, Maven and a Python that the version runs on. Not part of CI.
"""

import argparse
import contextlib
import importlib.util
import json
import shutil
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
JAR = ROOT / "tracker-cli" / "target" / "runtracker.jar"

# The script that runs the tests' own server knows how to start one, and how to leave nothing behind.
SCRIPT = ROOT / "testkit/mlflow-server/src/main/resources/io/runtracker/testkit/mlflow_server.py"
SPEC = importlib.util.spec_from_file_location("mlflow_server", SCRIPT)
mlflow_server = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mlflow_server)

CACHE = mlflow_server.CACHE / "mlflow-versions"

VERSIONS = [
    "1.30.1", "2.0.1", "2.4.2", "2.7.1", "2.8.1", "2.10.2", "2.11.3", "2.15.1", "2.16.2", "2.22.2", "3.1.4", "3.5.1", "3.17.2",
]

HEAD = """
| MLflow | runs | windows | names with a colon | characters of long values |
| --- | --- | --- | --- | --- |"""

# Old versions import pkg_resources, and did not think of what pip would choose today.
PINS = ["setuptools<81", "sqlalchemy<2.1"]


class Wrong(Exception):
    """What a version did not do."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="leave the installed versions where they are")
    parser.add_argument("versions", nargs="*", default=VERSIONS, metavar="VERSION")
    options = parser.parse_args()
    subprocess.run(
        ["mvn", "-B", "-ntp", "-q", "-DskipTests", "-pl", "tracker-cli", "-am", "package"],
        cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    rows = []
    for version in options.versions:
        rows.append(attempt(version, options.keep))
        print(rows[-1], flush=True)
    print(HEAD, *rows, sep="\n")
    return 0


def attempt(version, keep):
    home = CACHE / version
    try:
        python = install(version, home)
        with serving(python, home) as url:
            return row(version, examine(url))
    except Exception as e:  # the other versions are tried all the same
        traceback.print_exc()
        return row(version, [f"not tried: {e}", "", "", ""])
    finally:
        if not keep:
            shutil.rmtree(home, ignore_errors=True)


def row(version, cells):
    return "| " + " | ".join([version, *cells]) + " |"


def install(version, home):
    if version == mlflow_server.VERSION:
        mlflow_server.install()
        home.mkdir(parents=True, exist_ok=True)
        return mlflow_server.VENV_PYTHON
    python = home / "venv" / "bin" / "python"
    if (home / "installed").exists():
        return python
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    began = time.monotonic()
    with open(home / "pip.log", "w") as log:
        for command in (
            [sys.executable, "-m", "venv", str(home / "venv")],
            [str(python), "-m", "pip", "install", "--no-input", "--prefer-binary", f"mlflow=={version}", *PINS],
        ):
            subprocess.run(
                command, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=mlflow_server.clean_environment())
    (home / "installed").touch()
    say(f"MLflow {version} installed in {time.monotonic() - began:.0f} s")
    return python


def say(text):
    print(f"[mlflow-versions] {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def serving(python, home):
    """A server with a new database, and its address; nothing is left of it afterwards."""
    directory = home / "server"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    port = mlflow_server.port_to_use(0)
    url = f"http://{mlflow_server.HOST}:{port}"
    command = [
        str(python.parent / "mlflow"), "server", "--host", mlflow_server.HOST, "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{directory}/mlflow.db",
        "--serve-artifacts", "--artifacts-destination", str(directory / "artifacts"),
    ]
    # gunicorn, which old versions run on, is beside the venv's Python and found on the path.
    environment = {**mlflow_server.clean_environment(), "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    environment["PATH"] = f"{python.parent}:{environment['PATH']}"
    log = directory / "server.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(
            command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.STDOUT, start_new_session=True)
    release = mlflow_server.guard_group(process.pid)
    try:
        began = time.monotonic()
        while not healthy(url):
            if process.poll() is not None or time.monotonic() - began > 120:
                raise Wrong("the server does not start: " + log.read_text(errors="replace")[-600:])
            time.sleep(0.2)
        yield url
    finally:
        mlflow_server.end_group(process)
        release()


def healthy(url):
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


# ---------------------------------------------------------------- what is tried


def examine(url):
    return [cell(check, url) for check in (runs, windows, colons, long_values)]


def cell(check, url):
    try:
        return check(url)
    except Wrong as e:
        return f"no: {e}"


def flow(url, what):
    """Tracks the requests; returns the experiment and how many of them are missing, with the reason."""
    name = f"flow-{what}-{time.time_ns()}"
    answer = subprocess.run(
        ["java", "-cp", str(JAR), str(HERE / "Flow.java"), url, name, what],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if answer.returncode != 0:
        raise Wrong(answer.stderr[-600:])
    delivered, offered, error = answer.stdout.split("\n", 2)
    experiment = get(url, "experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"]
    return experiment, int(offered) - int(delivered), error.strip()


def complete(url, what):
    experiment, missing, error = flow(url, what)
    if missing:
        raise Wrong(f"{missing} not delivered, {error}")
    return found(url, experiment)


def runs(url):
    by_url = {tags(run)["http.url"].rpartition(".example")[2]: run for run in complete(url, "RUN")}
    must("the number of runs", len(by_url), 4)
    plain = by_url["/items/7"]
    must("the status", plain["info"]["status"], "FINISHED")
    must("a param", values(plain, "params").get("model"), "m1")
    must("a metric", values(plain, "metrics").get("score"), 0.5)
    must("duration_ms", "duration_ms" in values(plain, "metrics"), True)
    must("a text", artifact(url, by_url["/items/9"], "prompt.txt"), "Grüße an alle")
    failed = by_url["/boom"]
    must("a failure's status", failed["info"]["status"], "FAILED")
    must("its exception", values(failed, "params").get("error_type"), "java.lang.IllegalStateException")
    must("its stack trace", "out of stock" in artifact(url, failed, "error_details.txt"), True)
    return "yes"


def windows(url):
    all_runs = complete(url, "WINDOW")
    window = only(all_runs, "window")
    day = only(all_runs, "day")
    must("the status", window["info"]["status"], "FINISHED")
    must("the day", tags(window).get("mlflow.parentRunId"), day["info"]["run_id"])
    rows = [json.loads(line) for line in artifact(url, window, "requests.jsonl").splitlines()]
    must("the rows", [row["route"] for row in rows], ["/items/{id}", "/items/{id}", "/items/{id}", "/boom"])
    must("what was logged", rows[1]["metrics"], {"a:b": 1.0})
    must("the table", len(json.loads(artifact(url, window, "highlights.json"))["data"]), 4)
    for run in (window, day):
        must("all/count", values(run, "metrics").get("all/count"), 4)
        must("a route", values(run, "metrics").get(route_key(run)), 3)
    return "yes"


def route_key(run):
    keys = [key for key in values(run, "metrics") if key.startswith("GET/items/") and key.endswith("/count")]
    must("the keys of the route", len(keys), 1)
    return keys[0]


def colons(url):
    run = next(run for run in complete(url, "RUN") if tags(run)["http.url"].endswith("/items/8"))
    names = [key for key in values(run, "metrics") if key in ("a:b", "a_b")]
    names += [key for key in values(run, "params") if key in ("p:q", "p_q")]
    must("the names", len(names), 2)
    return "as they are" if names == ["a:b", "p:q"] else "`a:b` is `a_b`"


def long_values(url):
    experiment, missing, error = flow(url, "LONG")
    if missing:
        say(error)
    whole = [run for run in found(url, experiment) if run["info"]["status"] == "FINISHED"]
    kept = [values(run, "params").get("long") or tags(run)["long"] for run in whole]
    lengths = {"param": 0, "tag": 0, **{"param" if text[0] == "p" else "tag": len(text) for text in kept}}
    return ", ".join(f"{kind} {length:,}" if length else f"{kind} refused" for kind, length in lengths.items())


def must(what, actual, expected):
    if actual != expected:
        raise Wrong(f"{what}: {actual!r} in place of {expected!r}")


# ---------------------------------------------------------------- what MLflow says


def get(url, call, **query):
    return json.loads(fetch(f"{url}/api/2.0/mlflow/{call}?{urllib.parse.urlencode(query)}"))


def fetch(address, body=None):
    request = urllib.request.Request(address, data=body, headers={"Content-Type": "application/json"} if body else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()
    except urllib.error.HTTPError as e:
        raise Wrong(f"{address} answered {e.code}: {e.read()[:300]}") from None


def found(url, experiment):
    question = json.dumps({"experiment_ids": [experiment], "max_results": 100}).encode()
    return json.loads(fetch(f"{url}/api/2.0/mlflow/runs/search", question)).get("runs", [])


def only(all_runs, kind):
    of_kind = [run for run in all_runs if tags(run).get("runtracker.kind") == kind]
    must(f"the number of runs of a {kind}", len(of_kind), 1)
    return of_kind[0]


def values(run, kind):
    return {entry["key"]: entry["value"] for entry in run["data"].get(kind, [])}


def tags(run):
    return values(run, "tags")


def artifact(url, run, path):
    query = urllib.parse.urlencode({"run_uuid": run["info"]["run_id"], "path": path})
    return fetch(f"{url}/get-artifact?{query}").decode()


if __name__ == "__main__":
    sys.exit(main())
