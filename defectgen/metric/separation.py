"""Separation: how well a small classifier tells two kinds of feature vectors apart, and by what.

The classifier is L2 logistic regression on standardised features, its strength chosen by cross-validation inside the
training folds. Groups never straddle folds, neither outside nor inside: a picture that the classifier knows from
training says nothing about pictures that it does not. Standardising and rotating see all rows but no label.

AUROC (Hanley and McNeil, Radiology 1982) counts pairs of one fold only, since scores of different folds come from
different classifiers, and is averaged over repeats of the folds. Its interval resamples groups of the held-out scores;
the spread between trainings is what `halves` shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.floor import draw_floor, range_of
from defectgen.metric.optional_package import load_optional
from defectgen.metric.result import Interval

__all__ = ["Head", "Separation", "auroc", "even_rows", "halves", "separate"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]

FOLDS, INNER_FOLDS, REPEATS = 5, 3, 2
STRENGTHS = (1e-4, 1e-3, 1e-2)  # of sklearn's C, on standardised features
BOOTSTRAPS, HALVES = 1000, 10


@dataclass(frozen=True)
class Head:
    """A linear score of a feature vector: (x - mean) . weight + bias. mean, weight: (D,) float64."""

    mean: F64
    weight: F64
    bias: float

    def __call__(self, vectors: NDArray[Any]) -> F64:
        """(..., D) to (...) log odds of the first kind."""
        return np.asarray((np.asarray(vectors, np.float64) - self.mean) @ self.weight + self.bias)


@dataclass(frozen=True)
class Separation:
    """auroc: of held-out scores, with its 95% interval. scores: (n,) log odds of each row by a head that never saw its
    group, of the first repeat. folds: (n,) its fold. heads: of each fold. strength: what the folds chose, their median.
    """

    auroc: Interval
    scores: F64
    folds: I64
    heads: tuple[Head, ...]
    strength: float


def separate(
    vectors: F32, first: Flags, groups: I64, seed: int, repeats: int = REPEATS, strength: float | None = None
) -> Separation:
    """Rows (n, D), of which `first` (n,) are of the first kind, told from the others. groups: (n,) number of each.

    strength: of the classifier; None chooses it in each fold. InputError where scikit-learn is missing. Both kinds
    need at least two groups.
    """
    codes = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    space = _Space.of(np.asarray(vectors, np.float64))
    runs = [_cross_validate(space, first, codes, seed + 1000 * repeat, strength) for repeat in range(repeats)]
    pairs = [_Pairs.of(run[0], run[1], first, codes) for run in runs]
    heads = tuple(space.head(weight, bias) for weight, bias in runs[0][2])
    chosen = float(np.median([one for run in runs for one in run[3]]))
    return Separation(_interval(pairs, int(codes.max()) + 1, seed), runs[0][0], runs[0][1], heads, chosen)


def halves(
    vectors: F32, groups: I64, most: int, seed: int, strength: float | None = None, repeats: int = HALVES
) -> tuple[Interval, int]:
    """The AUROC between two halves of one kind that share no group, and the rows of a half; 0.5 is expected.

    value: mean of the repeats. low, high: the range that holds 95% of them. most: rows of a half that are enough.
    strength: of the classifier whose floor this is.
    """
    draws = draw_floor(groups, most, np.random.default_rng(seed), repeats)
    first = np.arange(2 * draws.n) < draws.n
    values = []
    for repeat, (ours, theirs) in enumerate(draws.halves):
        rows = np.concatenate([ours, theirs])
        told = separate(vectors[rows], first, groups[rows], seed + repeat, 1, strength)
        values.append(told.auroc.value)
    return range_of(np.asarray(values)), draws.n


def even_rows(groups: I64, first: Flags, most: int, rng: np.random.Generator) -> I64:
    """Equally many rows of both kinds, at most `most` of each, sorted; every group gives one before any gives two."""
    n = min(int(first.sum()), int((~first).sum()), most)
    picked = []
    for kind in (first, ~first):
        rows = rng.permutation(np.flatnonzero(kind))
        seen: dict[int, int] = {}
        turn = np.empty(len(rows), np.int64)
        for at, group in enumerate(groups[rows]):
            turn[at] = seen.get(int(group), 0)
            seen[int(group)] = int(turn[at]) + 1
        picked.append(rows[np.argsort(turn, kind="stable")][:n])
    return np.sort(np.concatenate(picked)).astype(np.int64)


def auroc(scores: NDArray[Any], first: Flags) -> float:
    """Share of pairs in which the row of the first kind scores higher; ties count half."""
    higher = _concordance(np.asarray(scores, np.float64), first)
    return float(higher.mean())


@dataclass(frozen=True)
class _Space:
    """Standardised rows in the coordinates of their own span, in which L2 logistic regression is the same but small."""

    rows: F64
    mean: F64
    back: F64

    @staticmethod
    def of(vectors: F64) -> _Space:
        mean, spread = vectors.mean(0), vectors.std(0)
        scale = np.where(spread > 1e-6 * max(1e-12, float(spread.max())), 1 / np.maximum(spread, 1e-30), 0)
        whitened = (vectors - mean) * scale
        if len(whitened) >= whitened.shape[1]:
            return _Space(whitened, mean, np.diag(scale))
        u, s, vt = np.linalg.svd(whitened, full_matrices=False)
        return _Space(u * s, mean, scale[:, None] * vt.T)

    def head(self, weight: F64, bias: float) -> Head:
        return Head(self.mean, self.back @ weight, bias)


def _cross_validate(
    space: _Space, first: Flags, codes: I64, seed: int, strength: float | None
) -> tuple[F64, I64, list[tuple[F64, float]], list[float]]:
    """Held-out scores, folds, and the weights and strength of each fold."""
    folds = _folds(first, codes, FOLDS, seed)
    scores = np.zeros(len(first))
    heads, strengths = [], []
    for fold in range(int(folds.max()) + 1):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        own = _choose(space.rows[train], first[train], codes[train], seed) if strength is None else strength
        weight, bias = _fit(space.rows[train], first[train], own)
        scores[test] = space.rows[test] @ weight + bias
        heads.append((weight, bias))
        strengths.append(own)
    return scores, folds, heads, strengths


def _folds(first: Flags, codes: I64, most: int, seed: int) -> I64:
    """A fold for each row: groups whole, both kinds in each fold as evenly as groups allow."""
    model_selection = load_optional("sklearn.model_selection")
    least = min(len(np.unique(codes[first])), len(np.unique(codes[~first])))
    splitter = model_selection.StratifiedGroupKFold(max(2, min(most, least)), shuffle=True, random_state=seed)
    folds = np.zeros(len(first), np.int64)
    for fold, (_, test) in enumerate(splitter.split(np.zeros((len(first), 1)), first, codes)):
        folds[test] = fold
    return folds


def _choose(rows: F64, first: Flags, codes: I64, seed: int) -> float:
    """The strength with the least log loss in inner folds; the middle one where groups are too few to ask."""
    if min(len(np.unique(codes[first])), len(np.unique(codes[~first]))) < INNER_FOLDS:
        return STRENGTHS[len(STRENGTHS) // 2]
    folds = _folds(first, codes, INNER_FOLDS, seed)
    losses = np.zeros(len(STRENGTHS))
    for fold in range(int(folds.max()) + 1):
        train, test = folds != fold, folds == fold
        for at, strength in enumerate(STRENGTHS):
            weight, bias = _fit(rows[train], first[train], strength)
            margin = (rows[test] @ weight + bias) * np.where(first[test], 1, -1)
            losses[at] += np.logaddexp(0, -margin).sum()
    return STRENGTHS[int(losses.argmin())]


def _fit(rows: F64, first: Flags, strength: float) -> tuple[F64, float]:
    """Weights and bias; all 0 where only one kind is there, which tells nothing apart."""
    if first.all() or not first.any():
        return np.zeros(rows.shape[1]), 0.0
    model = load_optional("sklearn.linear_model").LogisticRegression(C=strength, max_iter=2000, class_weight="balanced")
    model.fit(rows, first)
    return np.asarray(model.coef_[0], np.float64), float(model.intercept_[0])


@dataclass(frozen=True)
class _Pairs:
    """Pairs of one fold, summed by group. For each fold: concordant pairs and all pairs, (G first, G other)."""

    folds: tuple[tuple[I64, I64, F64, F64], ...]

    @staticmethod
    def of(scores: F64, folds: I64, first: Flags, codes: I64) -> _Pairs:
        found = []
        for fold in range(int(folds.max()) + 1):
            rows = np.flatnonzero(folds == fold)
            if first[rows].all() or not first[rows].any():
                continue
            higher = _concordance(scores[rows], first[rows])
            ours, a = np.unique(codes[rows][first[rows]], return_inverse=True)
            theirs, b = np.unique(codes[rows][~first[rows]], return_inverse=True)
            into_a, into_b = np.eye(len(ours))[a], np.eye(len(theirs))[b]
            count = np.outer(into_a.sum(0), into_b.sum(0))
            found.append((ours, theirs, into_a.T @ higher @ into_b, count))
        return _Pairs(tuple(found))

    def auroc(self, weights: F64) -> F64:
        """(B, groups) weights to (B,) AUROC; nan where no pair is left."""
        good = np.zeros(len(weights))
        total = np.zeros(len(weights))
        for ours, theirs, higher, count in self.folds:
            good += np.einsum("bi,ij,bj->b", weights[:, ours], higher, weights[:, theirs], optimize=True)
            total += np.einsum("bi,ij,bj->b", weights[:, ours], count, weights[:, theirs], optimize=True)
        return np.asarray(np.divide(good, total, out=np.full(len(weights), np.nan), where=total > 0))


def _interval(pairs: Sequence[_Pairs], groups: int, seed: int) -> Interval:
    value = np.mean([one.auroc(np.ones((1, groups)))[0] for one in pairs])
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(groups, np.full(groups, 1 / groups), BOOTSTRAPS).astype(np.float64)
    drawn = np.mean([one.auroc(weights) for one in pairs], axis=0)
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return Interval(value=float(value), low=float(low), high=float(high))


def _concordance(scores: F64, first: Flags) -> F64:
    """(first, other): 1 where the first kind's score is higher, 0.5 where equal."""
    ours, theirs = scores[first][:, None], scores[~first][None]
    return np.asarray((ours > theirs) + 0.5 * (ours == theirs), np.float64)
