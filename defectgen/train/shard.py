"""Shards: training windows on disk, ready to be read at random.

A shard is a folder of arrays of equal length, written under another name and then renamed, so that a reader never
meets half a shard: good.npy, target.npy, draft.npy (N, S, S, 3) uint8; alpha.npy (N, S, S) uint8; tokens.npy
(N, L, 384) float16 with padding.npy (N, L) bool; pooled.npy (N, 384) float16; reference.npy (N, 3028) float16;
meta.jsonl with text, origin and family.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.model.reference import ReferenceEncoder
from defectgen.model.text import TextEncoder
from defectgen.train.pair import Pair
from defectgen.train.reference import reference_vectors

__all__ = ["Shard", "open_shards", "write_shard"]

_ARRAYS = ("good", "target", "draft", "alpha", "tokens", "padding", "pooled", "reference")


@dataclass(frozen=True)
class Shard:
    """One open shard; arrays are memory-mapped."""

    path: Path
    arrays: dict[str, NDArray[np.generic]]
    origins: tuple[str, ...]
    families: tuple[str, ...]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.origins)


def write_shard(
    folder: Path, pairs: Sequence[Pair], encoder: TextEncoder, eyes: ReferenceEncoder, rng: np.random.Generator
) -> None:
    """Write pairs as one shard; `folder` appears complete or not at all. rng: for the references."""
    tokens, padding, pooled = encoder.encode([p.text for p in pairs])
    draft = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name in ("good", "target", "draft", "alpha"):
        np.save(draft / f"{name}.npy", np.stack([getattr(p, name) for p in pairs]))
    np.save(draft / "tokens.npy", tokens.numpy().astype(np.float16))
    np.save(draft / "padding.npy", padding.numpy())
    np.save(draft / "pooled.npy", pooled.numpy().astype(np.float16))
    vectors = torch.stack(reference_vectors(pairs, eyes, rng))
    np.save(draft / "reference.npy", vectors.numpy().astype(np.float16))
    lines = [json.dumps({"text": p.text, "origin": p.origin, "family": p.family}) for p in pairs]
    (draft / "meta.jsonl").write_text("\n".join(lines) + "\n")
    draft.rename(folder)


def _open(path: Path) -> Shard:
    absent = [name for name in _ARRAYS if not (path / f"{name}.npy").is_file()]
    if absent:
        raise InputError(f"{path} has no {absent[0]}.npy: made by another version; delete the cache and run again")
    arrays = {name: np.load(path / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
    meta = [json.loads(line) for line in (path / "meta.jsonl").read_text().splitlines()]
    columns = (tuple(m[key] for m in meta) for key in ("origin", "family", "text"))
    return Shard(path, arrays, *columns)


def open_shards(cache: Path, known: Sequence[Shard] = ()) -> Iterator[Shard]:
    """Every shard below `cache` that is not among those known, in the order of their names."""
    seen = {shard.path for shard in known}
    for path in sorted(cache.glob("shard-*")):
        if path not in seen:
            yield _open(path)
