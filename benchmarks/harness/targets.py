# SPDX-License-Identifier: Apache-2.0
"""Where the figures must be. Shown beside them, never asserted: a machine is slow when it likes."""

import re

AT_LEAST, AT_MOST, BELOW = "at least", "at most", "below"

# benchmark, name of the figure, comparison, bound
TARGETS = [
    ("capture", r"publish_ratio_(opentelemetry|zipkin)_.*", AT_MOST, 1.0),
    ("capture", r"allocated_bytes_runtracker_.*", AT_MOST, 200),
    ("capture", r"paced_p99.99_us_runtracker_.*", BELOW, 100),
    ("service", r"kept_(by_cpu_|within_)?((up|slow|frozen|down)_)?(nothing|work)(_(servlet|spring|javalin))?", AT_LEAST, 0.97),
    ("service", r"p99_ratio_(within_)?((up|slow|frozen|down)_)?(nothing|work)(_(servlet|spring|javalin))?", AT_MOST, 1.05),
    ("delivery", r"rate_ratio_.*", AT_LEAST, 0.95),
    ("delivery", r"calls_per_plain_run", AT_MOST, 2),
    ("idle", r"(unused|used)_cpu_percent", BELOW, 0.3),
    ("idle", r"(unused|used)_threads", AT_MOST, 4),
    ("idle", r"(unused|used)_heap_mb", AT_MOST, 8),
    ("window", r"kept(_large)?(_nothing)?", AT_LEAST, 0.9),
    ("window", r"(dropped|twice)(_large|_auto)?", AT_MOST, 0),
    ("spool", r"append_ratio", AT_LEAST, 0.8),
    ("spool", r"commit_p99_us", BELOW, 1000),
    # What is promised is 20 ms and one write.
    ("spool", r"commit_ms_p999_.*", BELOW, 25),
    ("spool", r"recovery_seconds_per_million", BELOW, 5),
    # Of plain requests; what a run of AUTO costs is told by itself.
    ("pipeline", r"cpu_us_(window|auto)_spool_plain_10000", AT_MOST, 2.5),
    ("pipeline", r"cpu_us_(window|auto)_memory_plain_10000", AT_MOST, 2.0),
    ("pipeline", r"cpu_us_run_outage_plain_10000", AT_MOST, 1.5),
    ("pipeline", r"idle_cpu_percent", AT_MOST, 0.1),
    ("pipeline", r"window_fixed_ms", AT_MOST, 0.5),
    # The pace is by the clock: the last interval may lie outside.
    ("pipeline", r"scale_per_second", AT_LEAST, 99_900),
    ("pipeline", r"scale_dropped", AT_MOST, 0),
    ("pipeline", r"backlog_read_per_second_20000000", AT_LEAST, 200_000),
    # Constant is what does not grow with what has been read: a window's rows come and go.
    ("pipeline", r"backlog_heap_growth_mb_.*", AT_MOST, 16),
    ("poison", r"found_ratio_.*", AT_LEAST, 0.9),
    ("fleet", r"rows_per_second", AT_LEAST, 19_900),
    ("fleet", r"relays_cpu_us_per_row", AT_MOST, 5),
    ("fleet", r"missing|twice", AT_MOST, 0),
]


def target(benchmark, name):
    for of, pattern, comparison, bound in TARGETS:
        if of == benchmark and re.fullmatch(pattern, name):
            return comparison, bound
    return None


def verdict(benchmark, name, figures):
    """Such as `at least 0.97: met`; nothing for a figure that has no target, or is an end of an interval.

    A figure that has an interval meets or misses its target by all of that.
    """
    found = target(benchmark, name)
    if found is None or name.endswith(("_low", "_high")):
        return ""
    comparison, bound = found
    ends = [figures.get(f"{name}_low", figures[name]), figures.get(f"{name}_high", figures[name])]
    met = [{AT_LEAST: end >= bound, AT_MOST: end <= bound, BELOW: end < bound}[comparison] for end in ends]
    return f"{comparison} {bound:g}: {'met' if all(met) else 'inconclusive' if any(met) else 'missed'}"
