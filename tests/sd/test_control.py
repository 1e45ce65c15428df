"""Conditions: the good window's structure outside the mask, the mask's outline, and weights read without a pickle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from defectgen.errors import InputError, WeightsError
from defectgen.sd.control import Conditioner, check_control

SIDE = 96


def part() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bright frame on dark ground, and a mask across the middle."""
    good = np.full((SIDE, SIDE, 3), 0.2, np.float32)
    good[20:76, 20:76] = 0.8
    good[30:66, 30:66] = 0.3
    alpha = np.zeros((SIDE, SIDE), np.float32)
    alpha[44:52, 5:91] = 1
    return good, alpha, alpha


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import warnings

    folder = tmp_path_factory.mktemp("weights")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from controlnet_aux.hed import ControlNetHED_Apache2
        from controlnet_aux.pidi.model import pidinet
    torch.manual_seed(0)
    for name, net in (("hed", ControlNetHED_Apache2()), ("pidinet", pidinet())):
        save_file(net.state_dict(), folder / f"{name}.safetensors")
        torch.save({"state_dict": {f"module.{k}": v for k, v in net.state_dict().items()}}, folder / f"{name}.pth")
    return folder


@pytest.mark.parametrize("control", ["canny", "lineart"])
def test_computed_lines_follow_the_part_and_the_mask(control: str) -> None:
    good, alpha, profile = part()
    drawn = Conditioner(control).draw(good, alpha, profile)
    assert drawn.shape == (SIDE, SIDE, 3) and drawn.dtype == np.float32
    assert float(drawn.min()) >= 0 and float(drawn.max()) == 1
    assert not drawn[46:50, 7:89].any(), "nothing but the outline in the mask"
    assert drawn[44, 10:86].all() and drawn[51, 10:86].all()
    structure = drawn[..., 0].copy()
    structure[42:54] = 0
    assert structure[14:27, 30:66].any() or structure[:20, 30:66].any(), "the frame's upper edge"
    assert not structure[:2].any()


@pytest.mark.parametrize("control", ["canny", "lineart"])
def test_a_blank_window_gives_the_outline_alone(control: str) -> None:
    _, alpha, profile = part()
    drawn = Conditioner(control).draw(np.full((SIDE, SIDE, 3), 0.5, np.float32), alpha, profile)
    assert drawn[44, 40].all() and not drawn[:43].any() and not drawn[53:].any()


@pytest.mark.parametrize("name", ["hed", "pidinet"])
def test_networks_by_their_weights(weights: Path, name: str) -> None:
    good, alpha, profile = part()
    first = Conditioner(f"{name}:{weights / name}.safetensors").draw(good, alpha, profile)
    assert first.shape == (SIDE, SIDE, 3) and drawn_range(first)
    assert np.array_equal(first, Conditioner(f"{name}:{weights / name}.pth").draw(good, alpha, profile))


def drawn_range(drawn: np.ndarray) -> bool:
    return float(drawn.min()) >= 0 and float(drawn.max()) <= 1 and not np.isnan(drawn).any()


def test_depth_by_a_folder(tmp_path: Path) -> None:
    from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessor

    torch.manual_seed(0)
    config = DPTConfig(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16, image_size=64, patch_size=16,
        backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8,
        reassemble_factors=[4, 2, 1, 0.5],
    )  # fmt: skip
    DPTForDepthEstimation(config).save_pretrained(tmp_path)
    DPTImageProcessor(size={"height": 64, "width": 64}).save_pretrained(tmp_path)
    good, alpha, profile = part()
    conditioner = Conditioner(f"depth:{tmp_path}")
    with_dent, without = conditioner.draw(good, alpha, profile), conditioner.draw(good, alpha, 0 * profile)
    assert drawn_range(with_dent)
    change = without - with_dent
    assert float(change[46:50, 10:86].mean()) > 0.05 and not change[:43].any()


class Sneaky:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("run",))


def test_weights_that_cannot_be_used(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"x": Sneaky()}, tmp_path / "hed.pth")
    with pytest.raises(WeightsError, match="pickle of more than tensors"):
        Conditioner(f"hed:{tmp_path / 'hed.pth'}")
    assert "run" not in capsys.readouterr().out
    with pytest.raises(WeightsError, match="other weights than hed"):
        Conditioner(f"hed:{weights / 'pidinet.safetensors'}")
    with pytest.raises(WeightsError, match="there is no file"):
        check_control(f"hed:{tmp_path / 'nothing.safetensors'}")
    with pytest.raises(WeightsError, match="is no depth model"):
        check_control(f"depth:{tmp_path}")


def test_without_controlnet_aux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("defectgen.sd.control.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'defectgen\[sd\]'"):
        check_control("canny")
