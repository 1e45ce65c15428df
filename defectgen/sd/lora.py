"""LoRAs: low-rank updates of a checkpoint's attention (Hu et al. 2022), in any file that diffusers reads.

Whether a LoRA belongs to the checkpoint's family is seen from its header: the width of the text states that its
cross-attention keys read (768 in SD 1.x, 1024 in 2.x, 2048 in XL).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from defectgen.errors import InputError, WeightsError
from defectgen.model.adapter_path import parse_adapter
from defectgen.sd.quiet import quiet
from defectgen.sd.weights_file import PICKLES, header_shapes, refuse_pickle

__all__ = ["check_loras", "load_loras", "lora_file"]

NAME = "pytorch_lora_weights.safetensors"
FAMILIES = {768: "SD 1.x", 1024: "SD 2.x", 2048: "SDXL"}
# peft, diffusers' older names, and kohya's
_DOWN = re.compile(r"attn2[._].*to_k(?:_lora)?\.(?:lora_A|lora\.down|lora_down|down)\.(?:\w+\.)?weight$")


def lora_file(path: Path) -> Path:
    """The file of a LoRA, which is named itself or by its folder; WeightsError where there is none, or a pickle."""
    if path.is_dir():
        files = sorted(path.glob("*.safetensors"))
        named = [file for file in files if file.name == NAME] or files
        if len(named) == 1:
            return named[0]
        pickles = [file for file in sorted(path.iterdir()) if file.suffix in PICKLES]
        if not files and pickles:
            refuse_pickle(pickles[0])
        raise WeightsError(f"{path} holds {len(files)} .safetensors files; expected {NAME}, or name one file")
    refuse_pickle(path)
    if not path.is_file():
        raise WeightsError(f"there is no LoRA {path}; expected a .safetensors file, or a folder with {NAME}")
    return path


def check_loras(texts: Sequence[str], text_width: int) -> None:
    """Refuses a LoRA that is missing, is none, or was trained on a checkpoint of another family."""
    for text in texts:
        path = lora_file(parse_adapter(text)[0])
        shapes = header_shapes(path)
        if not any("lora" in name for name in shapes):
            raise InputError(f"{path} holds no low-rank update; name a LoRA's file, or a checkpoint with --model")
        width = next((shape[1] for name, shape in shapes.items() if _DOWN.search(name)), None)
        if width is not None and width != text_width:
            raise InputError(
                f"{path} was trained on {_family(width)}, the model is of {_family(text_width)}; take a LoRA of the "
                "same base"
            )


def _family(width: int) -> str:
    return f"{FAMILIES.get(width, 'a base')} (text width {width})"


def load_loras(pipe: Any, texts: Sequence[str]) -> None:
    """Loads all of them and sets their scales; diffusers and peft do the rest."""
    names, scales = [], []
    for number, text in enumerate(texts):
        path, scale = parse_adapter(text)
        file, name = lora_file(path), f"lora{number}"
        try:
            with quiet():
                pipe.load_lora_weights(str(file.parent), weight_name=file.name, adapter_name=name, use_safetensors=True)
        except (RuntimeError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())[:160]
            raise InputError(f"{file} does not fit this model ({reason}); take a LoRA of the same base") from None
        if not any(name in found for found in pipe.get_list_adapters().values()):
            raise InputError(f"{file} has no update for any part of this model; take a LoRA of the same base")
        names.append(name)
        scales.append(scale)
    if names:
        pipe.set_adapters(names, scales)
