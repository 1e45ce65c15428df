"""Adapters: what fine-tuning adds to the compact model, as a folder of its own.

    adapter.json                           the card: what it was trained on, from which weights, how well it does
    pytorch_lora_weights.safetensors       method lora: low-rank updates (Hu et al. 2021, eq. 3), in diffusers' names
    unet/                                  method full: a whole network, as the model folder's
    recipes.yaml                           defect types that its training set taught, if any
    donors.safetensors                     what the real defects changed, as drafts to start from (see `engine.donor`)
    README.md                              the card in words

Adapters are applied by adding scale times their update to the weights, several one after the other:
W = W_0 + sum_k scale_k Delta W_k. Safetensors only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defectgen.errors import WeightsError
from defectgen.model.adapter_path import parse_adapter
from defectgen.model.card_file import AdapterCard, read_card_file
from defectgen.model.checkpoint import load_unet

if TYPE_CHECKING:
    import torch

__all__ = [
    "CARD", "DONORS_FILE", "LORA_FILE", "Adapter", "AdapterInfo", "adapted_unet", "apply_adapters", "read_adapter",
    "read_card", "weights_file", "write_card",
]  # fmt: skip

FORMAT = 1
CARD, LORA_FILE, DONORS_FILE = "adapter.json", "pytorch_lora_weights.safetensors", "donors.safetensors"


class AdapterInfo(AdapterCard):
    """The card.

    base_weights_sha256: of the weights that it was trained from. rehearsal_loss: before and after, on rendered windows
    of other defects. severity: as in `checkpoint.ModelInfo`, of the families that it was trained on. donors_sha256: of
    the donors' file, None where there is none.
    """

    format: int = FORMAT
    base_weights_sha256: str
    weights_sha256: str
    rehearsal_loss: tuple[float, float]
    severity: dict[str, tuple[float, ...]]
    donors_sha256: str | None = None


@dataclass(frozen=True)
class Adapter:
    """An adapter that was found sound, with the scale it is applied at."""

    folder: Path
    info: AdapterInfo
    scale: float


def weights_file(folder: Path, method: str) -> Path:
    """The file of an adapter's weights."""
    return folder / (LORA_FILE if method == "lora" else "unet/diffusion_pytorch_model.safetensors")


def read_card(folder: Path) -> AdapterInfo:
    """The card of an adapter folder; WeightsError where it is missing, damaged or of another format."""
    absent = f"no adapter in {folder}: {CARD} is missing; make one with defectgen finetune"
    return read_card_file(folder / CARD, AdapterInfo, "an adapter's card", absent, FORMAT)


def read_adapter(text: str, base_sha256: str) -> Adapter:
    """A sound adapter for these base weights; WeightsError where it is missing, damaged, or of other weights."""
    folder, scale = parse_adapter(text)
    info = read_card(folder)
    _check_file(weights_file(folder, info.method), info.weights_sha256)
    if info.donors_sha256 is not None:
        _check_file(folder / DONORS_FILE, info.donors_sha256)
    if info.base_weights_sha256 != base_sha256:
        raise WeightsError(
            f"{folder} was trained from weights {info.base_weights_sha256[:12]}, these are {base_sha256[:12]}; "
            "fine-tune again with this version"
        )
    return Adapter(folder, info, scale)


def _check_file(path: Path, sha256: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
    if found != sha256:
        raise WeightsError(f"{path}: {found[:12]}, expected sha256 {sha256[:12]}; fine-tune again")


def adapted_unet(folder: Path, dtype: torch.dtype, device: str, adapters: Sequence[Adapter]) -> Any:
    """The network of a model folder with adapters in it, as `checkpoint.load_unet` gives it."""
    import torch

    if not adapters:
        return load_unet(folder, dtype, device)
    unet = load_unet(folder, torch.float32, "cpu")
    apply_adapters(unet, adapters)
    unet.requires_grad_(False).eval()
    # torch's own cast: diffusers' warns of modules kept in float32, of which there are none
    cast = torch.nn.Module.to(unet, device=device, dtype=dtype)
    return torch.nn.Module.to(cast, memory_format=torch.channels_last)


def apply_adapters(unet: Any, adapters: Sequence[Adapter]) -> None:
    """Add the updates to a float32 network, in their order."""
    import torch
    from safetensors.torch import load_file

    base = {name: value.clone() for name, value in unet.state_dict().items()} if adapters else {}
    for number, adapter in enumerate(adapters):
        if adapter.info.method == "lora":
            _add_lora(unet, adapter, f"a{number}")
            continue
        other: dict[str, torch.Tensor] = load_file(weights_file(adapter.folder, "full"))
        with torch.no_grad():
            for name, value in unet.state_dict().items():
                value.add_(adapter.scale * (other[name].float() - base[name].float()))


def _add_lora(unet: Any, adapter: Adapter, name: str) -> None:
    unet.load_lora_adapter(adapter.folder, prefix=None, weight_name=LORA_FILE, adapter_name=name)
    unet.fuse_lora(lora_scale=adapter.scale, adapter_names=[name])
    unet.unload_lora()


def write_card(folder: Path, info: AdapterInfo) -> None:
    """adapter.json and the card in words."""
    (folder / CARD).write_text(json.dumps(info.model_dump(), indent=2) + "\n")
    (folder / "README.md").write_text(_in_words(info))


def _in_words(info: AdapterInfo) -> str:
    kind = f"LoRA of rank {info.rank}" if info.method == "lora" else "all weights"
    return (
        f"# Adapter for defectgen's compact model\n\nDefects: {', '.join(info.defects)}.\n\n"
        f"- {kind}, {info.steps_trained} steps in {info.seconds:.0f} s, seed {info.seed}\n{info.lines}"
        f"- loss on rendered windows of other defects: {info.rehearsal_loss[0]:.4f} before, "
        f"{info.rehearsal_loss[1]:.4f} after\n"
        f"- base weights: sha256 {info.base_weights_sha256}\n\nUse it: `defectgen synth \"{info.defects[0]}\" "
        "--adapter <this folder> --on <good parts>`\n"
    )
