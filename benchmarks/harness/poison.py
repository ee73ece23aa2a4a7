# SPDX-License-Identifier: Apache-2.0
"""How fast good requests are delivered beside bad ones, as a share of the speed without them."""

import java
import ratios
import results
from processes import say

MAIN = "poison.PoisonRate"
FORMS = ["RUN", "WINDOW"]
ANSWERS = ["REFUSED", "FAILED", "HANGING"]
TURNS = ["found", "coming"]
COLORS = dict(zip(TURNS, ["#2a6fbb", "#7fb2e5"]))


def add_arguments(parser):
    parser.add_argument("--rounds", type=int, default=7, help="of each form and answer")
    parser.add_argument("--seconds", type=float, default=4, help="of a turn")


def make_quick(arguments):
    arguments.rounds, arguments.seconds = 1, 0.5


def measure(arguments):
    detail = {}
    for form in FORMS:
        for answer in ANSWERS[:1] if arguments.quick else ANSWERS:
            rounds = java.run(MAIN, form, answer, arguments.rounds, arguments.seconds, timeout=1800)
            detail[f"{form}_{answer}".lower()] = rounds
            say(f"{form}, {answer}: " + "; ".join(
                ", ".join(f"{turn} {one[turn]:.0f}/s" for turn in ["clean", *TURNS]) for one in rounds))
    return figures(detail), detail, [java.JAVA]


def figures(detail):
    found = {}
    for name, rounds in detail.items():
        for turn in TURNS:
            found |= ratios.figures(f"{turn}_ratio_{name}", [one[turn] / one["clean"] for one in rounds])
    return found


def faults(found, detail):
    """While bad requests come, that nothing good passes is a result, and no fault of the measurement."""
    return [f"{name}: nothing good passed: {one}" for name, rounds in detail.items() for one in rounds
            if not one["clean"] or not one["found"]]


def chart(plot, result):
    found, names = result["figures"], list(result["detail"])
    figure, axes = plot.subplots(figsize=(8, 2.8))
    for number, turn in enumerate(TURNS):
        axes.bar([place + 0.4 * number for place in range(len(names))], [found[f"{turn}_ratio_{name}"] for name in names],
                 width=0.38, color=COLORS[turn], label={"found": "bad ones are found", "coming": "a tenth of all are bad"}[turn])
    axes.axhline(1, color="#999999", linewidth=0.8)
    axes.set_xticks([place + 0.2 for place in range(len(names))], [name.replace("_", "\n") for name in names])
    axes.set_ylabel("speed without bad ones = 1")
    axes.legend(fontsize=7)
    return figure


def tables(found):
    yield ("Good requests a second, divided by those of turns without bad ones",
           ["form", "a bad one is", "bad ones are found", "a tenth of all that come are bad"], [
               [form, answer.lower(), *(results.cell("poison", found, f"{turn}_ratio_{form}_{answer}".lower()) for turn in TURNS)]
               for form in FORMS for answer in ANSWERS if f"found_ratio_{form}_{answer}".lower() in found])
