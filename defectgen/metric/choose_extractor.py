"""Extractors by name, as `--features` takes them.

    lite0                EfficientNet-Lite0, offline; the default
    inception            Inception-v3 with the FID weights, from --weights or the user's cache
    timm:NAME[:FILE]     a model of timm: its weights in a safetensors file, or NAME a folder or a hub model
    hf:FOLDER|NAME       an image model of transformers
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from defectgen.errors import InputError
from defectgen.metric.extractor import Extractor
from defectgen.metric.resize import RESIZES, Resize

if TYPE_CHECKING:
    from defectgen.metric.network_extractor import NetworkExtractor

__all__ = ["FEATURES", "open_extractor"]

FEATURES = ("lite0", "inception", "timm:NAME[:FILE]", "hf:FOLDER|NAME")


def open_extractor(
    text: str | None, weights: Path | None, *, resize: Resize = "clean", expected_sha256: str | None = None
) -> Extractor:
    """The extractor of a name; None is lite0. InputError or WeightsError, one line, where it cannot be had.

    weights: a file, for inception, or for timm:NAME. expected_sha256: of another Inception-v3 file than the FID one.
    """
    kind, _, name = (text or "lite0").partition(":")
    if resize not in RESIZES:
        raise InputError(f"unknown resize {resize!r}; expected one of {', '.join(RESIZES)}")
    if (kind in ("timm", "hf")) != bool(name) or kind not in ("lite0", "inception", "timm", "hf"):
        raise InputError(f"unknown features {text!r}; expected one of {', '.join(FEATURES)}")
    if weights is not None and kind in ("lite0", "hf"):
        raise InputError(f"features {text!r} take no weights file, got {weights}; expected one with inception or timm")
    if expected_sha256 is not None and kind != "inception":
        raise InputError(f"features {text!r} take no expected hash; expected one with inception alone")
    return _open(kind, name, weights, resize, expected_sha256)


def _open(kind: str, name: str, weights: Path | None, resize: Resize, sha256: str | None) -> NetworkExtractor:
    # A package is loaded by the extractor that needs it alone: importing timm takes seconds.
    if kind == "lite0":
        from defectgen.metric.lite0 import lite0

        return lite0(resize)
    if kind == "inception":
        from defectgen.metric.inception import FID_SHA256, inception

        return inception(weights, expected_sha256=sha256 or FID_SHA256, resize=resize)
    if kind == "timm":
        from defectgen.metric.timm_model import HUB, timm_model

        model, _, file = (name, "", "") if Path(name).is_dir() or name.startswith(HUB) else name.partition(":")
        if file and weights is not None:
            raise InputError(f"two weights files for timm:{model}: {file} and {weights}; give one")
        return timm_model(model, Path(file) if file else weights, resize)
    from defectgen.metric.transformers_model import transformers_model

    return transformers_model(name, resize)
