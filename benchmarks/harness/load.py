# SPDX-License-Identifier: Apache-2.0
"""Services under load: both processes of their own; the load keeps its connections from phase to phase."""

import contextlib
import json
import subprocess
import time

import java
import machine
from processes import (ROOT, Problem, cpu_seconds, end, environment, free_port, get, started, threads_cpu_seconds,
                       wait_until)

# What a handler does: nothing at all, or some of what services are for. In this order, because the first turns AUTO to
# windows within its ramp, as a busy service has been for long.
HANDLERS = {"nothing": "/hello", "work": "/score/7"}

# Where the services have the same handler on a path that they skip.
SKIPPED = {"work": "/score/untracked"}

# What Runtracker has of its own in a service.
TRACKER_THREADS = ("runtracker-",)

# Of the JVM. What they take is over once a service has run for long.
COMPILER_THREADS = ("C1 ", "C2 ")

# How often to look whether the compiler works, and the share of a core below which it does not.
COMPILER_POLL_SECONDS = 0.25
IDLE_SHARE = 0.04


class Load:
    """What is sent to one path of a service."""

    def __init__(self, process, service_pid):
        self.process, self.service_pid = process, service_pid
        self.answered, self.failures, self.failure = 0, 0, ""

    def phase(self, name, seconds, rate=0):
        """What the answers were like; at a rate, or as many as there are."""
        before = self.cpu()
        try:
            print(name, seconds, rate, file=self.process.stdin, flush=True)
            found = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            raise Problem(f"the load generator ended with {self.process.wait(10)}") from None
        after = self.cpu()
        self.answered += found["answers"]
        self.failures += found["failures"]
        self.failure = found["failure"] or self.failure
        if None not in before and None not in after and found["answers"]:
            for name, seconds in zip(("cpu", "tracker", "compiler"), spent(before, after)):
                found[f"{name}_us_per_request"] = seconds * 1e6 / found["answers"]
        return found

    def cpu(self):
        return cpu_seconds(self.service_pid), threads_cpu_seconds(self.service_pid)


def spent(before, after):
    """CPU seconds of a service, of the tracker's threads in it and of the compiler's."""
    return (after[0] - before[0], spent_by(TRACKER_THREADS, before[1], after[1]),
            spent_by(COMPILER_THREADS, before[1], after[1]))


def spent_by(prefixes, before, after):
    """CPU seconds of the threads that are called so; not of those that have ended."""
    return sum(seconds - before.get(thread, (name, 0))[1]
               for thread, (name, seconds) in after.items() if name.startswith(prefixes))


def share(threads, phase):
    """Of the service's CPU time; None where it is not known, or was too short to be seen."""
    if f"{threads}_us_per_request" not in phase or not phase["cpu_us_per_request"]:
        return None
    return phase[f"{threads}_us_per_request"] / phase["cpu_us_per_request"]


@contextlib.contextmanager
def on(port, path, connections, service_pid):
    command = java.command("service.Load", port, path, connections, options=["-Xmx256m", "-XX:+UseSerialGC"])
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env=environment())
    try:
        yield Load(process, service_pid)
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
        end("the load generator", process)
        process.stdout.close()


class Service:
    """One under load, on each of its handlers and on those that it has on a path that it skips, too."""

    def __init__(self, process, url, loads, skipped):
        self.process, self.url, self.loads, self.skipped = process, url, loads, skipped

    @property
    def every_load(self):
        return [*self.loads.values(), *self.skipped.values()]

    @property
    def answered(self):
        """Without what it was to skip."""
        return sum(one.answered for one in self.loads.values())

    @property
    def failures(self):
        return sum(one.failures for one in self.every_load)

    @property
    def failure(self):
        return next((one.failure for one in self.every_load if one.failure), "")

    def let_compile(self, at_most):
        """
        Waits for the JVM's compiler to be idle, so many seconds at most. Under load it has one of many shares of the
        service's cores, and takes twice as long to get to the end.
        """
        deadline = time.monotonic() + at_most
        before = threads_cpu_seconds(self.process.pid)
        while before and time.monotonic() < deadline:
            time.sleep(COMPILER_POLL_SECONDS)
            now = threads_cpu_seconds(self.process.pid)
            if not now or spent_by(COMPILER_THREADS, before, now) < IDLE_SHARE * COMPILER_POLL_SECONDS:
                break
            before = now

    def ledger(self):
        return json.loads(get(self.url + "/tracker"))


@contextlib.contextmanager
def service(command, handlers, connections, log, variables, cores=frozenset(), skipped=()):
    """A service that is started, on some cores or on all, with a load on each of its handlers, and on some where it skips them."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as running:
        with machine.on_cores(cores):
            process = running.enter_context(started(
                "the service", command, log, env=environment(PORT=str(port), **variables), cwd=log.parent))
        wait_until("the service's start", 120, lambda: get(url + "/health"), process)

        def loads(paths):
            return {handler: running.enter_context(on(port, path, connections, process.pid))
                    for handler, path in paths.items()}

        yield Service(process, url, loads({handler: HANDLERS[handler] for handler in handlers}),
                      loads({handler: SKIPPED[handler] for handler in skipped}))


def example(name):
    """What starts an example service."""
    return [java.JAVA, *java.HEAP, "-jar", ROOT / f"examples/{name}-service/target/{name}-service.jar"]
