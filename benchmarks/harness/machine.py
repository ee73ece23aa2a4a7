# SPDX-License-Identifier: Apache-2.0
"""What was measured on: every result carries it."""

import os
import pathlib
import platform
import subprocess
import time

QUIET_LOAD_PER_CPU = 0.25


def load_average():
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def is_quiet(load):
    return load is None or load <= QUIET_LOAD_PER_CPU * (os.cpu_count() or 1)


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
