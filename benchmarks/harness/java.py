# SPDX-License-Identifier: Apache-2.0
"""The JVMs, and the programs of ours that run in them."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from processes import ROOT, Problem, output

TARGET = ROOT / "benchmarks/target"
CLASS_PATH = f"{TARGET / 'classes'}:{TARGET / 'lib'}/*"
HEAP = ["-Xms512m", "-Xmx512m", "-XX:+UseG1GC"]

JAVA = shutil.which("java") or "java"


def feature_of(java):
    """The feature number of a JDK, such as 17; None where its java does not run here."""
    try:
        said = subprocess.run(
            [java, "-XshowSettings:properties", "-version"], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"java\.specification\.version = (\d+)", said.stderr + said.stdout)
    return int(found[1]) if found else None


def newest_lts():
    """The java of the newest LTS from 21 on that this machine has, as .ci/run finds it, or None."""
    homes = [value for name, value in os.environ.items() if re.match(r"JAVA_HOME_\d+_", name)]
    homes += sorted(str(home) for home in pathlib.Path("/usr/lib/jvm").glob("*"))
    best = (0, None)
    for home in homes:
        java = os.path.join(home, "bin", "java")
        feature = feature_of(java) if os.access(java, os.X_OK) else None
        if feature and feature >= 21 and (feature - 21) % 4 == 0 and feature > best[0]:
            best = (feature, java)
    return best[1]


def command(main, *arguments, java=JAVA, options=HEAP):
    return [java, *options, "-cp", CLASS_PATH, f"io.runtracker.benchmarks.{main}", *arguments]


def run(main, *arguments, java=JAVA, options=HEAP, timeout=600):
    """The JSON that one of our programs prints as its last line."""
    printed = output(main, command(main, *arguments, java=java, options=options), timeout)
    try:
        return json.loads(printed.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise Problem(f"{main} printed no JSON: {printed[-500:]}") from None
