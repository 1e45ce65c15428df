"""Copies: pictures of a set whose defect was taken from a training picture.

Each defect of the set is matched with those of the training pictures (`defect_match`): turned, mirrored, stretched and
relit ones are found, wherever they were put. What the mask does not show plays no part, so a shared background is no
copy; nor is a place that looked the same in the good twin already. The view "image" compares whole pictures less their
light, and takes the training set's good pictures as rivals: what looks like a defective picture no more than like a
good one shares its background.

A match is a copy where its score is beyond what real defects reach with those of *other groups*. The limit is the score
that one in 1 / CHANCE real defects would pass, by an exponential tail through the quantiles TAIL of the training set's
own scores: peaks over a threshold (Pickands 1975) with the lightest usual tail, on two quantiles since a few real
twins that no group holds together must not lift it. Under FEWEST scores nothing can be fitted, and FALLBACK is used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.group import Tie, group_pictures
from defectgen.detail import details_of
from defectgen.metric.collection import Collection
from defectgen.metric.defect_match import Bank, Match, Patch, patches
from defectgen.metric.extractor import Features
from defectgen.metric.pairwise import unit
from defectgen.metric.result import CopyPair
from defectgen.metric.view import View, square

__all__ = ["CHANCE", "FALLBACK", "FEWEST", "copies", "copy_limit"]

CHANCE = 0.001
TAIL = (0.9, 0.98)
FEWEST = 50
FALLBACK = 7.5
"""The limit where the training set is too small to have one, about what magnetic-tile has (eval/audit/COPIES.md)."""
MOST_OWN = 400  # training defects that the limit is measured on
NEAR = 8
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class _Found:
    patch: Patch
    match: Match


def copies(
    synth: Collection, train: Collection, synth_features: Features, train_features: Features, *, view: View,
    seed: int = 0,
) -> tuple[CopyPair, ...]:  # fmt: skip
    """One pair a picture of the set, its best match, likeliest copy first; `is_copy` says whether it counts as one.

    Features have rows by the names of the pictures, one a crop of `view` in order; they add candidates to those that
    the matching itself finds, and give the distance. Pictures without a mask are only seen in the view "image".
    """
    source = train if view == "image" else train.defective
    if not train.defective.items:
        return ()
    bank = Bank(list(patches(_grouped(source), view, seed)))
    if all(patch.item.is_good for patch in bank.patches):
        return ()
    rows, other = _Rows(synth_features), _Rows(train_features)
    limit = copy_limit(bank, seed)
    best: dict[str, _Found] = {}
    for patch in patches(synth.defective, view, seed):
        match = bank.match(patch, other.near(rows.vector(patch), bank))
        held = best.get(patch.item.name)
        if match is not None and (held is None or match.score > held.match.score):
            best[patch.item.name] = _Found(patch, match)
    ranked = sorted(best.values(), key=lambda found: (-found.match.score, found.patch.item.name))
    return tuple(_pair(found, bank, rows, other, view, limit) for found in ranked)


def copy_limit(bank: Bank, seed: int = 0) -> float:
    """The score beyond which a match is a copy: each real defect against those of all other groups."""
    defects = [patch for patch in bank.patches if not patch.item.is_good]
    if len(defects) > MOST_OWN:
        chosen = np.random.default_rng(seed).choice(len(defects), MOST_OWN, replace=False)
        defects = [defects[i] for i in np.sort(chosen)]
    found = [bank.match(patch, without=patch.group) for patch in defects]
    scores = [match.score for match in found if match is not None]
    if len(scores) < FEWEST:
        return FALLBACK
    low, high = np.quantile(scores, TAIL)
    scale = (high - low) / np.log((1 - TAIL[0]) / (1 - TAIL[1]))
    return float(low + scale * np.log((1 - TAIL[0]) / CHANCE))


class _Rows:
    """Features by picture and crop."""

    def __init__(self, features: Features) -> None:
        self._unit = unit(np.asarray(features.vectors, np.float64))
        self._of: dict[str, list[int]] = {}
        for row, name in enumerate(features.names):
            self._of.setdefault(name, []).append(row)

    def vector(self, patch: Patch) -> F64:
        """(D,) of the crop that the patch lies in, to unit length."""
        own = self._of[patch.item.name]
        return np.asarray(self._unit[own[min(patch.number, len(own) - 1)]], np.float64)

    def near(self, vector: F64, bank: Bank) -> list[int]:
        """Rows of the bank whose pictures are nearest by features."""
        order = np.argsort(-(self._unit @ vector), kind="stable")[:NEAR].tolist()
        names = {name for name, own in self._of.items() if not set(order).isdisjoint(own)}
        return [row for row, patch in enumerate(bank.patches) if patch.item.name in names]


def _grouped(collection: Collection) -> Collection:
    """Where nobody has told which pictures show one piece, they are searched for it."""
    items = collection.items
    if len({item.group for item in items}) < len(items) or len(items) < 2:
        return collection
    ties = [Tie(item.group, item.name) for item in items]
    groups = group_pictures(ties, details_of((item.pixels() for item in items), len(items))).groups
    return replace(collection, items=tuple(replace(item, group=g) for item, g in zip(items, groups, strict=True)))


def _pair(found: _Found, bank: Bank, rows: _Rows, other: _Rows, view: View, limit: float) -> CopyPair:
    patch, twin = found.patch, bank.patches[found.match.row]
    return CopyPair(
        name=patch.item.name, train=twin.item.name, view=view, box=_shown(patch, view), train_box=_shown(twin, view),
        distance=float(np.clip(1 - rows.vector(patch) @ other.vector(twin), 0, 2)),
        correlation=float(np.clip(found.match.correlation, -1, 1)), is_copy=found.match.score > limit,
    )  # fmt: skip


def _shown(patch: Patch, view: View) -> tuple[int, int, int, int]:
    """The window that shows the patch, as crops of the view are cut."""
    return patch.box if view == "image" else square(patch.box, patch.hw)
