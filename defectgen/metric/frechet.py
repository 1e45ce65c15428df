"""The Fréchet distance between two Gaussians fitted to features: FID where the features are Inception's.

    d² = |μ₁ - μ₂|² + tr Σ₁ + tr Σ₂ - 2 tr (Σ₁ Σ₂)^½                     (Heusel et al. 2017, eq. 6; units: features²)

Each covariance is held as a factor F with Fᵀ F = Σ. The eigenvalues of Σ₁ Σ₂ are the squared singular values of
F₁ F₂ᵀ, so the last trace is the sum of those singular values: no square root of a matrix, no imaginary part, no small
number added to a diagonal, and fewer vectors than dimensions are no special case. All in float64.

It is biased upwards by a term of order 1/n that differs from set to set (Chong & Forsyth 2020): see `fid_infinity`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defectgen.metric.pairwise import F64, Vectors, as_block, check_pair, row_blocks

__all__ = ["SMALLEST", "Gaussian", "fit_gaussian", "frechet_between", "frechet_distance"]

SMALLEST = 2


@dataclass(frozen=True)
class Gaussian:
    """mean: (D,) float64. factor: (r, D) float64, r <= min(n - 1, D) or n, with factorᵀ factor = covariance."""

    mean: F64
    factor: F64

    @property
    def covariance(self) -> F64:
        """(D, D)."""
        return np.asarray(self.factor.T @ self.factor)

    @property
    def trace(self) -> float:
        """Of the covariance."""
        return float(np.vdot(self.factor, self.factor))


def frechet_distance(x: Vectors, y: Vectors) -> float:
    """The squared Fréchet distance of (n, D) and (m, D) features; InputError under 2 vectors on either side."""
    check_pair(x, y, SMALLEST, "FID")
    return frechet_between(fit_gaussian(x), fit_gaussian(y))


def frechet_between(a: Gaussian, b: Gaussian) -> float:
    """The formula above."""
    shift = a.mean - b.mean
    cross = np.linalg.svd(a.factor @ b.factor.T, compute_uv=False).sum()
    return float(shift @ shift + a.trace + b.trace - 2 * cross)


def fit_gaussian(vectors: Vectors) -> Gaussian:
    """Mean and unbiased covariance (divided by n - 1), streamed over blocks of rows."""
    n, dimensions = vectors.shape
    mean = sum((as_block(vectors, rows).sum(0) for rows in row_blocks(n)), np.zeros(dimensions)) / n
    if n <= dimensions:
        return Gaussian(mean, (as_block(vectors, slice(0, n)) - mean) / np.sqrt(n - 1))
    scatter = np.zeros((dimensions, dimensions))
    for rows in row_blocks(n):
        centred = as_block(vectors, rows) - mean
        scatter += centred.T @ centred
    return Gaussian(mean, _factor(scatter / (n - 1)))


def _factor(covariance: F64) -> F64:
    """Cholesky's, or that of the positive eigenvalues where vectors lie in fewer dimensions than they have."""
    try:
        return np.asarray(np.linalg.cholesky(covariance).T)
    except np.linalg.LinAlgError:
        values, directions = np.linalg.eigh(covariance)
        held = values > 0
        return np.asarray(np.sqrt(values[held])[:, None] * directions[:, held].T)
