"""Intervals: how far a number would move with other pictures of the same kind.

Pictures of one group (one tile photographed six times) say the same thing, so groups are drawn, never rows of one group
apart. Two ways, by what a metric bears:

*Draws with replacement* (Efron 1979) for distances that are means over pairs (KID, CMMD). The pairs of a row and its
own copy would push those up; `mmd` leaves them out, and the estimator stays free of bias.

*Halves without replacement* (balanced half-samples, McCarthy 1969) for metrics that copies break: a copied row has a
neighbour at distance 0, which empties its ball, and a copied set has fewer distinct rows, which raises the Fréchet
distance's bias. A half of G groups moves a smooth statistic as much as the whole set would move between two
collections, but for the factor sqrt(m / (G - m)), m = G // 2. Such halves have a bias of their own, being smaller, so
replicates are taken about their own mean and laid around the value. Under 50 replicates the interval is 1.96 standard
deviations, since so few have no quantiles at 2.5%.

Where both sets follow one distribution these distances are degenerate (their first-order term vanishes), and both ways
give intervals that are too wide by up to sqrt(3), never too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.mmd import Weights
from defectgen.metric.pairwise import F64
from defectgen.metric.result import Interval

__all__ = ["FEWEST_GROUPS", "LEVEL", "draw_groups", "group_index", "half_rows", "half_scale", "interval_of"]

I64 = NDArray[np.int64]
LEVEL = 0.95
NORMAL, ENOUGH_FOR_QUANTILES = 1.96, 50
FEWEST_GROUPS = 8
"""Fewer groups have too few different draws for a 95% interval."""


def group_index(groups: Sequence[str], names: Sequence[str]) -> I64:
    """(n,): the number of each row's group, in order of first sight; a row without a group is one by its name."""
    keys = [("group", group) if group else ("name", name) for group, name in zip(groups, names, strict=True)]
    numbers = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], np.int64)


def draw_groups(index: I64, resamples: int, rng: np.random.Generator) -> Weights:
    """The set itself first, then as many draws of its groups with replacement: counts (1 + resamples, G)."""
    groups = int(index.max()) + 1
    drawn = rng.multinomial(groups, np.full(groups, 1 / groups), size=resamples)
    return Weights(np.vstack([np.ones(groups), drawn]), index)


def half_rows(index: I64, rng: np.random.Generator) -> I64:
    """The rows, in order, of half of the groups."""
    groups = int(index.max()) + 1
    kept = np.zeros(groups, bool)
    kept[rng.permutation(groups)[: groups // 2]] = True
    return np.flatnonzero(kept[index])


def half_scale(index: I64) -> float:
    """What replicates on halves are multiplied by."""
    groups = int(index.max()) + 1
    return float(np.sqrt((groups // 2) / (groups - groups // 2)))


def interval_of(
    value: float, replicates: F64, scale: float = 1.0, bounds: tuple[float, float] = (-np.inf, np.inf)
) -> Interval:
    """The value with the central 95% of the replicates, taken about their mean; no bounds without two of them."""
    found = np.asarray(replicates, np.float64)
    found = found[np.isfinite(found)]
    if len(found) < 2:
        return Interval(value=value)
    if len(found) < ENOUGH_FOR_QUANTILES:
        edges = np.array([-NORMAL, NORMAL]) * found.std(ddof=1)
    else:
        edges = np.quantile(found - found.mean(), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = np.clip(edges * scale + value, *bounds)
    return Interval(value=value, low=float(low), high=float(high))
