"""What `defectgen finetune --engine sd` made, put to use: low-rank updates, a whole UNet, new words.

A folder is one of these where it has a card (see `card`); any other LoRA is a LoRA alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from defectgen.errors import InputError, WeightsError
from defectgen.model.adapter_path import parse_adapter
from defectgen.sd.card import embeds_files, has_sd_card, read_sd_card, spoken
from defectgen.sd.checkpoint import SdSpec
from defectgen.sd.lora import check_loras, load_loras, lora_file
from defectgen.sd.quiet import quiet
from defectgen.sd.weights_file import weights_sha256

__all__ = ["as_taught", "check_learned", "learned_settings", "learned_unet", "load_learned"]

ENCODERS = {"clip_l": ("text_encoder", "tokenizer"), "clip_g": ("text_encoder_2", "tokenizer_2")}


def check_learned(texts: Sequence[str], spec: SdSpec) -> None:
    """Refuses a LoRA or adapter that is missing, damaged, or of another base than this checkpoint."""
    for text in texts:
        folder = parse_adapter(text)[0]
        if not has_sd_card(folder):
            continue
        card = read_sd_card(folder)
        if card.kind != spec.kind or (card.method == "full" and card.unet_channels != spec.unet_channels):
            raise InputError(
                f"{folder} was trained on {card.base} ({card.kind}, {card.unet_channels} channels), and {spec.name} is "
                f"{spec.kind} with {spec.unet_channels}; name its own base with --model"
            )
    check_loras([text for text in texts if not _whole(text)], spec.text_width)
    wholes = [text for text in texts if _whole(text)]
    if len(wholes) > 1:
        raise InputError(f"{' and '.join(wholes)} each replace the whole UNet; name one of them")


def learned_unet(texts: Sequence[str]) -> Path | None:
    """The folder of a UNet that replaces the checkpoint's, or None."""
    return next((parse_adapter(text)[0] / "unet" for text in texts if _whole(text)), None)


def load_learned(pipe: Any, texts: Sequence[str]) -> None:
    """Loads updates and new words; diffusers and peft do the rest."""
    load_loras(pipe, [text for text in texts if not _whole(text)])
    for text in texts:
        for file in embeds_files(parse_adapter(text)[0]):
            _load_word(pipe, file)


def learned_settings(texts: Sequence[str]) -> dict[str, str]:
    """LoRAs and adapters by their weights and scales, in the order they are applied."""
    parts = []
    for text in texts:
        folder, scale = parse_adapter(text)
        files = sorted(folder.rglob("*.safetensors")) if has_sd_card(folder) else [lora_file(folder)]
        parts.append(f"{weights_sha256(files)}:{scale:g}")
    return {"loras": " ".join(parts)} if parts else {}


def as_taught(text: str, texts: Sequence[str]) -> str:
    """A caption with each defect's name as the adapters were taught to read it."""
    for one in texts:
        folder = parse_adapter(one)[0]
        if has_sd_card(folder):
            text = spoken(text, read_sd_card(folder))
    return text


def _whole(text: str) -> bool:
    folder = parse_adapter(text)[0]
    return has_sd_card(folder) and read_sd_card(folder).method == "full"


def _load_word(pipe: Any, file: Path) -> None:
    """One token's vectors: by its name where there is one text encoder, by the encoder where there are two."""
    from safetensors.torch import load_file

    found = load_file(file)
    try:
        with quiet():
            if not set(found) <= set(ENCODERS):
                pipe.load_textual_inversion(found)
                return
            token = _word(file)
            for key, vectors in found.items():
                encoder, tokenizer = (getattr(pipe, name) for name in ENCODERS[key])
                pipe.load_textual_inversion(vectors, token=token, text_encoder=encoder, tokenizer=tokenizer)
    except (ValueError, RuntimeError) as error:
        raise WeightsError(f"{file} does not fit this model ({' '.join(str(error).split())[:160]})") from None


def _word(file: Path) -> str:
    """The token of a file that does not say it: its folder's name, or the one new word of the card beside it."""
    if not has_sd_card(file.parent):
        return f"<{file.parent.name}>"
    said = list(read_sd_card(file.parent).said.values())
    if len(said) != 1:
        raise WeightsError(f"{file} is of {len(said)} words; expected one")
    return said[0]
