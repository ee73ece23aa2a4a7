# SPDX-License-Identifier: Apache-2.0
"""What a benchmark found: printed, and written with the machine beside it."""

import json
import os

import machine
import targets
from processes import ROOT, say

RESULTS = ROOT / "benchmarks/results"


def folder(quick):
    return RESULTS / "quick" if quick else RESULTS


def read(benchmark, quick):
    return json.loads((folder(quick) / f"{benchmark}.json").read_text())


def number(value):
    """Four digits are more than a benchmark knows."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:.0f}"
    if 0 < abs(value) < 0.01:
        return f"{value:.2g}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def publish(benchmark, arguments, figures, detail, javas, busy_before, chart):
    """Prints the lines `name: value`, and writes JSON and chart."""
    quiet = machine.is_quiet(busy_before)
    for name, value in figures.items():
        verdict = targets.verdict(benchmark, name, figures)
        print(f"{name}: {number(value)}{f'  ({verdict})' if verdict else ''}")
    print(f"machine_was_quiet: {str(quiet).lower()}", flush=True)
    target = folder(arguments.quick)
    target.mkdir(parents=True, exist_ok=True)
    result = {
        "benchmark": benchmark, "quick": arguments.quick, "command": arguments.command_line,
        "machine": machine.describe(javas), "busy_share_before": busy_before,
        "machine_was_quiet": quiet, "figures": figures, "detail": detail}
    (target / f"{benchmark}.json").write_text(json.dumps(result, indent=1) + "\n")
    draw(target / f"{benchmark}.svg", result, chart)
    say(f"written to {os.path.relpath(target, ROOT)}/{benchmark}.json and .svg")


def draw(path, result, chart):
    import matplotlib

    matplotlib.use("svg")
    # The same data make the same file; text stays text.
    matplotlib.rcParams.update({"svg.hashsalt": "runtracker", "svg.fonttype": "none", "font.size": 9,
                                "axes.spines.top": False, "axes.spines.right": False})
    from matplotlib import pyplot

    figure = chart(pyplot, result)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def cell(benchmark, figures, name):
    """A figure for a table, with its interval and its verdict where it has such; a dash where there is none."""
    if name not in figures:
        return "–"
    between = [number(figures[end]) for end in (f"{name}_low", f"{name}_high") if end in figures]
    verdict = targets.verdict(benchmark, name, figures)
    return " ".join([number(figures[name])] + ([f"[{' to '.join(between)}]"] if between else [])
                    + ([f"({verdict})"] if verdict else []))


def listing(benchmark, figures, names):
    return [[f"`{name}`", cell(benchmark, figures, name)] for name in names]
