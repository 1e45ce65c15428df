"""Reading a mask picture strictly: whole, of the picture's own size, with its values as they are stored.

A file that cannot be decoded is dropped as "unreadable", one of another size as "size mismatch". Nothing is resized.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from defectgen.dataset.instance import Mask, components
from defectgen.dataset.item import DropError, Labels
from defectgen.image import FORMATS

__all__ = ["SOFT_THRESHOLD", "Values", "read_colours", "read_soft", "read_soft_pieces", "read_values"]

Values = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.uint32]
SOFT_THRESHOLD = 127
SPECK_PX = 5
COLOUR = 1 << 24
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error, zlib.error,
          Image.DecompressionBombError)  # fmt: skip


def read_values(path: Path, hw: tuple[int, int] | None) -> Values:
    """(H, W) values: grey levels, the index into a palette of colours, or 2^24 + rrggbb of a picture in colour.

    A palette of greys gives its grey levels: such files are grey masks that a tool has repacked. Where there is alpha,
    see-through pixels are 0. hw: (height, width) expected; None takes any.
    """
    image = _open(path, hw)
    if image.mode in ("1", "L", "I;16", "I;16B", "I;16L", "I"):
        return _grey(image)
    if image.mode == "P":
        palette = np.asarray(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
        index = np.asarray(image)
        used = palette[: int(index.max()) + 1]
        return np.asarray(palette[index, 0] if (used == used[:, :1]).all() else index)
    rgba = np.asarray(image.convert("RGBA")).astype(np.uint32)
    opaque = rgba[..., 3] > SOFT_THRESHOLD
    if (rgba[..., 0] == rgba[..., 1]).all() and (rgba[..., 1] == rgba[..., 2]).all():
        return np.where(opaque, rgba[..., 0], 0).astype(np.uint8)
    packed = (rgba[..., 0] << 16) | (rgba[..., 1] << 8) | rgba[..., 2]
    return np.where(opaque & (packed > 0), packed | COLOUR, 0).astype(np.uint32)


def read_soft(path: Path, hw: tuple[int, int], threshold: int = SOFT_THRESHOLD) -> Mask:
    """(H, W) bool, True where the mask is brighter than `threshold` (0..255); for edges that a JPEG has softened."""
    return np.asarray(np.asarray(_open(path, hw).convert("L")) > threshold)


def read_soft_pieces(path: Path, defect: str, hw: tuple[int, int]) -> Labels:
    """An instance for each 8-connected piece of a soft mask; none where it is black all over.

    Pieces under `SPECK_PX` pixels are what lossy storing leaves around an edge; they are left out with a note, and a
    mask of specks alone is dropped as empty.
    """
    mask = read_soft(path, hw)
    pieces = components(defect, mask)
    kept = [piece for piece in pieces if piece.area >= SPECK_PX]
    if pieces and not kept:
        detail = f"{path.name} holds specks under {SPECK_PX} px alone, {int(mask.sum())} px in all"
        raise DropError("empty mask", detail)
    specks = len(pieces) - len(kept)
    return Labels(kept, (f"specks of the mask under {SPECK_PX} px left out: {specks}",) if specks else ())


def read_colours(path: Path, hw: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 4) uint8, red, green, blue, alpha; palettes are expanded."""
    return np.asarray(_open(path, hw).convert("RGBA"))


def _grey(image: Image.Image) -> Values:
    values = np.asarray(image)
    return values.astype(np.uint8) if values.dtype == np.bool_ or values.max(initial=0) < 256 else values.astype("u2")


def _open(path: Path, hw: tuple[int, int] | None) -> Image.Image:
    try:
        with Image.open(path, formats=FORMATS) as image:
            if hw is None or sorted(image.size) == sorted(hw):
                image.load()
            mask = ImageOps.exif_transpose(image)
    except BROKEN as error:
        detail = (str(error).splitlines() or [type(error).__name__])[0]
        raise DropError("unreadable", f"mask {path.name}: {detail}") from error
    if hw is not None and (mask.height, mask.width) != hw:
        raise DropError(
            "size mismatch", f"mask {path.name} is {mask.width}x{mask.height} pixels, its picture {hw[1]}x{hw[0]}"
        )
    return mask
