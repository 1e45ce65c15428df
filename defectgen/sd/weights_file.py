"""Safetensors files by their headers: names and shapes without the weights; and the refusal of pickles.

A safetensors file starts with the length of its header, 8 bytes, little-endian, and the header itself, JSON of
{name: {dtype, shape, data_offsets}}. Reading it can run no code, which reading a pickle can.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from defectgen.errors import WeightsError

__all__ = ["PICKLES", "header_shapes", "parameter_count", "refuse_pickle", "weights_sha256"]

PICKLES = (".ckpt", ".bin", ".pt", ".pth", ".pkl")
_MOST_HEADER = 2**27
_BLOCK = 2**22
Shapes = Mapping[str, tuple[int, ...]]


def refuse_pickle(path: Path) -> None:
    """WeightsError where the file's name says that it is a pickle."""
    if path.suffix.lower() in PICKLES:
        raise WeightsError(
            f"{path} is a pickle, which can run code when it is read; have it converted to .safetensors by someone who "
            "trusts it: save_file(torch.load(FILE, weights_only=True)) of safetensors.torch, or "
            "pipeline.save_pretrained(FOLDER) of diffusers"
        )


def header_shapes(path: Path) -> Shapes:
    """Shape of each tensor by its name; WeightsError for what is no safetensors file."""
    refuse_pickle(path)
    if not path.is_file():
        raise WeightsError(f"there is no file {path}; expected weights in .safetensors")
    return _header(path, path.stat().st_size, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _header(path: Path, size: int, modified: int) -> Shapes:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(size, _MOST_HEADER):
            raise WeightsError(f"{path} is no safetensors file, or is cut off; fetch it again")
        try:
            header = json.loads(file.read(length))
            entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
            last = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
            shapes = {name: tuple(map(int, entry["shape"])) for name, entry in entries.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise WeightsError(f"{path} is no safetensors file; its header cannot be read") from None
    if 8 + length + last != size:
        raise WeightsError(f"{path} is cut off: {size} bytes, its header says {8 + length + last}; fetch it again")
    return shapes


def parameter_count(shapes: Shapes) -> int:
    return sum(math.prod(shape) for shape in shapes.values())


def weights_sha256(files: Sequence[Path]) -> str:
    """Digest of one file, or of the digests of several, in the order of their paths; read once a process."""
    digests = [_file_sha256(path, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(files)]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


@lru_cache(maxsize=64)
def _file_sha256(path: Path, size: int, modified: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
