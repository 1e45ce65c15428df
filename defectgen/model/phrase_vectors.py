"""Vectors of long lists of phrases, such as all names of the recipes, kept in the user's cache folder.

Encoding thousands of phrases takes seconds. The key is the weights and the phrases, so that a change of either is seen;
short lists, as those of one prompt, are not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from defectgen.user_cache import cached_bytes, store_bytes

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["keep", "recalled"]

KIND = "phrases"
LEAST = 100


def recalled(stamp: str | None, phrases: Sequence[str]) -> dict[str, Tensor]:
    """The vectors of exactly these phrases, or none. stamp: what tells the weights from others."""
    if stamp is None or len(phrases) < LEAST:
        return {}
    import torch

    stored = cached_bytes(KIND, name_of(stamp, phrases))
    if stored is None or not stored or len(stored) % (4 * len(phrases)):
        return {}
    rows = torch.frombuffer(bytearray(stored), dtype=torch.float32).reshape(len(phrases), -1)
    return dict(zip(phrases, rows, strict=True))


def keep(stamp: str | None, phrases: Sequence[str], vectors: Mapping[str, Tensor]) -> None:
    """Stores the vectors of these phrases as float32."""
    if stamp is None or len(phrases) < LEAST:
        return
    import torch

    rows = torch.stack([vectors[phrase] for phrase in phrases]).float().contiguous()
    store_bytes(KIND, name_of(stamp, phrases), rows.numpy().tobytes())


def name_of(stamp: str, phrases: Sequence[str]) -> str:
    digest = hashlib.sha256("\n".join([stamp, *phrases]).encode()).hexdigest()
    return f"{digest[:32]}.f32"
