"""Windows in, windows out: what lies outside the band keeps every bit, hairlines keep their width."""

from __future__ import annotations

import numpy as np
import pytest

from defectgen.band import BAND_PX, blend_weight, grow
from defectgen.compose import band_px_of, coverage, cut_good, cut_shape, paste
from defectgen.engine.window import Window
from defectgen.image import to_rgb
from defectgen.label_audit import iou, settle
from defectgen.mask.draw import draw_shape
from defectgen.mask.placement import Instance
from defectgen.noise import detail_sigma, noise_sigma
from defectgen.recipe import Defect, Morphology, SurfaceChange
from defectgen.window_plan import plan_windows
from tests.dark_engine import DarkEngine

PLAIN = Defect(
    name="mark", family="mark", description="a defect", morphology=Morphology(kind="blob"), change=SurfaceChange(),
    size=(0.1, 0.3),
)  # fmt: skip


def picture(height: int = 160, width: int = 200, channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
    rng = np.random.default_rng(5)
    scale = np.iinfo(dtype).max / 255
    ramp = np.linspace(90, 170, width)[None, :, None] + rng.normal(0, 3, (height, width, channels))
    return np.clip(ramp * scale, 0, np.iinfo(dtype).max).astype(dtype)


def instance(kind: str, length: float, at: tuple[int, int], seed: int = 0, **params: object) -> Instance:
    rng = np.random.default_rng(seed)
    shape = draw_shape(Morphology(kind=kind, params=params), length, 0.6, rng)  # type: ignore[arg-type]
    h, w = shape.alpha.shape
    return Instance(shape, (at[0], at[1], at[0] + w, at[1] + h), 0.7, 0.6)


def edit(pixels: np.ndarray, instances: list[Instance], engine: DarkEngine) -> tuple[np.ndarray, int]:
    groups = plan_windows(instances, pixels.shape[:2], engine.window_px)
    goods = [[cut_good(pixels, tile, engine.window_px) for tile in group.tiles] for group in groups]
    edits = []
    for group, windows in zip(groups, goods, strict=True):
        shapes = [cut_shape(instances, group, tile, engine.window_px) for tile in group.tiles]
        pairs = zip(windows, shapes, strict=True)
        edits.append(engine.edit([Window(good, shape, "", 0.7, 1, PLAIN, None) for good, shape in pairs]))
    done = paste(pixels, instances, groups, goods, edits, np.random.default_rng(0))
    return done.pixels, done.band_px


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_nothing_changes_outside_the_band(channels: int, dtype: type) -> None:
    pixels = picture(channels=channels, dtype=dtype)
    instances = [instance("blob", 30, (20, 20)), instance("crack", 90, (80, 60))]
    out, band_px = edit(pixels, instances, DarkEngine(spill=0.2))
    band = grow(coverage(instances, (160, 200)) >= 0.5, band_px)
    assert out.dtype == pixels.dtype
    assert out.shape == pixels.shape
    assert np.array_equal(out[~band], pixels[~band])
    assert (out[band] != pixels[band]).any()
    if channels in (2, 4):
        assert np.array_equal(out[..., -1], pixels[..., -1])


def test_an_engine_that_does_nothing_changes_nothing() -> None:
    pixels = picture()
    out, _ = edit(pixels, [instance("blob", 30, (20, 20)), instance("stain", 110, (60, 30))], DarkEngine(depth=0))
    assert np.array_equal(out, pixels)


def test_small_defects_are_seen_at_native_resolution() -> None:
    pixels, one = picture(), instance("blob", 30, (20, 20))
    (group,) = plan_windows([one], (160, 200), 64)
    (tile,) = group.tiles
    assert group.zoom == 1
    window = cut_good(pixels, tile, 64)
    assert np.array_equal(window, to_rgb(pixels[tile[1] : tile[3], tile[0] : tile[2]]))


@pytest.mark.parametrize("hw", [(160, 200), (40, 50), (48, 300), (600, 600)])
@pytest.mark.parametrize("kind", ["blob", "crack", "scratch"])
def test_windows_show_all_of_the_defects(hw: tuple[int, int], kind: str) -> None:
    rng = np.random.default_rng(3)
    length = 0.6 * min(hw)
    instances = []
    for seed in range(3):
        one = instance(kind, length, (0, 0), seed)
        h, w = one.shape.alpha.shape
        if h < hw[0] and w < hw[1]:
            x, y = int(rng.integers(hw[1] - w)), int(rng.integers(hw[0] - h))
            instances.append(Instance(one.shape, (x, y, x + w, y + h), 0.5, 0.6))
    groups = plan_windows(instances, hw, 64)
    assert sorted(index for group in groups for index in group.members) == list(range(len(instances)))
    for group in groups:
        seen = np.zeros(hw, np.bool_)
        for x0, y0, x1, y1 in group.tiles:
            assert x1 - x0 == y1 - y0
            assert (x0 >= 0 and x1 <= hw[1]) or x1 - x0 >= hw[1]
            seen[max(y0, 0) : y1, max(x0, 0) : x1] = True
        assert seen[coverage([instances[i] for i in group.members], hw) >= 0.5].all()


def test_long_hairlines_are_tiled_and_broad_defects_are_not() -> None:
    thin = instance("crack", 300, (10, 10), style="single", width=(0.004, 0.006))
    broad = instance("blob", 300, (10, 10))
    assert len(plan_windows([thin], (400, 400), 128)[0].tiles) > 1
    assert len(plan_windows([broad], (400, 400), 128)[0].tiles) == 1


def test_a_window_larger_than_the_picture_is_mirrored() -> None:
    pixels = picture(40, 50)
    window = cut_good(pixels, (-7, -12, 57, 52), 64)
    inside = to_rgb(pixels)
    assert np.array_equal(window[12:52, 7:57], inside)
    assert np.array_equal(window[11, 7:57], inside[1])
    assert np.array_equal(window[12:52, 6], inside[:, 1])


@pytest.mark.parametrize("zoomed", [False, True])
def test_hairlines_keep_their_width(zoomed: bool) -> None:
    agreement = []
    for seed in range(12):
        pixels = picture(300, 300)
        one = instance("crack", 200 if zoomed else 40, (30, 30), seed, style="single")
        out, band_px = edit(pixels, [one], DarkEngine())
        prescribed = coverage([one], (300, 300)) >= 0.5
        settled = settle(pixels, out, prescribed, band_px, noise_sigma(to_rgb(pixels)))
        agreement.append(iou(prescribed, settled.delivered))
    assert np.median(agreement) >= 0.7


def test_texture_under_a_large_defect_stays_sharp() -> None:
    """The residual alone is scaled, so noise survives a window four times smaller than its view."""
    pixels, one = picture(300, 300), instance("blob", 200, (30, 30))
    out, _ = edit(pixels, [one], DarkEngine(depth=0.2))
    inside = coverage([one], (300, 300)) >= 0.99
    noise = [detail_sigma(image[..., 0].astype(np.float32), inside) for image in (pixels, out)]
    assert noise[1] == pytest.approx(noise[0], rel=0.25)


def test_noise_is_added_where_the_engine_smoothed_it_away() -> None:
    pixels, one = picture(200, 200), instance("blob", 44, (60, 60))
    out, _ = edit(pixels, [one], DarkEngine(depth=0.2, smooth=True))
    inside = coverage([one], (200, 200)) >= 0.99
    before, after = (detail_sigma(image[..., 0].astype(np.float32), inside) for image in (pixels, out))
    assert before is not None
    assert after is not None
    assert after > 0.5 * before


def test_weight_is_coverage_for_hairlines_and_fades_around_broad_defects() -> None:
    line = np.zeros((40, 40), np.float32)
    line[20] = 1
    assert np.array_equal(blend_weight(line, BAND_PX) > 0, line > 0)
    disk = (np.hypot(*np.mgrid[-20:20, -20:20]) < 10).astype(np.float32)
    weight = blend_weight(disk, BAND_PX)
    assert (weight[disk > 0] == 1).all()
    assert ((weight > 0) <= grow(disk > 0, BAND_PX)).all()
    assert (weight > 0).sum() > disk.sum()


def test_band_widens_with_the_view() -> None:
    near = plan_windows([instance("blob", 30, (20, 20))], (600, 600), 64)[0]
    far = plan_windows([instance("blob", 300, (20, 20))], (600, 600), 64)[0]
    assert band_px_of(near) == BAND_PX < band_px_of(far)
