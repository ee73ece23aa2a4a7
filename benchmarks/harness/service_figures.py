# SPDX-License-Identifier: Apache-2.0
"""What the turns of whole services say together."""

import statistics

import load
import ratios

# The mode of a turn that a service which tracks had on the path of the same handler that it skips.
SKIPPED = "skipped"


def figures(measurements, profiles):
    found = {}
    for service, handler in dict.fromkeys((one["service"], one["handler"]) for one in measurements):
        mine = [one for one in measurements if (one["service"], one["handler"]) == (service, handler)]
        off = {(one["round"], one["beside"]): one for one in mine if one["mode"] == "off"}
        suffix = f"{handler}_{service}"
        found[f"off_throughput_{suffix}"] = statistics.median(throughputs(off.values()))
        found[f"off_p99_us_{suffix}"] = statistics.median(p99s(off.values()))
        found[f"rate_{suffix}"] = mine[0]["paced"]["rate"]
        stolen = [one["paced"]["stolen_share"] for one in mine if "stolen_share" in one["paced"]]
        if stolen:
            found[f"stolen_share_{suffix}"] = statistics.mean(stolen)
        found |= within_one_jvm(mine, mine, suffix)
        for mode in dict.fromkeys(one["mode"] for one in mine if one["mode"] not in ("off", SKIPPED)):
            turns = [one for one in mine if one["mode"] == mode]
            # Each beside the one of "off" that was its neighbour.
            found |= compared([(one, off[one["round"], mode]) for one in turns], f"{mode}_{suffix}")
            found |= within_one_jvm(turns, mine, f"{mode}_{suffix}")
            found |= ratios.best_quarter(f"kept_best_{mode}_{suffix}", throughputs(turns), throughputs(off.values()))
            found |= ratios.best_quarter(f"p99_best_{mode}_{suffix}", p99s(turns), p99s(off.values()), ratios.LOW)
            found |= compiler_shares(turns, f"{mode}_{suffix}")
            found |= shares([one for one in profiles if (one["service"], one["handler"], one["mode"]) == (service, handler, mode)],
                            f"{mode}_{suffix}")
    for handler in load.SKIPPED:
        found |= within_one_jvm([one for one in measurements if one["handler"] == handler], measurements, handler)
    found["ledger_adds_up"] = not any(one["ledger_faults"] for one in measurements)
    found["requests_failed"] = sum({(one["service"], one["mode"], one["fork"]): one["failures_so_far"]
                                    for one in measurements if one["ledger"] and one["mode"] != SKIPPED}.values())
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


def within_one_jvm(turns, all_turns, suffix):
    """Each beside the turn of the same JVM on the path that it skips: two JVMs do not compile a handler alike."""
    skipped = {(one["service"], one["handler"], one["round"], one["beside"]): one for one in all_turns if one["mode"] == SKIPPED}
    places = [(one, (one["service"], one["handler"], one["round"], one["mode"])) for one in turns]
    pairs = [(one, skipped[place]) for one, place in places if place in skipped]
    return {name: value for name, value in compared(pairs, f"within_{suffix}").items() if name.startswith(("kept_", "p99_"))}


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
