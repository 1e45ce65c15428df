"""Ratio images keep the photograph beyond the defect and its texture under it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from defectgen.errors import InputError
from defectgen.mask.shape import Shape
from defectgen.recipe import SurfaceChange
from defectgen.render.ratio import linear_from_srgb, ratio_pair, srgb_from_linear
from defectgen.render.shade import Light

SIDE = 96
STAIN = SurfaceChange(tint=(0.03, 0.02, 0.01), opacity=(0.2, 0.6), through=1.0)


def disc(radius: float = 18.0) -> Shape:
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) - SIDE / 2
    away = np.hypot(x, y)
    alpha = np.clip(radius + 0.5 - away, 0, 1).astype(np.float32)
    profile = np.clip(1 - away / radius, 0, 1).astype(np.float32)
    return Shape(alpha, profile, np.zeros_like(alpha), np.full_like(alpha, radius))


def photo(rng: np.random.Generator) -> np.ndarray:
    grain = gaussian_filter(rng.standard_normal((SIDE, SIDE)), 1.0)
    return np.clip(0.5 + 0.25 * np.repeat(grain[..., None], 3, axis=2), 0, 1).astype(np.float32)


def test_srgb_round_trip() -> None:
    levels = np.linspace(0, 1, 256, dtype=np.float32)
    np.testing.assert_allclose(srgb_from_linear(linear_from_srgb(levels)), levels, atol=1e-5)


@pytest.mark.parametrize("material_class", ["metal", "dielectric"])
def test_the_same_bytes_outside(material_class: str, rng: np.random.Generator) -> None:
    good, shape = photo(rng), disc()
    change = SurfaceChange(depth=(-0.2, -0.8), tint=(0.5, 0.1, 0.02), opacity=(0.3, 0.9))
    bad = ratio_pair(good, shape, change, 0.8, Light(), material_class, rng)
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2
    np.testing.assert_array_equal(good[np.hypot(x, y) > 22], bad[np.hypot(x, y) > 22])
    assert np.abs(good - bad)[shape.alpha > 0.5].mean() > 0.05
    assert bad.dtype == np.float32
    assert bad.min() >= 0
    assert bad.max() <= 1


def test_no_change_leaves_the_photograph(rng: np.random.Generator) -> None:
    good = photo(rng)
    np.testing.assert_allclose(
        ratio_pair(good, disc(), SurfaceChange(), 1.0, Light(), "dielectric", rng), good, atol=2e-3
    )


def test_texture_runs_on_under_a_stain(rng: np.random.Generator) -> None:
    good = photo(rng)
    bad = ratio_pair(good, disc(), STAIN, 0.7, Light(), "dielectric", rng)
    middle = np.s_[SIDE // 2 - 10 : SIDE // 2 + 10, SIDE // 2 - 10 : SIDE // 2 + 10, 0]
    assert np.corrcoef(good[middle].ravel(), bad[middle].ravel())[0, 1] > 0.7
    assert bad[middle].mean() < good[middle].mean() - 0.05


def test_severity_darkens_a_stain_further(rng: np.random.Generator) -> None:
    good = photo(rng)
    means = [
        ratio_pair(good, disc(), STAIN, s, Light(), "dielectric", np.random.default_rng(0)).mean()
        for s in (0.0, 0.5, 1.0)
    ]
    assert means[0] > means[1] > means[2]


def test_grey_photograph_or_other_size_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="expected"):
        ratio_pair(photo(rng)[..., 0], disc(), STAIN, 0.5, Light(), "metal", rng)
    with pytest.raises(InputError, match="expected"):
        ratio_pair(photo(rng)[:40], disc(), STAIN, 0.5, Light(), "metal", rng)
