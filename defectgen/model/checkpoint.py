"""The model on disk: a diffusers folder and one card.

    <folder>/unet/config.json, unet/diffusion_pytorch_model.safetensors
    <folder>/captioner.safetensors    the trained half of the implicit captioner, where the model has one
    <folder>/model.json    format, window size, residual scale, contrast of each family, sha256 of the weights

Safetensors only: nothing that is loaded can run code.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from defectgen.errors import WeightsError
from defectgen.model.card_file import read_card_file

if TYPE_CHECKING:
    import torch

    from defectgen.model.captioner import ImplicitCaptioner

__all__ = [
    "FORMAT", "ModelInfo", "default_weights", "load_captioner", "load_unet", "read_info", "save_model", "save_unet",
    "unet_class", "verify",
]  # fmt: skip

FORMAT = 2
_WEIGHTS = Path("unet") / "diffusion_pytorch_model.safetensors"
_CAPTIONER = "captioner.safetensors"


class ModelInfo(BaseModel):
    """What model.json says.

    severity: for each defect family the measured severities, [0, 1], of training pairs at the quantiles 0.05,
        0.25, 0.5, 0.75 and 0.95; `any` holds those of all families together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    window_px: int
    weights_sha256: str
    steps_trained: int
    severity: dict[str, tuple[float, ...]]
    captioner_sha256: str | None = None


def default_weights() -> Path:
    """The folder of the weights in the package."""
    return Path(__file__).resolve().parent.parent / "weights" / "compact"


@lru_cache(maxsize=8)
def _sha256(path: Path, size: int, modified: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_info(folder: Path) -> ModelInfo:
    """The card of a model folder; WeightsError when it is absent, damaged, or of another format."""
    return read_card_file(
        folder / "model.json", ModelInfo, "a model card of defectgen",
        f"no model in {folder}: model.json is missing; reinstall defectgen or name another folder", FORMAT,
    )  # fmt: skip


def verify(folder: Path) -> ModelInfo:
    """The card, once the weights file is known to be the one that it names."""
    info = read_info(folder)
    path = folder / _WEIGHTS
    if not path.is_file():
        raise WeightsError(f"no weights at {path}; reinstall defectgen or name another folder")
    stat = path.stat()
    found = _sha256(path, stat.st_size, stat.st_mtime_ns)
    if found != info.weights_sha256:
        raise WeightsError(f"{path}: sha256 {found[:12]}..., expected {info.weights_sha256[:12]}...; reinstall it")
    return info


def load_unet(folder: Path, dtype: torch.dtype, device: str) -> Any:
    """The network of a verified folder, in `dtype` on `device`, in evaluation mode."""
    import torch

    verify(folder)
    unet = unet_class().from_pretrained(folder / "unet", use_safetensors=True, local_files_only=True, torch_dtype=dtype)
    unet.eval().requires_grad_(False)
    return unet.to(device=device, memory_format=torch.channels_last)


def unet_class() -> Any:
    """diffusers' class of the network."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel


def load_captioner(folder: Path, dtype: torch.dtype, device: str) -> ImplicitCaptioner | None:
    """The implicit captioner of a verified folder, in evaluation mode; None where the model has none."""
    from safetensors.torch import load_file

    from defectgen.model.captioner import ImplicitCaptioner

    info, path = read_info(folder), folder / _CAPTIONER
    if info.captioner_sha256 is None:
        return None
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
    if found != info.captioner_sha256:
        raise WeightsError(f"{path}: {found[:12]}, expected sha256 {info.captioner_sha256[:12]}...; reinstall it")
    captioner = ImplicitCaptioner()
    captioner.load_state_dict(load_file(path))
    for weights in captioner.parameters():
        weights.data = weights.data.to(dtype)
    return captioner.eval().requires_grad_(False).to(device)


def save_model(
    folder: Path, unet: Any, steps_trained: int, severity: dict[str, tuple[float, ...]],
    captioner: ImplicitCaptioner | None = None,
) -> ModelInfo:  # fmt: skip
    """Write a model folder, the weights in bfloat16."""
    import torch

    (folder / "unet").mkdir(parents=True, exist_ok=True)
    save_unet(unet.to(torch.bfloat16), folder / "unet")
    digest = hashlib.sha256((folder / _WEIGHTS).read_bytes()).hexdigest()
    side = int(unet.config["sample_size"]) * 4
    info = ModelInfo(
        format=FORMAT, window_px=side, weights_sha256=digest, steps_trained=steps_trained, severity=severity,
        captioner_sha256=None if captioner is None else _save_captioner(folder / _CAPTIONER, captioner),
    )  # fmt: skip
    (folder / "model.json").write_text(json.dumps(info.model_dump(), indent=2) + "\n")
    return info


def save_unet(unet: Any, folder: Path) -> None:
    """The network's diffusers folder, without the path that its weights were once loaded from."""
    unet.save_pretrained(folder, safe_serialization=True)
    path = folder / "config.json"
    config = {key: value for key, value in json.loads(path.read_text()).items() if key != "_name_or_path"}
    path.write_text(json.dumps(config, indent=2) + "\n")


def _save_captioner(path: Path, captioner: ImplicitCaptioner) -> str:
    """The sha256 of the file."""
    import torch
    from safetensors.torch import save_file

    buffers = {name for name, _ in captioner.named_buffers()}
    kept = {
        name: value.detach().cpu().contiguous().to(torch.float32 if name in buffers else torch.bfloat16)
        for name, value in captioner.state_dict().items()
    }
    save_file(kept, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()
