"""The compact engine on a tiny real model, and, where the shipped weights are, on those."""

from pathlib import Path

import numpy as np
import pytest
import torch

from defectgen.book import load_book
from defectgen.engine.compact import CompactEngine, measured_for
from defectgen.engine.window import Window
from defectgen.errors import InputError, WeightsError
from defectgen.mask.shape import Shape
from defectgen.model.captioner import ImplicitCaptioner
from defectgen.model.checkpoint import load_unet, save_model
from defectgen.model.network import build_unet
from defectgen.model.reference import Reference, reference_window

SIDE = 32


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    unet = build_unet((32, 32), SIDE)
    torch.nn.init.normal_(unet.conv_out.weight, std=0.05)
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, unet, 1, {"any": (0.1, 0.2, 0.3, 0.4, 0.5)})
    return folder


def window(seed: int = 1, text: str = "scratch", severity: float = 0.5) -> Window:
    alpha = np.zeros((SIDE, SIDE), np.float32)
    alpha[12:20, 6:26] = 1
    shape = Shape(alpha, alpha, np.zeros_like(alpha), np.full_like(alpha, 4))
    good = np.linspace(0.3, 0.7, SIDE * SIDE * 3, dtype=np.float32).reshape(SIDE, SIDE, 3)
    return Window(good, shape, text, severity, seed, load_book().defect("scratch"), None)


def test_edits_stay_in_range_and_near_the_mask(weights: Path) -> None:
    one = window()
    edited = CompactEngine(weights, steps=3).edit([one])[0]
    assert edited.shape == (SIDE, SIDE, 3) and edited.dtype == np.float32
    assert float(edited.min()) >= 0 and float(edited.max()) <= 1
    changed = np.abs(edited - one.good).max(-1) > 1e-6
    assert changed[12:20, 6:26].mean() > 0.9
    assert not changed[:8].any() and not changed[24:].any()


def test_a_window_gives_the_same_bytes_in_any_company(weights: Path) -> None:
    engine = CompactEngine(weights, device="cpu", steps=3)
    alone = engine.edit([window(2)])[0]
    together = engine.edit([window(1), window(2), window(3)])[1]
    assert np.array_equal(alone, together)


@pytest.mark.parametrize("other", [window(seed=9), window(text="rust patch"), window(severity=0.9)])
def test_seed_words_and_severity_each_change_the_edit(weights: Path, other: Window) -> None:
    engine = CompactEngine(weights, steps=3)
    assert not np.array_equal(engine.edit([window()])[0], engine.edit([other])[0])


def test_strength_starts_from_the_rendered_draft(weights: Path) -> None:
    full, low = (CompactEngine(weights, steps=3, strength=s).edit([window()])[0] for s in (1.0, 0.3))
    assert not np.array_equal(full, low)


def reference(colour: tuple[int, int, int]) -> Reference:
    rgb = np.full((SIDE, SIDE, 3), 128, np.uint8)
    alpha = window().shape.alpha
    rgb[alpha > 0] = colour
    return reference_window(rgb, alpha)


@pytest.fixture(scope="module")
def seeing(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    captioner = ImplicitCaptioner()
    torch.nn.init.normal_(captioner.speak.weight, std=0.5)
    folder = tmp_path_factory.mktemp("seeing")
    save_model(folder, load_unet(weights, torch.float32, "cpu"), 1, {"any": (0.1, 0.2, 0.3, 0.4, 0.5)}, captioner)
    return folder


def test_a_reference_changes_the_edit_and_the_seed_picks_it(seeing: Path) -> None:
    red, blue = reference((220, 20, 20)), reference((20, 20, 220))
    plain, like_red, like_blue = (
        CompactEngine(seeing, steps=3, device="cpu", references=given).edit([window(2)])[0]
        for given in ((), (red,), (blue,))
    )
    assert not np.array_equal(plain, like_red) and not np.array_equal(like_red, like_blue)
    both = CompactEngine(seeing, steps=3, device="cpu", references=(red, blue)).edit([window(2)])[0]
    assert np.array_equal(both, like_red)


def test_without_a_captioner_the_tone_is_taken_over(weights: Path) -> None:
    bright, dark = (
        CompactEngine(weights, steps=2, device="cpu", references=(reference(c),)).edit([window()])[0]
        for c in ((230, 230, 230), (20, 20, 20))
    )
    assert not np.array_equal(bright, dark)


def test_severity_is_read_from_the_family_table() -> None:
    table = (0.1, 0.2, 0.3, 0.5, 0.9)
    assert [measured_for(s, table) for s in (0.0, 0.5, 1.0)] == [0.1, 0.3, 0.9]


@pytest.mark.parametrize("options", [{"steps": 0}, {"steps": 101}, {"strength": 0.0}, {"strength": 1.5},
                                     {"device": "abacus"}])  # fmt: skip
def test_options_out_of_range_are_refused(weights: Path, options: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"expected|not available"):
        CompactEngine(weights, **options)  # type: ignore[arg-type]


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no model"):
        CompactEngine(tmp_path)
