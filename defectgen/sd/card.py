"""The card of what `defectgen finetune --engine sd` makes, beside the files that any diffusers program reads.

    sd_adapter.json                        the card
    pytorch_lora_weights.safetensors       method lora: low-rank updates (Hu et al. 2021), for load_lora_weights
    learned_embeds.safetensors             a new word, for load_textual_inversion; several lie in words/NAME/ each
    unet/                                  method full: the UNet alone, in the layout of a diffusers folder
    recipes.yaml                           defect types that the recipes lack, if any
    README.md                              the card in words
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Literal

from pydantic import Field

from defectgen.model.card_file import AdapterCard, read_card_file

__all__ = [
    "SD_CARD", "SdAdapterInfo", "embeds_files", "files_sha256", "has_sd_card", "read_sd_card", "spoken",
    "write_sd_card",
]  # fmt: skip

FORMAT = 1
SD_CARD = "sd_adapter.json"
EMBEDS_FILE = "learned_embeds.safetensors"


class SdAdapterInfo(AdapterCard):
    """The card.

    base, base_sha256, kind, unet_channels: of the checkpoint that it was trained on. said: what a prompt has to say for
    a defect, where that is not its name. weights_sha256: by file. side: pixels of the windows.
    """

    format: int = FORMAT
    engine: Literal["sd"] = "sd"
    text_encoder: bool
    base: str
    base_sha256: str
    kind: str
    unet_channels: int
    side: int
    said: dict[str, str]
    dtype: str
    optimiser: str
    batch: int = Field(description="windows a step: batch x accumulation x processes")
    weights_sha256: dict[str, str]


def has_sd_card(folder: Path) -> bool:
    return (folder / SD_CARD).is_file()


def read_sd_card(folder: Path) -> SdAdapterInfo:
    """The card of a folder; WeightsError where it is missing, damaged or of another format."""
    absent = f"{folder} has no {SD_CARD}; make one with defectgen finetune --engine sd"
    return read_card_file(folder / SD_CARD, SdAdapterInfo, "an adapter's card", absent, FORMAT)


def write_sd_card(folder: Path, info: SdAdapterInfo) -> None:
    (folder / SD_CARD).write_text(json.dumps(info.model_dump(), indent=2) + "\n")
    (folder / "README.md").write_text(_in_words(info))


def spoken(text: str, info: SdAdapterInfo) -> str:
    """A prompt as the adapter was taught to read it: each defect's name, hyphens or spaces, becomes what is said."""
    for name in sorted(info.said, key=len, reverse=True):
        pattern = rf"(?<![\w<-]){re.escape(name)}(?![\w>-])".replace(r"\ ", "[ -]")
        text = re.sub(pattern, lambda _, said=info.said[name]: said, text, flags=re.IGNORECASE)  # type: ignore[misc]
    return text


def embeds_files(folder: Path) -> tuple[Path, ...]:
    """The files of new words, one a word."""
    own = folder / EMBEDS_FILE
    return (own,) if own.is_file() else tuple(sorted(folder.glob(f"words/*/{EMBEDS_FILE}")))


def files_sha256(folder: Path) -> dict[str, str]:
    """sha256 of every weights file, by its path in the folder."""
    found = sorted(folder.rglob("*.safetensors"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def _in_words(info: SdAdapterInfo) -> str:
    kind = f"LoRA of rank {info.rank}" if info.method == "lora" else "a whole UNet"
    said = "".join(f"- a prompt says {words!r} for {name}\n" for name, words in info.said.items())
    use = "\n```python\npipe.load_lora_weights(\"<this folder>\")\n"
    use += "".join(f"pipe.load_textual_inversion(\"<this folder>/{name}\")\n"
                   for name in info.weights_sha256 if name.endswith(EMBEDS_FILE)) + "```\n"  # fmt: skip
    return (
        f"# Adapter for {info.base}\n\nDefects: {', '.join(info.defects)}.\n\n"
        f"- {kind}, {info.steps_trained} steps of {info.batch} windows of {info.side} px in {info.seconds:.0f} s, "
        f"seed {info.seed}\n{said}{info.lines}"
        f"- base: {info.kind}, {info.unet_channels} channels, sha256 {info.base_sha256}\n"
        + (use if info.method == "lora" else "")
    )
