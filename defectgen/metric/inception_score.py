"""The inception score: how sure and how varied a classifier's answers are (Salimans et al. 2016, section 4).

    IS = exp( mean over pictures of KL( p(y | x) ‖ p(y) ) ),  from 1 to the number of classes (and of pictures)

p(y) is the mean over the pictures of one split; the score is the mean over splits, its deviation is between splits. No
real picture enters: it cannot say whether a set looks like anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defectgen.errors import InputError
from defectgen.metric.pairwise import F64, Vectors

__all__ = ["NOTE", "PER_SPLIT", "SMALLEST", "SPLITS", "InceptionScore", "inception_score", "score_draws", "splits_for"]

SPLITS, PER_SPLIT = 10, 100
SMALLEST = 20
"""The score cannot exceed the pictures of a split, and with fewer it mostly counts them."""
NOTE = (
    "An inception score near 100 (ImageNet, 1,000 classes, 50,000 pictures) and one near 2 (a few kinds of defect on"
    " one part) are different things: it grows with the number of kinds that a classifier of everyday objects tells"
    " apart, so it compares sets of the same part at the same n and splits only, and says nothing of realism."
)


@dataclass(frozen=True)
class InceptionScore:
    """mean and deviation between splits (divided by their number)."""

    mean: float
    deviation: float
    splits: int
    n: int


def splits_for(n: int) -> int:
    """10 from 1,000 pictures on, as is usual; fewer below, so that each split holds 100 where it can."""
    return max(1, min(SPLITS, n // PER_SPLIT))


def inception_score(probabilities: Vectors, splits: int | None = None, seed: int | None = 2020) -> InceptionScore:
    """Of (n, K) class probabilities, shuffled by seed as torch-fidelity shuffles them; None keeps their order.

    InputError where they are no probabilities, or fewer than the splits.
    """
    p = np.asarray(probabilities, np.float64)
    if p.ndim != 2 or not len(p) or p.min() < 0 or not np.allclose(p.sum(1), 1, atol=1e-3):
        raise InputError(f"IS: an array of shape {p.shape}; expected (n, classes) probabilities, rows that sum to 1")
    n, splits = len(p), splits_for(len(p)) if splits is None else splits
    if not 1 <= splits <= n:
        raise InputError(f"IS: {splits} splits of {n} pictures; expected 1 to {n}")
    if seed is not None:
        p = p[np.random.RandomState(seed).permutation(n)]  # torch-fidelity's order
    p /= p.sum(1, keepdims=True)
    scores = [_score(p[i * n // splits : (i + 1) * n // splits]) for i in range(splits)]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)), splits, n)


def _score(p: F64) -> float:
    """0 log 0 counts 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * (np.log(p) - np.log(p.mean(0))), 0.0)
    return float(np.exp(terms.sum(1).mean()))


def score_draws(probabilities: Vectors, weights: F64) -> F64:
    """(R,): the score in one split, rows counted by (n, R) weights."""
    p = np.asarray(probabilities, np.float64)
    total = weights.sum(0)
    mean = (weights.T @ p) / total[:, None]
    return np.asarray(np.exp((weights.T @ _entropy_terms(p)) / total - _entropy_terms(mean)))


def _entropy_terms(p: F64) -> F64:
    """Sum of p log p of each row; 0 log 0 counts 0."""
    return np.asarray(np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(1))
