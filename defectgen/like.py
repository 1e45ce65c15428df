"""--like: pictures of a defect that the samples should resemble in tone (see `engine.retone`).

    IMAGE            the defect fills the picture, or the picture's mask is unknown: all of it counts
    IMAGE,MASK       white on black where the defect is

Several may be given; each window takes one of them, drawn by its own seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from defectgen.blocked import Blocked
from defectgen.errors import InputError
from defectgen.image import Picture, read_picture, to_rgb8
from defectgen.source import read_mask

if TYPE_CHECKING:
    from defectgen.model.reference import Reference

__all__ = ["check_likes", "like_sha256", "read_likes"]


def check_likes(likes: Sequence[str], manifests: Sequence[Path] = ()) -> None:
    """InputError for a picture or mask that cannot be used, or that is a test picture of a split."""
    for like in likes:
        _read(like, manifests)


def like_sha256(likes: Sequence[str]) -> str:
    """What the samples depend on, in one line: the digests of pictures and masks, in their order."""
    return " ".join(_digest(like) for like in likes)


def read_likes(likes: Sequence[str]) -> list[Reference]:
    """The windows around the defects."""
    from defectgen.model.reference import reference_window

    found = []
    for like in likes:
        picture, mask = _read(like)
        cover = np.zeros(picture.hw, np.float32) if mask is None else read_mask(mask, picture.hw).astype(np.float32)
        found.append(reference_window(to_rgb8(picture.pixels), cover))
    return found


def _paths(like: str) -> tuple[Path, Path | None]:
    """A path that exists is one picture, commas and all."""
    if Path(like).exists() or "," not in like:
        return Path(like), None
    image, _, mask = like.rpartition(",")
    if not image or not mask:
        raise InputError(f"like {like!r} is not IMAGE or IMAGE,MASK; name two files with a comma between them")
    return Path(image), Path(mask)


def _read(like: str, manifests: Sequence[Path] = ()) -> tuple[Picture, Path | None]:
    image, mask = _paths(like)
    picture = read_picture(image)
    if mask is not None:
        read_mask(mask, picture.hw)
    blocked = Blocked.load(manifests, [image.parent])
    if len(blocked):
        blocked.check(picture)
    return picture, mask


def _digest(like: str) -> str:
    image, mask = _paths(like)
    return read_picture(image).sha256 + ("" if mask is None else "+" + read_picture(mask).sha256)
