"""A hub model as a folder on the disk. A hub is asked only where the user names one of its models, and never offline.

What was fetched before lies in the hub's own cache, and is taken from there also when offline.
"""

from __future__ import annotations

import re
from pathlib import Path

from defectgen.errors import WeightsError

__all__ = ["hub_configs", "hub_weights", "is_hub_name"]

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_FILE = (".safetensors", ".ckpt", ".bin", ".pt", ".pth")
CONFIGS = ["*.json", "*/*.json", "*/*.txt", "*/*.model"]


def is_hub_name(model: str) -> bool:
    """Whether this reads as OWNER/NAME and is nothing on this disk."""
    return not Path(model).exists() and not model.endswith(_FILE) and _NAME.fullmatch(model) is not None


def hub_configs(name: str, *, offline: bool) -> Path:
    """Folder with the configurations of a hub model; WeightsError where they cannot be had."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=CONFIGS, local_files_only=offline))
    except (OSError, ValueError) as error:  # every error of the hub and of its transport is one of them
        raise _absent(name, offline, error) from None


def hub_weights(name: str, *, offline: bool) -> Path:
    """Folder with all that a pipeline of this hub model loads, pickles left out; WeightsError where it is not had."""
    from diffusers import DiffusionPipeline

    try:
        return Path(DiffusionPipeline.download(name, use_safetensors=True, local_files_only=offline))
    except (OSError, ValueError) as error:
        raise _absent(name, offline, error) from None


def _absent(name: str, offline: bool, error: Exception) -> WeightsError:
    if offline:
        return WeightsError(f"{name} is neither a local folder nor in the hub's cache here, and --offline asks no hub")
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    return WeightsError(f"{name} is neither a local folder nor to be had from the hub ({reason}); give a folder")
