"""A file of network weights on the disk: its sha256, and its tensors, read without running anything it holds."""

from __future__ import annotations

import hashlib
import pickle
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from defectgen.errors import WeightsError
from defectgen.metric.reason import reason_of

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["check_sha256", "fill", "read_tensors", "sha256_of"]


def sha256_of(paths: Iterable[Path]) -> str:
    """Hexadecimal sha256 of a file, or of the names and contents of several; WeightsError if one cannot be read."""
    files = list(paths)
    digest = hashlib.sha256()
    for path in files:
        if len(files) > 1:
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        try:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise WeightsError(f"weights {path} cannot be read: {error.strerror}; give another file") from error
    return digest.hexdigest()


def check_sha256(path: Path, expected: str) -> str:
    """The file's sha256; WeightsError unless it begins with `expected`, a whole hash or the start of one."""
    if not path.is_file():
        raise WeightsError(f"weights {path} do not exist; expected a file whose sha256 begins with {expected}")
    found = sha256_of([path])
    if not found.startswith(expected.lower()):
        raise WeightsError(f"weights {path} have sha256 {found}, expected {expected}; fetch the file again")
    return found


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors by name of a safetensors file, or of a PyTorch file that holds nothing else; WeightsError otherwise."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise WeightsError(f"weights {path} do not exist; expected a file of weights")
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{path} holds no plain weights ({reason_of(error)}); expected tensors by name") from None
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise WeightsError(f"{path} holds a {type(found).__name__}; expected tensors by name, as state_dict() gives")
    return dict(found)


def fill(network: nn.Module, tensors: dict[str, Tensor], source: Path, kind: str) -> None:
    """Put all tensors in, and leave none of the network's own; WeightsError where the two are of different layout."""
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"{source} does not fit {kind} ({reason_of(error)}); give that network's weights") from None
