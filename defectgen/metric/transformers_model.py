"""Any image model of transformers as extractor, CLIP's and SigLIP's image towers too: a folder, or a name on the hub.

Vectors are, in this order: the projected image embedding of a model that has one (CLIP: what CMMD is computed on,
Jayasumana et al. 2024), the pooled output, the class token, the mean over places. They are not normalised to length 1.
A picture is resized whole to the model's input (the processor would cut away its rim), then scaled as the processor's
configuration says. Weights are safetensors; code that comes with a model is not run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from defectgen.errors import InputError, WeightsError
from defectgen.metric.hub_folder import hub_folder
from defectgen.metric.network_extractor import Forward, NetworkExtractor
from defectgen.metric.pixel_scale import PixelScale, dimensions_of
from defectgen.metric.reason import reason_of
from defectgen.metric.resize import Resize
from defectgen.metric.result import Fingerprint
from defectgen.metric.weights_file import sha256_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["transformers_model"]


def transformers_model(name: str, resize: Resize = "clean") -> NetworkExtractor:
    """name: of a folder as save_pretrained leaves it, or of a hub model.

    InputError for a model that takes no pictures, WeightsError for weights that are missing, partial or damaged.
    """
    folder = Path(name) if Path(name).is_dir() else hub_folder(name)
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise WeightsError(f"{folder} holds no safetensors; save the model with save_pretrained")
    label = Path(name).resolve().name if Path(name).is_dir() else name.rpartition("/")[2]
    scale, side = _preparation(folder)
    network, pooled = _network(folder)
    forward = _forward(network, scale, pooled)
    fingerprint = Fingerprint(
        extractor=f"transformers:{label} {type(network).__name__} {scale}", weights_sha256=sha256_of(files),
        resize=resize, input_px=side, dtype="float32", dimensions=dimensions_of(forward, side, f"model {label!r}"),
    )  # fmt: skip
    return NetworkExtractor(label, fingerprint, forward)


def _preparation(folder: Path) -> tuple[PixelScale, int]:
    """Scale and side of the folder's image processor."""
    from transformers import AutoImageProcessor

    try:
        found: Any = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder} holds no image processor ({reason_of(error)}); expected an image model") from None
    cropped = getattr(found, "do_center_crop", None) and getattr(found, "crop_size", None)
    size = dict(cropped or found.size)
    height = size.get("height") or size.get("shortest_edge")
    if height is None or (size.get("width") or height) != height:
        raise InputError(f"model {folder} takes pictures of {size}; expected one square size")
    factor = float(found.rescale_factor) if found.do_rescale else 1.0
    if not found.do_normalize:
        return PixelScale((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), factor), int(height)
    return PixelScale(tuple(found.image_mean), tuple(found.image_std), factor), int(height)


def _network(folder: Path) -> tuple[Any, bool]:
    """The model, and whether its pooler's weights came with it."""
    import torch
    import transformers
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    loud = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        network, report = _class_of(config).from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True, dtype=torch.float32
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise WeightsError(f"{folder} cannot be loaded by transformers ({reason_of(error)}); save it again") from None
    except Exception as error:
        if type(error).__name__ != "SafetensorError":
            raise
        raise WeightsError(f"{folder} has damaged weights ({reason_of(error)}); save it again") from None
    finally:
        logging.set_verbosity(loud)
    missing = {key for key in report["missing_keys"] if "pooler." not in key}
    if missing:
        raise WeightsError(f"{folder} lacks {len(missing)} weights such as {min(missing)}; they would be left random")
    return network.eval().requires_grad_(False), not report["missing_keys"]


def _class_of(config: Any) -> Any:
    """The base model, or the one with the image projection, which the base model would drop."""
    import transformers

    for name in config.architectures or ():
        if name.endswith("VisionModelWithProjection"):
            return getattr(transformers, name)
    return transformers.AutoModel


def _forward(network: Any, scale: PixelScale, pooled: bool) -> Forward:
    def forward(pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        taken = scale(pixels)
        if hasattr(network, "get_image_features"):
            found = network.get_image_features(pixel_values=taken)
            return getattr(found, "pooler_output", found), None
        return _vectors(network(pixel_values=taken), pooled), None

    return forward


def _vectors(output: Any, pooled: bool) -> Tensor:
    projected: Tensor | None = getattr(output, "image_embeds", None)
    if projected is not None:
        return projected
    pool: Tensor | None = getattr(output, "pooler_output", None) if pooled else None
    if pool is not None:
        return pool.flatten(1)
    last: Tensor = output.last_hidden_state
    return last.mean(dim=(2, 3)) if last.ndim == 4 else last[:, 0]
