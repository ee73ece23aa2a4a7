# SPDX-License-Identifier: Apache-2.0
"""Chart and tables of what tracking costs a whole service."""

import results
from service import ADAPTERS, COLORS, MODES, PEERS


def chart(plot, result):
    found = result["figures"]
    figure, rows = plot.subplots(1, 2, figsize=(10, 3.2))
    for axes, name, title in zip(rows, ["kept", "p99_ratio"], ["throughput kept", "p99 at a steady rate, divided"]):
        modes = [mode for mode in MODES if any(f"{name}_{mode}_{one}" in found for one in ADAPTERS)]
        for place, mode in enumerate(modes):
            width = 0.8 / len(modes)
            axes.bar([i + place * width for i in range(len(ADAPTERS))],
                     [found.get(f"{name}_{mode}_{one}", 0) for one in ADAPTERS],
                     width, label=mode, color=COLORS[mode])
        axes.set_xticks([i + 0.4 for i in range(len(ADAPTERS))], ADAPTERS)
        axes.axhline(1, color="black", linewidth=0.6)
        axes.set_title(title)
    rows[0].legend(fontsize=7, ncols=2, loc="lower right")
    return figure


def tables(found):
    def row(names):
        return [results.cell("service", found, name) for name in names]

    pairs = [(mode, one) for one in ADAPTERS for mode in MODES if f"kept_{mode}_{one}" in found]
    yield ("Divided by the same service without tracking, medians", [
        "service", "MLflow", "throughput kept", "p50", "p99", "CPU per request"], [
        [one, mode, *row(f"{name}_{mode}_{one}" for name in ["kept", "p50_ratio", "p99_ratio", "cpu_ratio"])]
        for mode, one in pairs])
    yield ("With MLflow up, divided by the same service without tracking while a bare client keeps MLflow as busy",
           ["service", "throughput kept"],
           [[one, *row([f"kept_up_of_busy_{one}"])] for one in ADAPTERS if f"kept_up_of_busy_{one}" in found])
    yield ("Services that write their runs themselves, MLflow up", [
        "service", "requests per second without", "kept with", "p99 divided"], [
        [one, *row([f"off_throughput_{one}", f"kept_up_{one}", f"p99_ratio_up_{one}"])]
        for one in PEERS if f"kept_up_{one}" in found])
    yield ("What the ratios stand on", ["figure", "value"], results.listing("service", found, [
        name for name in found
        if name.startswith(("off_", "rate_")) or name in ("ledger_adds_up", "requests_failed")]))
