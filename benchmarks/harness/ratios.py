# SPDX-License-Identifier: Apache-2.0
"""What turns with tracking say beside turns without."""

import math
import random
import statistics

CONFIDENCE = 0.95
RESAMPLES = 2000

# Which quartile bounds the best quarter: where more is better, and where less is.
HIGH, LOW = -1, 0


def figures(name, ratios):
    """Their median and, where there are enough of them, the interval that it is in; nothing of no ratios."""
    found = {name: statistics.median(ratios)} if ratios else {}
    between = interval(ratios)
    if between:
        found[f"{name}_low"], found[f"{name}_high"] = between
    return found


def interval(values):
    """
    Where the median of such values is, with the confidence above, whatever their distribution: between two of them, by
    how seldom so many would be on one side of it (order statistics). None for fewer than six, which cannot tell.
    """
    values, left, outside = sorted(values), 0, 0.0
    while True:
        outside += 2 * math.comb(len(values), left) / 2 ** len(values)
        if outside > 1 - CONFIDENCE:
            break
        left += 1
    return (values[left - 1], values[-left]) if left else None


def best_quarter(name, tracked, untracked, best=HIGH):
    """
    What a quarter of some turns exceed, or stay below where less is better, divided by what a quarter of others do, and
    the interval that it is in (bootstrap). A neighbour of the machine makes a turn slower and none faster, so here are
    turns without one.
    """
    if not tracked or not untracked or not all(untracked):
        return {}
    chance = random.Random(len(tracked))  # the same turns make the same interval
    again = sorted(quarter(chance.choices(tracked, k=len(tracked)), best) / quarter(chance.choices(untracked, k=len(untracked)), best)
                   for _ in range(RESAMPLES))
    outside = round(RESAMPLES * (1 - CONFIDENCE) / 2)
    return {name: quarter(tracked, best) / quarter(untracked, best), f"{name}_low": again[outside], f"{name}_high": again[-1 - outside]}


def quarter(values, best):
    """What bounds the best quarter of them."""
    return statistics.quantiles(values, n=4, method="inclusive")[best] if len(values) > 1 else values[0]
