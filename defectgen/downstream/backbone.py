"""Backbones: EfficientNet-Lite0 with the ImageNet weights that come with a package, ResNet-34 from a file or scratch.

The weights were saved by another implementation of the same network; each tensor is mapped to its place in timm's by
name, and shapes are checked. Tan and Le 2019; Liu and Tan 2020 (Lite); He et al. 2016 (ResNet).

A model is named by its preset; `resnet34=FILE` reads a state dict (timm's or torchvision's names) from a file, since no
package carries one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from defectgen.errors import InputError, WeightsError
from defectgen.metric.optional_package import load_optional
from defectgen.model.lite0 import lite0_file

__all__ = ["BACKBONES", "freeze", "lite0_state", "load_backbone", "parse_model"]

BACKBONES = ("lite0", "resnet34", "resnet34-scratch")
_LITE0 = "tf_efficientnet_lite0"
_TIMM = {
    "lite0": _LITE0, "lite0-tuned": _LITE0, "mask2former": _LITE0, "resnet34": "resnet34",
    "resnet34-scratch": "resnet34",
}  # fmt: skip
STAGES = (1, 2, 2, 3, 3, 4, 1)
"""Blocks of each stage of EfficientNet-B0 and Lite0 (Tan and Le 2019, table 1)."""


def parse_model(model: str, presets: tuple[str, ...]) -> tuple[str, Path | None]:
    """Preset and file of weights of `preset` or `preset=FILE`; "" is the first preset. InputError for another."""
    name, _, file = (model or presets[0]).partition("=")
    if name not in presets:
        raise InputError(f"unknown model {name!r}; expected one of {', '.join(presets)}")
    if name == "resnet34" and not file:
        raise InputError("resnet34 needs weights, which no package carries: resnet34=FILE, or resnet34-scratch")
    if file and name != "resnet34":
        raise InputError(f"model {name!r} takes no file of weights; only resnet34=FILE does")
    if file and not Path(file).is_file():
        raise InputError(f"no file of weights at {file}")
    return name, Path(file) if file else None


def timm_name(preset: str) -> str:
    """timm's name of the preset's backbone."""
    return _TIMM[preset]


def load_backbone(network: nn.Module, preset: str, file: Path | None) -> None:
    """Weights into a timm network, or an encoder made of one; its classifier stays as it is."""
    if preset == "resnet34-scratch":
        return
    state = lite0_state() if _TIMM[preset] == _LITE0 else _file_state(file)
    own = network.state_dict()
    wrong = [name for name, value in state.items() if name in own and own[name].shape != value.shape]
    lacking = [name for name in own if name not in state and not name.startswith(("classifier.", "fc."))]
    if wrong or lacking:
        raise WeightsError(f"weights do not fit {preset}: {(wrong + lacking)[0]} and {len(wrong + lacking) - 1} more")
    network.load_state_dict({name: value for name, value in state.items() if name in own}, strict=False)


def _file_state(file: Path | None) -> dict[str, Tensor]:
    assert file is not None
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        state = load_file(file)
    else:
        state = torch.load(file, map_location="cpu", weights_only=True)
    return {name: value for name, value in state.items() if not name.startswith("fc.")}


def lite0_state() -> dict[str, Tensor]:
    """The package's weights by timm's names, without the classifier."""
    load_optional("timm")
    state: dict[str, Tensor] = torch.load(lite0_file(), map_location="cpu", weights_only=True)
    return {_timm_key(name): value for name, value in state.items() if not name.startswith("_fc.")}


def _timm_key(name: str) -> str:
    head = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}
    match = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if match is None:
        module, _, tensor = name.partition(".")
        return f"{head[module]}.{tensor}"
    stage, place = _place(int(match[1]))
    # only the first stage has no expansion, so its modules count from one place on
    parts = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
             "_project_conv": "conv_pwl", "_bn2": "bn3"}  # fmt: skip
    if stage == 0:
        parts = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
    return f"blocks.{stage}.{place}.{parts[match[2]]}.{match[3]}"


def _place(block: int) -> tuple[int, int]:
    """Stage of a block, and its place there."""
    for stage, count in enumerate(STAGES):
        if block < count:
            return stage, block
        block -= count
    raise WeightsError(f"Lite0 has {sum(STAGES)} blocks; got one more")


def freeze(network: Any, stages: int) -> None:
    """Keep an EfficientNet's stem and first stages as they are, and all of its normalisation statistics.

    Early filters are the costliest to train on a CPU and the least specific; few pictures say little about statistics.
    """
    for module in (network.conv_stem, network.bn1, *list(network.blocks)[:stages]):
        module.requires_grad_(False)


def keep_statistics(network: nn.Module) -> None:
    """Normalise by the stored statistics also in training; to be called after each `train()`."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
