# SPDX-License-Identifier: Apache-2.0
"""Where the time of a request goes: a profile of the line's threads, in stages.

The recording is one of JFR's, made by async-profiler, which sees what JFR's own sampler does not: what
the kernel does for a thread, such as writing to the disk and waking somebody.
"""

import collections
import datetime
import pathlib
import re
import subprocess

import java
import profiler
from processes import Problem

# By the kernel's clock where a process may have it, else by timers of the CPU's time, which seldom tick
# more often than every 4 ms.
SAMPLING = "event=cpu,interval=%s"
INTERVAL, QUICK_INTERVAL = "200us", "2ms"

# How a thread's name begins, and what it is; as the JVM that is measured sorts them (Costs).
THREADS = [("runtracker-batcher", "batcher"), ("runtracker-delivery", "delivery"), ("runtracker-sender", "sender")]

# From the innermost frame outwards; the first of a stage's decides. An own class that no stage knows
# shows as "other", so that a new one is missed by nobody.
STAGES = [
    ("sleeping and waking", r"(jdk/internal/misc/|sun/misc/)?Unsafe\.(un)?park|java/util/concurrent/locks/LockSupport\.|"
                            r"java/lang/Object\.wait|java/lang/Thread\.yield|java/util/concurrent/(Scheduled)?ThreadPoolExecutor|"
                            r"io/runtracker/mlflow/CooperativeYield\.giveWay"),
    ("crc", r"java/util/zip/CRC32C"),
    ("disk write", r"io/runtracker/internal/log/(NioFileSystem|FileSystem)|sun/nio/ch/FileChannelImpl"),
    ("redaction and names", r"io/runtracker/(internal/event/(UrlRedactor|SecretNames)|internal/batch/RunNames|RunNaming)"),
    ("encoding", r"io/runtracker/internal/event/(EventCodec|RecordedEvent|LogEntry)|io/runtracker/internal/capture/CapturedRequest|"
                 r"io/runtracker/internal/log/(Group\.|Group\$)"),
    ("log", r"io/runtracker/internal/log/(Segment|GroupBuffer|PendingControls|ControlMirror|RecordScanner|SpooledEvent|Log\b)"),
    ("rows", r"io/runtracker/mlflow/(RequestRow|RequestLines|JsonBytes|EventFields|LoggedCells|Text|KeyedFields|Utf8|"
             r"MlflowWindowDraft)|io/runtracker/internal/event/EventBytes"),
    ("statistics and highlights", r"io/runtracker/mlflow/(WindowNumbers|WindowStatistics|RouteGroup|RouteLabels|Highlight)|"
                                  r"org/HdrHistogram"),
    ("calls of windows and runs", r"io/runtracker/mlflow/(WindowWriter|WindowContent|RunWriter|RunContent|RunStore|Day|Tags|Batches|"
                                r"Experiment|MlflowApi|Answer|Failures|Artifacts)|org/mlflow"),
    ("http", r"org/apache/hc/|sun/nio/ch/(Socket|Net)|io/runtracker/mlflow/(Transport|Http|RequestEntity)"),
    ("routing and settling", r"io/runtracker/internal/(delivery/|stage/Counts)|"
                             r"io/runtracker/internal/log/Positions"),
    ("ring and batcher", r"com/lmax/disruptor|io/runtracker/internal/(batch/(Batcher|PollBackoff)|capture/RingSlot)"),
]
KNOWN = [(stage, re.compile(pattern)) for stage, pattern in STAGES]
OTHER = "other"
OWN = "io/runtracker/"

# What serves several stages is whose that called it.
SHARED = re.compile(r"io/runtracker/(internal/(log/(Fields|Format|FailPoint)|config/|pipeline/|capture/Capture\b|stage/)|RequestTarget|"
                    r"mlflow/(Server|MlflowSettings|Keys))")

# Lines of `jfr print --json`: its whole would be hundreds of megabytes in memory.
START = re.compile(r' *"startTime": "([^"]*)"')
THREAD = re.compile(r' *"(?:osName|javaName)": "([^"]*)"')
TYPE = re.compile(r' {16}"name": "([^"]*)"')
METHOD = re.compile(r' {14}"name": "([^"]*)"')


def options(library, recording, quick):
    """What a JVM is started with to be recorded."""
    sampling = SAMPLING % (QUICK_INTERVAL if quick else INTERVAL)
    return [f"-agentpath:{library}=start,{sampling},jfr,file={recording}"]


def library(folder):
    """The profiler's, or None where there is none for this machine."""
    found = profiler.unpacked(folder)
    return found and found.library


def samples(recording, from_millis):
    """How many there are by thread and stage, and the innermost own frames of those that no stage knows."""
    found, unknown = collections.Counter(), collections.Counter()
    for when, thread, frames in events(recording):
        group = group_of(thread)
        if group is None or when < from_millis:
            continue
        stage = stage_of(frames)
        found[group, stage] += 1
        if stage == OTHER:
            unknown[next((frame for frame in frames if frame.startswith(OWN)), frames[0] if frames else "?")] += 1
    return found, unknown


def group_of(thread):
    return next((group for name, group in THREADS if thread.startswith(name)), None)


def stage_of(frames):
    for frame in frames:
        for stage, pattern in KNOWN:
            if pattern.match(frame):
                return stage
        if frame.startswith(OWN) and not SHARED.match(frame):
            break
    return OTHER


def events(recording):
    """Milliseconds since the epoch, thread and frames of each sample, the innermost first."""
    jfr = pathlib.Path(java.JAVA).resolve().with_name("jfr")
    command = [str(jfr), "print", "--json", "--stack-depth", "64", "--events", "jdk.ExecutionSample", str(recording)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as printing:
        when, thread, frames, type_name = None, "", [], ""
        for line in printing.stdout:
            line = line.replace("\\/", "/")
            if match := START.match(line):
                if when is not None:
                    yield when, thread, frames
                when, thread, frames = millis(match[1]), "", []
            elif match := THREAD.match(line):
                thread = match[1]
            elif match := TYPE.match(line):
                type_name = match[1].replace(".", "/")
            elif match := METHOD.match(line):
                frames.append(f"{type_name}.{match[1]}")
        if when is not None:
            yield when, thread, frames
    if printing.returncode:
        raise Problem(f"jfr print ended with {printing.returncode}")


def millis(text):
    """Python before 3.11 reads no nanoseconds."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    at = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return at.timestamp() * 1000 + float(f"0.{fraction or 0}") * 1000


def nanos(counted, cpu_us):
    """Nanoseconds a request by thread and stage: a stage has its share of what its thread takes unwatched."""
    of_thread = collections.Counter()
    for (thread, _), count in counted.items():
        of_thread[thread] += count
    return {(thread, stage): 1000 * cpu_us[thread] * count / of_thread[thread]
            for (thread, stage), count in counted.items() if cpu_us.get(thread)}
