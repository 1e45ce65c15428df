"""The rim: an autoencoder's shift of tone is undone, the defect is not."""

from __future__ import annotations

import numpy as np

from defectgen.sd.rim import matched, rim_of


def window() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    good = np.clip(0.5 + rng.normal(0, 0.08, (64, 64, 3)), 0, 1).astype(np.float32)
    inside = np.zeros((64, 64), np.bool_)
    inside[28:36, 20:44] = True
    return good, inside


def test_tone_is_undone_and_the_defect_stays() -> None:
    good, inside = window()
    wanted = good.copy()
    wanted[inside] *= 0.4
    decoded = 0.9 * wanted + np.float32([0.02, 0.06, 0.1])
    out = matched(decoded.astype(np.float32), good, inside)
    rim = rim_of(inside)
    assert np.abs(out[rim].mean(0) - good[rim].mean(0)).max() < 1e-3
    assert abs(float(out[rim].std()) - float(good[rim].std())) < 2e-3
    assert np.abs(out[inside] - wanted[inside]).mean() < 0.02


def test_a_grey_window_stays_grey() -> None:
    good, inside = window()
    grey = np.repeat(good[..., :1], 3, 2)
    out = matched(good, grey, inside)
    assert np.array_equal(out[..., 0], out[..., 1]) and np.array_equal(out[..., 1], out[..., 2])


def test_a_mask_that_leaves_no_rim_changes_nothing() -> None:
    good, _ = window()
    full = np.ones((64, 64), np.bool_)
    assert not rim_of(full).any()
    assert np.array_equal(matched(good, good, full), good)
