# SPDX-License-Identifier: Apache-2.0
"""What share of a service's CPU time tracking has on the threads of requests, by the samples of async-profiler."""

import contextlib
import pathlib
import platform
import subprocess
import zipfile

import java
from load import TRACKER_THREADS
from processes import Problem, say

LIBRARIES = {("Linux", "x86_64"): "linux-x64/libasyncProfiler.so", ("Linux", "aarch64"): "linux-arm64/libasyncProfiler.so"}

# Of CPU time, not of the clock's; the profiler's other timers need what a container seldom has, or are less even.
SAMPLING = "event=ctimer,interval=1ms"

# The tracker's, its ring's and the adapters'; below that, what belongs to the services themselves.
OWN = ("io/runtracker/", "com/lmax/disruptor/")
SERVICES = ("io/runtracker/examples/", "io/runtracker/benchmarks/")

# By which an adapter passes the request on, or the answer back, to the container or framework.
PASSING_ON = ("doFilter", "handle", "write", "createTasks", "invoke")


class Profiler:
    """Samples services that are running already, and pay nothing for it before."""

    def __init__(self, jcmd, library):
        self.jcmd, self.library = jcmd, library

    @contextlib.contextmanager
    def sampling(self, pid, stacks):
        """Meanwhile; what was seen goes to a file, a stack and its count on each line."""
        self._tell(pid, f"start,{SAMPLING},threads")
        try:
            yield
        finally:
            self._tell(pid, f"stop,collapsed,threads,file={stacks}")

    def _tell(self, pid, order):
        done = subprocess.run([str(self.jcmd), str(pid), "JVMTI.agent_load", str(self.library), f'"{order}"'],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode or "return code: 0" not in done.stdout:
            raise Problem(f"the profiler did not obey ({order}): {(done.stdout + done.stderr).strip()[-500:]}")


def unpacked(folder):
    """The profiler, its library in that folder; None where it has none for this machine, or the JDK no jcmd."""
    member = LIBRARIES.get((platform.system(), platform.machine()))
    jcmd = pathlib.Path(java.JAVA).resolve().with_name("jcmd")
    if member is None or not jcmd.exists():
        say("no profile here: it takes Linux on x86-64 or ARM, and a JDK")
        return None
    [archive] = (java.TARGET / "lib").glob("async-profiler-*.jar")
    with zipfile.ZipFile(archive) as packed:
        return Profiler(jcmd, pathlib.Path(packed.extract(member, folder)).resolve())


def samples(stacks):
    """How many there are of a service, and how many of them have a request's thread in tracking."""
    everything = tracking = 0
    for line in pathlib.Path(stacks).read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        everything += int(count)
        thread, *frames = stack.split(";")
        if not thread.lstrip("[").startswith(TRACKER_THREADS) and is_tracking(frames):
            tracking += int(count)
    return {"all": everything, "tracking": tracking}


def is_tracking(frames):
    """Whether a thread is in the tracker's code or in what that calls, such as the container's getters."""
    own = [place for place, frame in enumerate(frames) if frame.startswith(OWN) and not frame.startswith(SERVICES)]
    if not own:
        return False
    called = "".join(frames[own[-1] + 1:own[-1] + 2])
    return called.startswith("java/") or called.rpartition(".")[2] not in PASSING_ON
