"""A hub model as a folder on the disk. A hub is only asked when the user names one of its models."""

from __future__ import annotations

from pathlib import Path

from defectgen.errors import WeightsError
from defectgen.metric.reason import reason_of

__all__ = ["hub_folder"]


def hub_folder(name: str) -> Path:
    """Folder with the configuration and the safetensors of a hub model; WeightsError where it cannot be had.

    It is fetched once; HF_HUB_OFFLINE=1 takes only what was fetched before.
    """
    if Path(name).is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise WeightsError(f"there is no folder {name}; expected one, or a hub model's name such as OWNER/NAME")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "model*.safetensors"]))
    except (OSError, ValueError) as error:  # every error of the hub and of its transport is one of them
        raise WeightsError(
            f"model {name!r} is neither a local folder nor to be had from the hub ({reason_of(error)}); give a folder"
        ) from None
