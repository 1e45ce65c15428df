import numpy as np
import pytest

from defectgen.render.camera import Camera, develop, draw_camera, draw_noise, expose, exposure_for

HW = (64, 48)


def flat(value: float) -> np.ndarray:
    return np.full((*HW, 3), value, np.float32)


def test_same_radiance_gives_the_same_bytes_next_to_a_defect() -> None:
    rng = np.random.default_rng(1)
    good = rng.uniform(0.1, 0.6, (*HW, 3)).astype(np.float32)
    bad = good.copy()
    bad[20:30, 20:30] *= 0.3
    camera, noise, exposure = draw_camera(rng), draw_noise(HW, rng), exposure_for(good)
    one, other = (develop(picture, camera, exposure, noise) for picture in (good, bad))
    assert (one[22:28, 22:28] != other[22:28, 22:28]).any()
    one[16:34, 16:34] = other[16:34, 16:34] = 0
    assert np.array_equal(one, other)


def test_more_light_is_never_darker() -> None:
    camera, noise = Camera(shot=0.0, read=0.0), np.zeros((*HW, 3), np.float32)
    levels = [int(develop(flat(v), camera, 1.0, noise)[32, 24, 1]) for v in np.linspace(0, 2, 21)]
    assert levels == sorted(levels) and levels[0] == 0 and levels[-1] >= 250


def test_noise_grows_with_light_and_is_absent_when_the_camera_has_none() -> None:
    rng = np.random.default_rng(0)
    noise = draw_noise(HW, rng)
    camera = Camera(shot=0.02, read=0.001, vignette=0.0)
    assert develop(flat(0.2), camera, 1.0, noise).std() > 1.0
    still = Camera(shot=0.0, read=0.0, vignette=0.0)
    assert develop(flat(0.2), still, 1.0, noise).std() == pytest.approx(0.0)


def test_noise_is_of_about_unit_sigma() -> None:
    assert draw_noise((128, 128), np.random.default_rng(2)).std() == pytest.approx(1.0, abs=0.1)


def test_exposure_keeps_dark_things_darker_than_pale_ones_and_does_not_clip() -> None:
    dark, pale = (develop(flat(v), Camera(), exposure_for(flat(v)), flat(0.0)).mean() for v in (0.03, 0.8))
    assert 30 < dark < pale < 235


def test_a_grey_camera_gives_three_equal_channels() -> None:
    rng = np.random.default_rng(0)
    picture = expose(rng.random((*HW, 3)).astype(np.float32), Camera(mono=True), rng)
    assert picture.shape == (*HW, 3) and picture.dtype == np.uint8
    assert (picture[..., 0] == picture[..., 1]).all() and (picture[..., 1] == picture[..., 2]).all()
