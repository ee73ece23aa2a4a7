# SPDX-License-Identifier: Apache-2.0
"""What the turns of whole services say together."""

import statistics

import load
import ratios


def figures(measurements, profiles):
    found = {}
    for service, handler in dict.fromkeys((one["service"], one["handler"]) for one in measurements):
        mine = [one for one in measurements if (one["service"], one["handler"]) == (service, handler)]
        off = {(one["round"], one["beside"]): one for one in mine if one["mode"] == "off"}
        suffix = f"{handler}_{service}"
        found[f"off_throughput_{suffix}"] = statistics.median(throughputs(off.values()))
        found[f"off_p99_us_{suffix}"] = statistics.median(p99s(off.values()))
        found[f"rate_{suffix}"] = mine[0]["paced"]["rate"]
        for mode in dict.fromkeys(one["mode"] for one in mine if one["mode"] != "off"):
            turns = [one for one in mine if one["mode"] == mode]
            # Each beside the one of "off" that was its neighbour.
            found |= compared([(one, off[one["round"], mode]) for one in turns], f"{mode}_{suffix}")
            found |= ratios.best_quarter(f"kept_best_{mode}_{suffix}", throughputs(turns), throughputs(off.values()))
            found |= ratios.best_quarter(f"p99_best_{mode}_{suffix}", p99s(turns), p99s(off.values()), ratios.LOW)
            found |= compiler_shares(turns, f"{mode}_{suffix}")
            found |= shares([one for one in profiles if (one["service"], one["handler"], one["mode"]) == (service, handler, mode)],
                            f"{mode}_{suffix}")
    found["ledger_adds_up"] = not any(one["ledger_faults"] for one in measurements)
    found["requests_failed"] = sum({(one["service"], one["mode"], one["fork"]): one["failures_so_far"]
                                    for one in measurements if one["ledger"]}.values())
    return found


def throughputs(turns):
    return [one["saturation"]["throughput"] for one in turns]


def p99s(turns):
    return [one["paced"]["p99_us"] for one in turns]


def compared(pairs, suffix):
    found = {}
    for name, phase, figure in (("kept", "saturation", "throughput"), ("p50_ratio", "paced", "p50_us"),
                                ("p99_ratio", "paced", "p99_us"), ("cpu_ratio", "paced", "cpu_us_per_request")):
        values = [(one[phase].get(figure), off[phase].get(figure)) for one, off in pairs]
        found |= ratios.figures(f"{name}_{suffix}", [tracked / untracked for tracked, untracked in values
                                                     if tracked and untracked])
    return found


def compiler_shares(turns, suffix):
    """Of the CPU time, at full speed and in the paced phase, whose p99 hangs on it."""
    found = {}
    for name, phase in (("compiler_share", "saturation"), ("compiler_share_paced", "paced")):
        known = [load.share("compiler", one[phase]) for one in turns if one["ledger"] and one["ledger"]["offered"]]
        known = [one for one in known if one is not None]
        if known:
            found[f"{name}_{suffix}"] = statistics.median(known)
    return found


def shares(profiles, suffix):
    """
    Of the CPU time at full speed, of all JVMs together: what the threads of requests have in tracking, what the tracker's
    own have, and what both leave of a service whose cores are all in use. No neighbour of the machine is in them.
    """
    everything = sum(one["all"] for one in profiles)
    own = [one["tracker_share"] for one in profiles]
    if not everything or None in own:
        return {}
    requests, tracker = sum(one["tracking"] for one in profiles) / everything, statistics.mean(own)
    return {f"kept_by_cpu_{suffix}": 1 - requests - tracker, f"request_share_{suffix}": requests,
            f"tracker_share_{suffix}": tracker, f"samples_{suffix}": everything}
