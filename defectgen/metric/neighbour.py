"""Neighbours: crops of the set beside the real crops that are nearest to them, to look at.

Nearness is the cosine distance of features, 1 - a.b / (|a| |b|). Nearest and farthest crops show the best and the worst
of a set; missed ones are real crops with nothing of the set nearby: what the set lacks. A group is shown once a kind.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.collection import Collection
from defectgen.metric.extractor import Features
from defectgen.metric.nearest import nearest_real
from defectgen.metric.result import Neighbour, NeighbourKind
from defectgen.metric.view import View, item_crops

__all__ = ["SHOWN", "find_neighbours"]

SHOWN = 6
Side = tuple[Collection, Features]
Box = tuple[int, int, int, int]
NEAREST: NeighbourKind = "nearest"
FARTHEST: NeighbourKind = "farthest"
MISSED: NeighbourKind = "missed"


def find_neighbours(synth: Side, real: Side, view: View, shown: int = SHOWN) -> list[Neighbour]:
    """Up to `shown` of each kind; features have one row a crop of `view`, in the collections' order."""
    if not len(synth[1]) or not len(real[1]):
        return []
    to_real = nearest_real(synth[1].vectors, real[1].vectors)
    to_set = nearest_real(real[1].vectors, synth[1].vectors)
    order = np.argsort(-to_real.cosines, kind="stable")
    # Halves that do not overlap, where there are few: nothing is at once among the best and the worst
    half = min(shown, max(1, len(set(synth[1].groups)) // 2))
    found = []
    for kind, rows, one, other, near, most in (
        (NEAREST, order, synth, real, to_real, half),
        (FARTHEST, order[::-1], synth, real, to_real, half),
        (MISSED, np.argsort(to_set.cosines, kind="stable"), real, synth, to_set, shown),
    ):
        for row in _one_a_group(rows, one[1].groups, most):
            found.append(_pair(kind, view, one, other, row, int(near.rows[row]), float(1 - near.cosines[row])))
    return found


def _one_a_group(rows: NDArray[np.int64], groups: tuple[str, ...], most: int) -> list[int]:
    chosen: dict[str, int] = {}
    for row in rows:
        chosen.setdefault(groups[row], int(row))
        if len(chosen) == most:
            break
    return list(chosen.values())


def _pair(kind: NeighbourKind, view: View, one: Side, other: Side, row: int, beside: int, distance: float) -> Neighbour:
    return Neighbour(
        kind=kind, view=view, defect=one[1].defects[row], name=one[1].names[row], box=_box(*one, row, view),
        other=other[1].names[beside], other_box=_box(*other, beside, view), distance=distance,
    )  # fmt: skip


def _box(collection: Collection, features: Features, row: int, view: View) -> Box:
    """The box of a row: of the k-th crop of its picture, as k rows of that name come before it."""
    name = features.names[row]
    before = Counter(features.names[:row])[name]
    item = next(item for item in collection.items if item.name == name)
    return list(item_crops(item, view))[before].box
