"""Backbones: the package's weights land where they belong, and what cannot be loaded is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from defectgen.downstream.backbone import freeze, keep_statistics, load_backbone, parse_model
from defectgen.errors import InputError, WeightsError
from defectgen.model.lite0 import Lite0

PRESETS = ("lite0", "resnet34", "resnet34-scratch")


def test_lite0_sees_what_its_own_implementation_sees() -> None:
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    load_backbone(network, "lite0", None)
    pixels = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 255
    with torch.inference_mode():
        ours = network.eval().forward_features((pixels - 127) / 128)
        theirs = Lite0().maps(pixels)[-1]
    assert torch.allclose(ours, theirs, atol=1e-3 * float(theirs.abs().max()))


def test_a_file_of_weights(tmp_path: Path) -> None:
    network = timm.create_model("resnet34", pretrained=False, num_classes=3)
    state = {name: torch.full_like(value, 0.5) for name, value in network.state_dict().items()}
    save_file(state, tmp_path / "r.safetensors")
    torch.save(state, tmp_path / "r.pt")
    for file in ("r.safetensors", "r.pt"):
        fresh = timm.create_model("resnet34", pretrained=False, num_classes=5)
        load_backbone(fresh, *parse_model(f"resnet34={tmp_path / file}", PRESETS))
        assert (fresh.conv1.weight == 0.5).all() and (fresh.layer4[2].bn2.running_var == 0.5).all()
    save_file({"conv1.weight": torch.zeros(1)}, tmp_path / "wrong.safetensors")
    with pytest.raises(WeightsError, match=r"weights do not fit resnet34: conv1.weight"):
        load_backbone(fresh, "resnet34", tmp_path / "wrong.safetensors")


@pytest.mark.parametrize(("model", "words"), [
    ("vgg", "unknown model 'vgg'; expected one of lite0"),
    ("resnet34", r"resnet34 needs weights, which no package carries: resnet34=FILE, or resnet34-scratch"),
    ("lite0=x", "takes no file of weights"),
    ("resnet34=/nowhere/x", "no file of weights at /nowhere/x"),
])  # fmt: skip
def test_models_that_are_refused(model: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_model(model, PRESETS)


def test_the_first_preset_is_the_default() -> None:
    assert parse_model("", PRESETS) == ("lite0", None)


def test_what_is_frozen_does_not_learn() -> None:
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    freeze(network, 3)
    assert not network.conv_stem.weight.requires_grad and not network.blocks[2][0].conv_pw.weight.requires_grad
    assert network.blocks[3][0].conv_pw.weight.requires_grad
    network.train()
    keep_statistics(network)
    before = network.bn1.running_mean.clone()
    network(torch.rand(2, 3, 32, 32))
    assert torch.equal(network.bn1.running_mean, before)
