from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from defectgen.errors import InputError
from defectgen.metric.frechet import Gaussian, fit_gaussian, frechet_between, frechet_distance
from tests.metric.feature_pieces import normal


def reference(x: np.ndarray, y: np.ndarray) -> float:
    stats = (fid_features_to_statistics(torch.from_numpy(side.astype(np.float64))) for side in (x, y))
    return float(fid_statistics_to_metric(*stats, verbose=False)["frechet_inception_distance"])


@pytest.mark.parametrize(("n", "m"), [(200, 300), (20, 33), (20, 300), (64, 64)])
def test_equals_torch_fidelity_below_and_above_the_dimensions(n: int, m: int, rng: np.random.Generator) -> None:
    x, y = normal(rng, n, 64), normal(rng, m, 64, 0.3) * 2
    assert frechet_distance(x, y) == pytest.approx(reference(x, y), rel=1e-6)


def test_known_gaussians_give_the_closed_form() -> None:
    """Commuting covariances: |μ₁ - μ₂|² + Σ (σ₁ - σ₂)², computed by hand: 5² + (1 - 3)² + (2 - 2)² = 29."""
    a = Gaussian(np.array([0.0, 0.0]), np.diag([1.0, 2.0]))
    b = Gaussian(np.array([3.0, 4.0]), np.diag([3.0, 2.0]))
    assert frechet_between(a, b) == pytest.approx(29, rel=1e-12)


def test_known_gaussians_that_do_not_commute() -> None:
    """In two dimensions tr √M = √(tr M + 2 √det M); Σ₁ = [[2, 1], [1, 2]], Σ₂ = diag(1, 4): tr M = 10, det M = 12."""
    a = Gaussian(np.zeros(2), np.linalg.cholesky(np.array([[2.0, 1.0], [1.0, 2.0]])).T)
    b = Gaussian(np.zeros(2), np.diag([1.0, 2.0]))
    assert frechet_between(a, b) == pytest.approx(4 + 5 - 2 * np.sqrt(10 + 2 * np.sqrt(12)), rel=1e-12)


def test_samples_come_near_the_distance_of_their_gaussians(rng: np.random.Generator) -> None:
    found = frechet_distance(normal(rng, 20000, 4), normal(rng, 20000, 4, 1.0) * 2)
    assert found == pytest.approx(4 * (2.0**2) + 4 * 1, rel=0.03)


@pytest.mark.parametrize("n", [5, 40, 500])
def test_a_set_is_at_no_distance_from_itself(n: int, rng: np.random.Generator) -> None:
    x = normal(rng, n, 40) * 100
    assert abs(frechet_distance(x, x)) < 1e-8 * fit_gaussian(x).trace


def test_vectors_in_fewer_dimensions_than_they_have(rng: np.random.Generator) -> None:
    x = np.repeat(normal(rng, 300, 8), 2, axis=1)
    y = np.repeat(normal(rng, 300, 8, 1.0), 2, axis=1)
    half = frechet_distance(x[:, ::2], y[:, ::2])
    assert frechet_distance(x, y) == pytest.approx(2 * half, rel=1e-6)
    assert abs(frechet_distance(x, x)) < 1e-6


def test_order_and_side_do_not_matter(rng: np.random.Generator) -> None:
    x, y = normal(rng, 90, 16), normal(rng, 70, 16, 0.5)
    found = frechet_distance(x, y)
    assert frechet_distance(y, x) == pytest.approx(found, rel=1e-9)
    assert frechet_distance(x[rng.permutation(90)], y[::-1]) == pytest.approx(found, rel=1e-9)


def test_grows_with_noise_shrinking_and_collapse(rng: np.random.Generator) -> None:
    real, other = normal(rng, 400, 16), normal(rng, 400, 16)
    noise = normal(rng, 400, 16)
    noisy = [frechet_distance(other + s * noise, real) for s in (0, 0.5, 1, 2)]
    shrunk = [frechet_distance(other * s, real) for s in (1, 0.7, 0.4, 0.1)]
    modes = [frechet_distance(other[np.arange(400) % kept], real) for kept in (400, 50, 10, 2)]
    for found in (noisy, shrunk, modes):
        assert found == sorted(found)


def test_statistics_are_float64_whatever_comes(rng: np.random.Generator) -> None:
    """A mean of 3,000 and a spread of 0.01: in float32 the mean alone is off by more than the distance."""
    x = (3000 + 0.01 * rng.normal(size=(4000, 4))).astype(np.float32)
    y = (3000.005 + 0.01 * rng.normal(size=(4000, 4))).astype(np.float32)
    exact = float(((x.astype(np.float64).mean(0) - y.astype(np.float64).mean(0)) ** 2).sum())
    single = float(((x.mean(0) - y.mean(0)) ** 2).sum())
    found = frechet_distance(x, y)
    a, b = fit_gaussian(x), fit_gaussian(y)
    assert float(((a.mean - b.mean) ** 2).sum()) == pytest.approx(exact, rel=1e-6)
    assert abs(single - exact) > 0.01 * exact
    assert found == pytest.approx(reference(x, y), rel=1e-4)


def test_streams_a_memory_map(tmp_path: Path, rng: np.random.Generator) -> None:
    x, y = normal(rng, 1500, 8), normal(rng, 700, 8, 0.2)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert frechet_distance(mapped, y) == frechet_distance(x, y)
    assert fit_gaussian(mapped).covariance == pytest.approx(np.cov(x.astype(float), rowvar=False), abs=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.zeros((1, 4)), np.zeros((5, 4)), "1 and 5 feature vectors; at least 2"),
        (np.zeros((5, 3)), np.zeros((5, 4)), r"shapes \(5, 3\) and \(5, 4\)"),
    ],
)
def test_says_what_does_not_fit(x: np.ndarray, y: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        frechet_distance(x, y)
