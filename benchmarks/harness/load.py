# SPDX-License-Identifier: Apache-2.0
"""Load on services: a process of its own, which keeps its connections from phase to phase."""

import contextlib
import json
import subprocess

import java
from processes import Problem, cpu_seconds, end, environment


class Load:
    """What is sent to one path of a service."""

    def __init__(self, process, service_pid):
        self.process, self.service_pid = process, service_pid

    def phase(self, name, seconds, rate=0):
        """What the answers were like; at a rate, or as many as there are."""
        before = cpu_seconds(self.service_pid)
        print(name, seconds, rate, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise Problem(f"the load generator ended with {self.process.wait()}")
        found, after = json.loads(line), cpu_seconds(self.service_pid)
        if before is not None and after is not None and found["answers"]:
            found["cpu_us_per_request"] = (after - before) * 1e6 / found["answers"]
        return found


@contextlib.contextmanager
def on(port, path, connections, service_pid, **options):
    command = [str(part) for part in java.command("service.Load", port, path, connections)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env=environment(), **options)
    try:
        yield Load(process, service_pid)
    finally:
        process.stdin.close()
        end("the load generator", process)
        process.stdout.close()
