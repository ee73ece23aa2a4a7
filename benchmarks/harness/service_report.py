# SPDX-License-Identifier: Apache-2.0
"""Chart and tables of what tracking costs a whole service."""

import results
from load import HANDLERS
from service import ADAPTERS, COLORS, MODES, PEERS


def chart(plot, result):
    found = result["figures"]
    handlers = [handler for handler in HANDLERS if any(f"off_throughput_{handler}_{one}" in found for one in ADAPTERS)]
    figure, plots = plot.subplots(len(handlers), 2, figsize=(10, 3.2 * len(handlers)), squeeze=False)
    for row, handler in zip(plots, handlers):
        for axes, name, title in zip(row, ["kept", "p99_ratio"], ["throughput kept", "p99 at a steady rate, divided"]):
            modes = [mode for mode in MODES if any(f"{name}_{mode}_{handler}_{one}" in found for one in ADAPTERS)]
            width = 0.8 / max(1, len(modes))
            for place, mode in enumerate(modes):
                axes.bar([i + place * width for i in range(len(ADAPTERS))],
                         [found.get(f"{name}_{mode}_{handler}_{one}", 0) for one in ADAPTERS],
                         width, label=mode, color=COLORS[mode])
            axes.set_xticks([i + 0.4 for i in range(len(ADAPTERS))], ADAPTERS)
            axes.axhline(1, color="black", linewidth=0.6)
            axes.set_title(f"{title}; the handler does {'some work' if handler == 'work' else handler}")
    plots[0][0].legend(fontsize=7, ncols=2, loc="lower right")
    return figure


def tables(found):
    def row(names):
        return [results.cell("service", found, name) for name in names]

    for handler, what in (("work", "The handler works"), ("nothing", "The handler does nothing")):
        yield (f"{what}; divided by the same service without tracking, medians, and in brackets where they are with 95 %", [
            "service", "MLflow", "throughput kept", "by CPU", "of the best quarter", "p50", "p99", "of the best quarter", "CPU per request",
            "share on the request's threads", "of the tracker's threads", "of the compiler's", "at the steady rate"], [
            [one, mode, *row(f"{name}_{mode}_{handler}_{one}"
                             for name in ["kept", "kept_by_cpu", "kept_best", "p50_ratio", "p99_ratio", "p99_best", "cpu_ratio",
                                          "request_share", "tracker_share", "compiler_share", "compiler_share_paced"])]
            for one in ADAPTERS for mode in MODES if f"kept_{mode}_{handler}_{one}" in found])
        services = [one for one in ADAPTERS if f"kept_within_{handler}_{one}" in found]
        if services:
            rows = [(one, mode, f"{mode}_{handler}_{one}") for one in services for mode in MODES]
            rows += [(one, "all of these", f"{handler}_{one}") for one in services] + [("all of these", "all of these", handler)]
            yield (f"{what}, on a path that is tracked; divided by the same on one that the same JVM skips, medians, and in brackets"
                   " where they are with 95 %", ["service", "MLflow", "throughput kept", "p99"], [
                [service, mode, *row([f"kept_within_{suffix}", f"p99_ratio_within_{suffix}"])]
                for service, mode, suffix in rows if f"kept_within_{suffix}" in found])
    yield ("Services that write their runs themselves, MLflow up; the handler does nothing", [
        "service", "requests per second without", "kept with", "p99 divided"], [
        [one, *row([f"off_throughput_nothing_{one}", f"kept_up_nothing_{one}", f"p99_ratio_up_nothing_{one}"])]
        for one in PEERS if f"kept_up_nothing_{one}" in found])
    yield ("What the ratios stand on", ["figure", "value"], results.listing("service", found, [
        name for name in found
        if name.startswith(("off_", "rate_", "stolen_")) or name in ("ledger_adds_up", "requests_failed")]))
