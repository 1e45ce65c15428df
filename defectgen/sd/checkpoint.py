"""A Stable Diffusion checkpoint as its files describe it; nothing of it is loaded.

    folder        diffusers layout: model_index.json, and a folder for each component with its config and weights
    single file   the original layout, all weights in one .safetensors; its configurations lie in a diffusers folder of
                  its kind, beside it under its own name without the suffix, or where `config` says
    hub name      OWNER/NAME; only its configurations are fetched here

Channels of the UNet's input decide what it can do: 9 is inpainting (latents, mask, masked latents), 4 is text to
image, which inpaints by holding the latents outside the mask (Lugmayr et al. 2022, RePaint, eq. 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from defectgen.errors import InputError, WeightsError
from defectgen.sd.components import Files, component_files, components_of, read_json
from defectgen.sd.hub import hub_configs, is_hub_name
from defectgen.sd.single_file import SingleFileShape, single_file_shape
from defectgen.sd.weights_file import refuse_pickle, weights_sha256

__all__ = ["SdSpec", "inspect"]

CHANNELS = (4, 9)
OTHER_CHANNELS = {
    5: "it takes a depth map, and would be opened by StableDiffusionDepth2ImgPipeline",
    7: "it is an upscaler, and would be opened by StableDiffusionUpscalePipeline",
    8: "it edits by instruction, and would be opened by StableDiffusionInstructPix2PixPipeline",
}
FLUX_CHANNELS = (64, 384)


@dataclass(frozen=True)
class SdSpec:
    """What is known of a checkpoint before anything is loaded.

    kind: "sd" (1.x, 2.x), "sdxl" or "flux". model: as the user named it. folder: where configurations lie. file: the
    single file, or None. hub: its weights may have to be fetched. unet_channels: 4 or 9; a FLUX transformer's 64, or
    384 where it fills. vae_factor: picture pixels a latent. side: picture side that it was trained at, pixels.
    text_width: of the states that cross-attention reads. parameters: of each component, where its weights are here.
    files: all weights. variant: "fp16" where the folder holds no other. configs: of each component, as on the disk.
    """

    kind: str
    model: str
    folder: Path
    file: Path | None
    hub: bool
    unet_channels: int
    latent_channels: int
    vae_factor: int
    side: int
    text_width: int
    prediction_type: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    variant: str | None = None
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def single_file(self) -> bool:
        return self.file is not None

    @property
    def name(self) -> str:
        """What goes on record: a hub name, or the last part of a path."""
        return self.model if self.hub else Path(self.model).expanduser().resolve().name

    @property
    def sha256(self) -> str:
        """Of all weights: of the one file, or of the digests of the files in the order of their paths."""
        if not self.files:
            raise WeightsError(f"the weights of {self.model} are not on this disk yet")
        return weights_sha256(self.files)


def inspect(model: str, *, offline: bool = False, config: str | None = None) -> SdSpec:
    """Reads the configurations of a checkpoint and the headers of its weights.

    config: of a single file, see `SdOptions.config`. Raises WeightsError for what is missing, cut off or a pickle, and
    InputError for a checkpoint that no engine here can use.
    """
    path = Path(model).expanduser()
    if path.is_file():
        refuse_pickle(path)
        shape = single_file_shape(path)
        return _of_file(model, path, shape, _config_folder(path, config, offline))
    if config is not None:
        raise InputError(f"{model} is no single file, and brings its own configuration; leave out --model-config")
    if path.is_dir():
        return _of_folder(model, path, hub=False)
    if is_hub_name(model):
        return _of_folder(model, hub_configs(model, offline=offline), hub=True)
    refuse_pickle(path)
    raise WeightsError(f"there is no {model}; expected a diffusers folder, a .safetensors file, or a hub's OWNER/NAME")


def _config_folder(path: Path, config: str | None, offline: bool) -> Path:
    beside = path.with_suffix("")
    if config is None and (beside / "model_index.json").is_file():
        return beside
    if config is not None and Path(config).is_dir():
        return Path(config)
    if config is not None and is_hub_name(config):
        return hub_configs(config, offline=offline)
    where = f"{config} is none" if config else f"there is none at {beside}"
    raise WeightsError(
        f"{path} does not say its own configuration, {where}; name a diffusers folder of the same kind with "
        "--model-config (its configurations and tokenizer are enough)"
    )


def _of_file(model: str, path: Path, shape: SingleFileShape, folder: Path) -> SdSpec:
    found = _described(model, folder, {}, hub=False)
    if shape.kind != found.kind:
        raise InputError(f"{path} is of kind {shape.kind}, its configuration {folder} of {found.kind}; name another")
    if shape.unet_channels != found.unet_channels:
        raise InputError(
            f"{path} has a UNet of {shape.unet_channels} input channels, its configuration {folder} one of "
            f"{found.unet_channels}; name one of {'an inpainting' if shape.unet_channels == 9 else 'a text-to-image'} "
            "model with --model-config"
        )
    if shape.text_width != found.text_width:
        raise InputError(
            f"{path} reads text states of width {shape.text_width}, its configuration {folder} gives "
            f"{found.text_width}; name one of the same model generation with --model-config"
        )
    changes = {"file": path, "parameters": shape.parameters, "files": (path,)}
    return SdSpec(**{**found.__dict__, **changes})


def _of_folder(model: str, folder: Path, hub: bool) -> SdSpec:
    parts = components_of(folder)
    found = {name: component_files(folder, name, needed=not hub) for name in parts}
    return _described(model, folder, found, hub)


def _described(model: str, folder: Path, found: Mapping[str, Files], hub: bool) -> SdSpec:
    parts = components_of(folder)
    kind = _kind(model, read_json(folder / "model_index.json"), parts)
    configs = {name: read_json(folder / name / "config.json") for name in parts if not name.startswith("tokenizer")
               and name != "scheduler"}  # fmt: skip
    net = configs["transformer" if kind == "flux" else "unet"]
    channels = int(net["in_channels"])
    _check_channels(model, kind, channels)
    factor = 2 ** (len(configs["vae"]["block_out_channels"]) - 1)
    size = _size(kind, net, configs["vae"], factor)
    schedule = read_json(folder / "scheduler" / "scheduler_config.json")
    return SdSpec(
        kind, model, folder, None, hub, channels, int(configs["vae"].get("latent_channels", 4)), factor,
        side=size,
        text_width=int(net.get("cross_attention_dim") or net.get("joint_attention_dim") or 0),
        prediction_type=str(schedule.get("prediction_type", "flow" if kind == "flux" else "epsilon")),
        parameters={name: files.parameters for name, files in found.items() if files.paths},
        files=tuple(path for files in found.values() for path in files.paths),
        variant=next((files.variant for files in found.values() if files.variant), None), configs=configs,
    )  # fmt: skip


def _size(kind: str, net: Mapping[str, Any], vae: Mapping[str, Any], factor: int) -> int:
    """Side of the pictures it was trained at, pixels; FLUX says it of its autoencoder only."""
    if kind == "flux":
        return int(vae.get("sample_size") or 1024)
    size = net.get("sample_size") or (128 if kind == "sdxl" else 64)
    return int(size if isinstance(size, int) else max(size)) * factor


def _kind(model: str, index: Mapping[str, Any], parts: tuple[str, ...]) -> str:
    name = str(index.get("_class_name"))
    if name.startswith("StableDiffusionXL"):
        if "text_encoder" not in parts:
            raise InputError(f"{model} is an SDXL refiner, which lacks the first text encoder; take its base model")
        return "sdxl"
    if name.startswith("StableDiffusion") and "unet" in parts:
        return "sd"
    if name.startswith("Flux"):
        return "flux"
    raise InputError(f"{model} is of class {name}; expected Stable Diffusion 1.x, 2.x or XL, or FLUX")


def _check_channels(model: str, kind: str, channels: int) -> None:
    allowed = FLUX_CHANNELS if kind == "flux" else CHANNELS
    if channels not in allowed:
        why = OTHER_CHANNELS.get(channels, "no pipeline here takes it")
        raise InputError(
            f"the UNet of {model} has {channels} input channels: {why}; expected 9 (inpainting) or 4 (text to image): "
            "name an inpainting checkpoint of the same family"
        )
