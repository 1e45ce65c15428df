"""Engines without a network keep the contract of `engine.window`: one window in, one out, changed under the mask."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from defectgen.engine.copy_paste import CopyPasteEngine
from defectgen.engine.cutpaste import CutPasteEngine
from defectgen.engine.perlin import PerlinEngine, perlin_noise
from defectgen.engine.render import RenderEngine
from defectgen.engine.window import Engine, Window
from defectgen.errors import InputError
from defectgen.mask.shape import Shape
from defectgen.recipe import Defect, Morphology, SurfaceChange

SIDE = 64


def donor() -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros((30, 30), np.bool_)
    mask[8:20, 5:25] = True
    return np.where(mask[..., None], np.float32(0.05), np.float32(0.8)) * np.ones(3, np.float32), mask


def engines() -> list[Engine]:
    return [RenderEngine(SIDE), CopyPasteEngine([donor()], SIDE), PerlinEngine(SIDE), CutPasteEngine(SIDE)]


def window(seed: int = 5) -> Window:
    rng = np.random.default_rng(0)
    texture = gaussian_filter(rng.standard_normal((SIDE, SIDE, 3)), (2, 2, 0))
    good = np.clip(0.5 + 0.6 * texture, 0, 1).astype(np.float32)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) - SIDE / 2
    away = np.hypot(x, y)
    alpha = np.clip(10.5 - away, 0, 1).astype(np.float32)
    profile = np.clip(1 - away / 10, 0, 1).astype(np.float32)
    change = SurfaceChange(depth=(-0.5, -1.0), void=(0.5, 0.9))
    defect = Defect(
        name="pit", family="pit", description="a pit", morphology=Morphology(kind="pit"), change=change, size=(0.1, 0.2)
    )
    shape = Shape(alpha, profile, np.zeros_like(alpha), np.full_like(alpha, 10.0))
    return Window(good, shape, "a pit", 0.8, seed, defect, None)


@pytest.mark.parametrize("engine", engines(), ids=lambda engine: engine.info.name)
def test_engine_contract(engine: Engine) -> None:
    windows = [window(5), window(6)]
    before = windows[0].good.copy()
    first, other = engine.edit(windows)
    assert engine.window_px == SIDE
    assert first.shape == (SIDE, SIDE, 3)
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1
    np.testing.assert_array_equal(windows[0].good, before)
    changed = np.abs(first - before).max(axis=2)
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2
    assert changed[np.hypot(x, y) > 16].max() == 0
    assert changed[windows[0].shape.alpha > 0.5].mean() > 0.02
    np.testing.assert_array_equal(engine.edit([window(5)])[0], first)
    assert engine.info.name == "copy-paste" or (first != other).any()


def test_copy_paste_shows_the_donor() -> None:
    out = CopyPasteEngine([donor()], SIDE).edit([window()])[0]
    assert out[SIDE // 2, SIDE // 2].max() < 0.1


@pytest.mark.parametrize(
    ("bank", "words"),
    [
        ([], "at least one image"),
        ([(np.zeros((9, 9, 3), np.float32), np.zeros((9, 9), np.bool_))], "mask is empty"),
        ([(np.zeros((9, 9, 3), np.float32), np.ones((9, 8), np.bool_))], "one size"),
    ],
)
def test_copy_paste_refuses_a_bad_bank(bank: list[tuple[np.ndarray, np.ndarray]], words: str) -> None:
    with pytest.raises(InputError, match=words):
        CopyPasteEngine(bank)


def test_perlin_noise_is_zero_on_its_lattice_and_bounded() -> None:
    noise = perlin_noise((64, 64), 8, np.random.default_rng(0))
    np.testing.assert_allclose(noise[::8, ::8], 0, atol=1e-6)
    assert 0.3 < np.abs(noise).max() <= 1.01
