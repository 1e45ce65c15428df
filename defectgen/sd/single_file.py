"""A checkpoint in one file, in the layout of the original Stable Diffusion code, by its header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from defectgen.errors import InputError
from defectgen.sd.weights_file import header_shapes, parameter_count

__all__ = ["SingleFileShape", "single_file_shape"]

CONV_IN = "model.diffusion_model.input_blocks.0.0.weight"
TEXT_KEY = ".attn2.to_k.weight"
XL = "conditioner.embedders."
PREFIXES = {
    "unet": ("model.diffusion_model.",),
    "vae": ("first_stage_model.",),
    "text_encoder": ("cond_stage_model.", f"{XL}0."),
    "text_encoder_2": (f"{XL}1.",),
}


@dataclass(frozen=True)
class SingleFileShape:
    """What the header tells. text_width: of the states that the UNet's cross-attention reads."""

    kind: str
    unet_channels: int
    text_width: int
    parameters: Mapping[str, int]


def single_file_shape(path: Path) -> SingleFileShape:
    """Kind and sizes; InputError where the file is something else than a whole Stable Diffusion checkpoint."""
    shapes = header_shapes(path)
    if CONV_IN not in shapes:
        if any("lora" in name for name in shapes):
            raise InputError(f"{path} is a LoRA; name its base with --model, and the file itself with --lora")
        raise InputError(f"{path} is no Stable Diffusion checkpoint; expected UNet, autoencoder and text encoder")
    parts = {
        part: {name: shape for name, shape in shapes.items() if name.startswith(prefixes)}
        for part, prefixes in PREFIXES.items()
    }
    absent = [part for part in ("vae", "text_encoder") if not parts[part]]
    if absent:
        raise InputError(f"{path} lacks {' and '.join(absent)}; expected a whole checkpoint, not its UNet alone")
    width = next(shape[1] for name, shape in shapes.items() if name.endswith(TEXT_KEY))
    return SingleFileShape(
        "sdxl" if parts["text_encoder_2"] else "sd", shapes[CONV_IN][1], width,
        {part: parameter_count(found) for part, found in parts.items() if found},
    )  # fmt: skip
