# SPDX-License-Identifier: Apache-2.0
"""MLflow, well and in trouble, and what stands in for it."""

import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import java
from processes import ROOT, Problem, environment, free_port, say, started, wait_until

SCRIPT = ROOT / "testkit/mlflow-server/src/main/resources/io/runtracker/testkit/mlflow_server.py"


@contextlib.contextmanager
def mlflow(work, name="mlflow", store=None, workers=1, in_the_background=False):
    """A real server, as its state: url, processGroup, ...; in the background it has what others leave of the cores."""
    say(f"starting MLflow{' on PostgreSQL' if store else ''}")
    state = work / f"{name}.json"
    command = [sys.executable, SCRIPT, "serve", "--dir", work / name, "--state-file", state,
               "--workers", workers, "--watch-pid", os.getpid()]
    if store:
        command += ["--backend-store-uri", store]
    with started("MLflow", command, work / f"{name}.log", preexec_fn=step_back if in_the_background else None) as process:
        wait_until("MLflow's start", 180, state.exists, process)
        yield json.loads(state.read_text())


def step_back():
    """This process, and those that it starts, run when nobody else wants the core; where the system knows such."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


@contextlib.contextmanager
def frozen(server):
    os.killpg(server["processGroup"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(server["processGroup"], signal.SIGCONT)


def slow(url, millis):
    """The test kit's proxy in front of a server, whose answers come this much later."""
    return _of_ours("service.SlowServer", url, str(millis))


def elsewhere():
    """What MLflow is to a service whose machine it is not on: it answers at once and takes next to nothing."""
    return _of_ours("StandIn")


@contextlib.contextmanager
def _of_ours(program, *arguments):
    """A program in the background that prints its URL and ends with its input."""
    process = subprocess.Popen(
        java.command(program, *arguments, options=["-Xmx64m"]),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(), preexec_fn=step_back)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


@contextlib.contextmanager
def counting(run_millis):
    """MLflow and a collector of spans in one, which count what they are given: the URL and the process's id."""
    process = subprocess.Popen(
        java.command("pipeline.StubServer", str(run_millis), options=["-Xmx512m"]),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
    try:
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


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


def _refusal(status, *headers):
    lines = [f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


TOO_MANY = _refusal("429 Too Many Requests", "Retry-After: 1")
UNAVAILABLE = _refusal("503 Service Unavailable")
GARBAGE = b"\x00\xffthis is no HTTP\r\n" * 8


def postgres_programs():
    """Where initdb and postgres are, the newest first; None where there are none."""
    on_path = shutil.which("initdb")
    if on_path:
        return pathlib.Path(on_path).resolve().parent
    found = pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(found, key=lambda path: float(path.parts[-3]))
    return newest[-1].parent if newest else None


@contextlib.contextmanager
def postgres():
    """A PostgreSQL of our own, as an URI for MLflow. It refuses to run as root, so it does not."""
    programs = postgres_programs()
    who = {}
    if os.getuid() == 0:
        who = {"user": next(name for name in ("postgres", "nobody") if _is_user(name)), "extra_groups": []}
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        data, port = pathlib.Path(folder, "data"), free_port()
        if who:
            shutil.chown(folder, who["user"])
        # /tmp and not the caller's directory, which that user may not enter.
        options = {"cwd": folder, "env": environment(HOME=folder), **who}
        made = subprocess.run(
            [programs / "initdb", "-D", data, "-U", "mlflow", "-A", "trust", "-E", "UTF8"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
        if made.returncode != 0:
            raise Problem(f"initdb: {made.stderr[-500:]}")
        command = [programs / "postgres", "-D", data, "-p", port, "-k", folder,
                   "-c", "listen_addresses=127.0.0.1"]
        with tempfile.TemporaryDirectory(prefix="postgres-log-") as logs:
            with started("PostgreSQL", command, pathlib.Path(logs, "log"), **options) as process:
                wait_until("PostgreSQL's start", 60, lambda: _accepts(programs, port), process)
                yield f"postgresql+psycopg2://mlflow@127.0.0.1:{port}/postgres"


def _is_user(name):
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


def _accepts(programs, port):
    return subprocess.run(
        [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)],
        stdin=subprocess.DEVNULL).returncode == 0
