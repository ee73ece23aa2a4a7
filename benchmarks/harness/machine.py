# SPDX-License-Identifier: Apache-2.0
"""What was measured on: every result carries it."""

import contextlib
import os
import pathlib
import platform
import subprocess
import time

QUIET_SHARE = 0.05
QUIET_SECONDS = 3
LONGEST_WAIT_SECONDS = 120

# Where /proc/stat has them of a core.
IDLE, IO_WAIT, STEAL = 3, 4, 7


def busy_share():
    """How much of the cores was used in the last seconds, by anybody or by neighbours; None where nobody says."""
    before = _cpu_ticks()
    time.sleep(QUIET_SECONDS)
    after = _cpu_ticks()
    if before is None or after is None:
        return None
    spent = [later - earlier for earlier, later in zip(before, after)]
    return 1 - (spent[IDLE] + spent[IO_WAIT]) / sum(spent) if any(spent) else None


def stolen_seconds(cores):
    """
    For how long these, or all, were wanted here while the host had them do something else: what Linux calls steal, to a
    hundredth of a second. None where nobody says.
    """
    ticks = _cpu_ticks(cores)
    return None if ticks is None else ticks[STEAL] / os.sysconf("SC_CLK_TCK")


def _cpu_ticks(cores=()):
    """What these cores, or all, have spent on what; see proc_stat(5)."""
    names = {f"cpu{core}" for core in cores} or {"cpu"}
    try:
        lines = pathlib.Path("/proc/stat").read_text().splitlines()
    except OSError:
        return None
    found = [[int(field) for field in fields[:STEAL + 1]] for name, *fields in map(str.split, lines) if name in names]
    return [sum(ticks) for ticks in zip(*found)] or None


def wait_for_quiet():
    """How busy the machine was in the end, after waiting for it to be quiet."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        busy = busy_share()
        if is_quiet(busy) or time.monotonic() > deadline:
            return busy


def is_quiet(busy):
    return busy is None or busy <= QUIET_SHARE


def divided_cores():
    """
    Half of the cores for what is measured, and the others for all else; none for both where that cannot be.
    Two threads of one core stay together.
    """
    try:
        cores = sorted(os.sched_getaffinity(0), key=lambda cpu: (min(_siblings(cpu)), cpu))
    except (AttributeError, OSError):
        return set(), set()
    half = len(cores) // 2
    while 0 < half < len(cores) and cores[half] in _siblings(cores[half - 1]):
        half += 1
    return (set(cores[:half]), set(cores[half:])) if 0 < half < len(cores) else (set(), set())


def _siblings(cpu):
    try:
        text = pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return {cpu}
    found = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


@contextlib.contextmanager
def on_cores(cores):
    """Keeps this process, and those that it starts meanwhile, on some cores; on none is on all."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_model():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def operating_system():
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    return f"{name}, {platform.system()} {platform.release()}"


def java_version(java):
    printed = subprocess.run(
        [java, "-version"], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return " / ".join((printed.stderr or printed.stdout).splitlines()[:2]).replace('"', "")


def describe(javas):
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "jdk": [java_version(java) for java in javas],
        "os": operating_system(),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }
