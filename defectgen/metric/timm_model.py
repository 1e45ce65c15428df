"""Any image model of timm as extractor: a folder as timm saves it, a safetensors file, or a name on the hub.

Vectors are what the classifier sees: pooled, before the last layer. A picture is resized whole to the model's input
(timm's own preparation would cut away its rim) and scaled by the mean and deviation of the model's configuration.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from defectgen.errors import InputError, WeightsError
from defectgen.metric.hub_folder import hub_folder
from defectgen.metric.network_extractor import Forward, NetworkExtractor
from defectgen.metric.optional_package import load_optional
from defectgen.metric.pixel_scale import PixelScale, dimensions_of
from defectgen.metric.reason import reason_of
from defectgen.metric.resize import Resize
from defectgen.metric.result import Fingerprint
from defectgen.metric.weights_file import fill, read_tensors, sha256_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["HUB", "timm_model"]

HUB = ("hf_hub:", "hf-hub:")
"""What a hub model's name begins with, as in timm."""


def timm_model(name: str, file: Path | None = None, resize: Resize = "clean") -> NetworkExtractor:
    """name: of an architecture of timm with its weights in `file`; or a folder, or a hub model, without a file.

    InputError for an unknown name or a model of other than square RGB input, WeightsError for weights that do not fit.
    """
    network, weights, label = _of_file(name, file) if file is not None else _of_folder(name)
    config = load_optional("timm.data").resolve_model_data_config(network)
    channels, height, width = config["input_size"]
    if channels != 3 or height != width:
        raise InputError(f"timm model {label!r} takes {channels}x{height}x{width}; expected a square RGB input")
    scale = PixelScale(tuple(config["mean"]), tuple(config["std"]), 1 / 255)
    forward = _forward(network, scale)
    fingerprint = Fingerprint(
        extractor=f"timm:{label} {scale}", weights_sha256=sha256_of([weights]), resize=resize, input_px=height,
        dtype="float32", dimensions=dimensions_of(forward, height, f"timm model {label!r}"),
    )  # fmt: skip
    return NetworkExtractor(label, fingerprint, forward)


def _of_file(name: str, file: Path) -> tuple[Any, Path, str]:
    timm = load_optional("timm")
    if not timm.is_model(name):
        near = ", ".join(timm.list_models(f"*{name[:6]}*")[:3])
        raise InputError(f"timm has no model {name!r}{f'; near: {near}' if near else ''}; give one that timm lists")
    if file.is_dir():
        file = file / "model.safetensors"
    tensors = read_tensors(file)
    head = timm.get_pretrained_cfg(name).classifier
    last = tensors.get(f"{head}.weight") if isinstance(head, str) else None
    network = timm.create_model(name, pretrained=False, num_classes=0 if last is None else last.shape[0])
    return _filled(network, tensors, file, name)


def _of_folder(name: str) -> tuple[Any, Path, str]:
    timm = load_optional("timm")
    folder = Path(name) if Path(name).is_dir() else hub_folder(_hub_id(name))
    file = folder / "model.safetensors"
    if not (folder / "config.json").is_file() or not file.is_file():
        raise WeightsError(f"{folder} lacks config.json or model.safetensors; save the model with timm's save_for_hf")
    try:
        network = timm.create_model(f"local-dir:{folder}", pretrained=False)
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        raise WeightsError(f"{folder / 'config.json'} describes no model of timm ({reason_of(error)})") from None
    label = Path(name).resolve().name if Path(name).is_dir() else name.rpartition("/")[2]
    return _filled(network, read_tensors(file), file, label)


def _hub_id(name: str) -> str:
    for prefix in HUB:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    timm = load_optional("timm")
    if not timm.is_model(name):
        raise InputError(f"timm has no model {name!r}, nor is it a folder; give a name that timm lists, or a folder")
    known = timm.get_pretrained_cfg(name).hf_hub_id
    if not known:
        raise WeightsError(f"timm has no weights for {name!r}; give them as timm:{name}:FILE")
    return str(known)


def _filled(network: Any, tensors: dict[str, Tensor], file: Path, label: str) -> tuple[Any, Path, str]:
    fill(network, tensors, file, f"timm's {label}")
    return network.eval().requires_grad_(False), file, label


def _forward(network: Any, scale: PixelScale) -> Forward:
    def forward(pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        maps = network.forward_features(scale(pixels))
        vectors = network.forward_head(maps, pre_logits=True)
        return vectors, network.forward_head(maps) if network.num_classes else None

    return forward
