from dataclasses import replace

import numpy as np
import pytest

from defectgen.render.builders.registry import assemble
from defectgen.render.shade import Light, draw_light, shade

HW = (64, 64)


def high_lamp(**changes: float) -> Light:
    return replace(Light(elevation=1.2, distance=4000.0, ambient=0.0), **changes)


def step(up: float) -> np.ndarray:
    height = np.zeros(HW, np.float32)
    height[:, 32:] = up
    return height


def test_radiance_is_finite_and_never_negative() -> None:
    rng = np.random.default_rng(0)
    for _ in range(8):
        surface = assemble(
            HW, height=rng.normal(0, 1.0, HW), albedo=rng.random((*HW, 3)), roughness=rng.random(HW),
            metalness=rng.random(HW), anisotropy=rng.random(HW), grain=rng.uniform(-4, 4, HW),
        )  # fmt: skip
        out = shade(surface, draw_light(rng))
        assert out.shape == (*HW, 3) and out.dtype == np.float32
        assert np.isfinite(out).all() and (out >= 0).all()


def test_twice_the_albedo_gives_about_twice_the_light_of_a_matte_sheet() -> None:
    dark, pale = (shade(assemble(HW, albedo=a, roughness=1.0), high_lamp()).mean() for a in (0.3, 0.6))
    assert pale / dark == pytest.approx(2.0, abs=0.25)


def test_a_step_towards_the_lamp_casts_a_shadow_and_one_away_does_not() -> None:
    low = Light(azimuth=0.0, elevation=0.5, distance=4000.0, spread=0.15, ambient=0.0)
    surface = assemble(HW, height=step(8.0), roughness=0.9)
    foot = np.s_[20:44, 24:30]
    lit, dark = shade(surface, replace(low, azimuth=np.pi))[foot].mean(), shade(surface, low)[foot].mean()
    assert dark < 0.35 * lit


def test_a_slope_to_the_lamp_is_brighter_than_a_slope_away() -> None:
    ramp = np.broadcast_to(0.3 * np.arange(64, dtype=np.float32), HW)
    light = Light(azimuth=np.pi, elevation=0.7, distance=4000.0)
    faced = shade(assemble(HW, height=-ramp[:, ::-1], roughness=0.9), light)[16:48, 16:48].mean()
    averted = shade(assemble(HW, height=-ramp, roughness=0.9), light)[16:48, 16:48].mean()
    assert faced > 1.3 * averted


def test_turning_the_grain_moves_the_highlight_of_brushed_metal() -> None:
    lamp = Light(azimuth=0.0, elevation=0.9, distance=4000.0, spread=0.1, ambient=0.0)

    def glow(grain: float) -> float:
        surface = assemble(HW, albedo=0.9, roughness=0.35, metalness=1.0, anisotropy=0.85, grain=grain)
        return float(shade(surface, lamp).mean())

    assert glow(np.pi / 2) > 2 * glow(0.0)
    assert glow(0.3) == pytest.approx(glow(0.3 + np.pi), rel=1e-3)


def test_mirrored_surface_under_mirrored_lamp_gives_the_mirrored_picture() -> None:
    rng = np.random.default_rng(3)
    height = rng.normal(0, 0.4, HW).astype(np.float32)
    light = Light(azimuth=0.6, spread=1e-4, room=(0.3, -0.6, 0.1), samples=1)
    one = shade(assemble(HW, height=height, grain=0.4, anisotropy=0.6), light)
    other = shade(
        assemble(HW, height=height[:, ::-1], grain=np.pi - 0.4, anisotropy=0.6),
        replace(light, azimuth=np.pi - 0.6, room=(-0.3, -0.6, 0.1)),
    )
    np.testing.assert_allclose(one[:, ::-1], other, rtol=2e-3, atol=2e-3)


def test_a_far_change_of_height_changes_nothing_here() -> None:
    height = np.zeros((96, 96), np.float32)
    dented = height.copy()
    dented[80:90, 80:90] = -2.0
    lamp = high_lamp(ambient=0.3)
    one, other = (shade(assemble((96, 96), height=h), lamp) for h in (height, dented))
    assert np.array_equal(one[:40, :40], other[:40, :40])
    assert np.abs(one[78:92, 78:92] - other[78:92, 78:92]).max() > 0.01
