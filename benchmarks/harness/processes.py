# SPDX-License-Identifier: Apache-2.0
"""Processes of ours: started, watched, and ended whatever happens."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Problem(Exception):
    """What keeps a benchmark from being run, or makes it worthless."""


def say(text):
    print(f"benchmark: {text}", file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def cpu_seconds(pid):
    """The time that a process and its threads have had on a CPU; None where /proc is missing."""
    try:
        fields = pathlib.Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads_cpu_seconds(pid):
    """Of each thread that is there now, by its id: its name, cut as the kernel does, and its time; None without /proc."""
    found = {}
    for task in pathlib.Path("/proc", str(pid), "task").glob("*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found[task.name] = ((task / "comm").read_text().strip(), int((task / "schedstat").read_text().split()[0]) / 1e9)
    return found or None


def environment(**added):
    """Ours without what the caller's shell says of servers and settings."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("RUNTRACKER_", "MLFLOW_")) or name == "RUNTRACKER_CACHE"}
    return {**kept, **added}


@contextlib.contextmanager
def started(name, command, log, **options):
    """A process of ours, ended by its pid whatever happens; what it prints goes to a file."""
    with open(log, "ab") as out:
        process = subprocess.Popen(
            [str(part) for part in command],
            **{"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, "env": environment(), **options})
    try:
        yield process
    finally:
        end(name, process)


def end(name, process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            say(f"{name} did not end within 30 s and is killed")
            process.kill()
            process.wait()


def wait_until(what, seconds, condition, process, pause=0.05):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            if condition():
                return
        if process.poll() is not None:
            raise Problem(f"{what}: the process ended with {process.returncode}")
        time.sleep(pause)
    raise Problem(f"{what}: not within {seconds} s")


def output(name, command, timeout, **options):
    """What a process of ours prints, once it has ended well."""
    command = [str(part) for part in command]
    process = subprocess.Popen(
        command, **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                    "text": True, "env": environment(), **options})
    try:
        printed, complained = process.communicate(timeout=timeout)
    except BaseException as e:
        process.kill()
        process.communicate()
        if isinstance(e, subprocess.TimeoutExpired):
            raise Problem(f"{name} did not end within {timeout} s") from None
        raise
    if process.returncode != 0:
        raise Problem(f"{name} ended with {process.returncode}:\n{(printed + complained)[-2000:]}")
    return printed
