"""Heat maps: where in a window a linear score comes from.

An extractor whose vector is the mean of a grid of vectors gives the score of each cell exactly (class activation
mapping, Zhou et al., CVPR 2016, eq. 1-2). For any other one, each cell is painted over with the window's mean colour
and the fall of the score is the cell's part (occlusion, Zeiler and Fergus, ECCV 2014, section 4.2).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.image import encode_png
from defectgen.metric.extractor import Extractor
from defectgen.metric.resize import Resize

__all__ = ["Mapping", "evidence", "heat_png", "mapping_of"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Score = Callable[[NDArray[Any]], F64]

CELLS = 7
SHOWN_PX, GAP_PX = 224, 8
CLEAR = 0.6  # share of the heat in the overlay where it is hottest


@runtime_checkable
class Mapping(Protocol):
    """An extractor whose vector of a picture is the mean of its map."""

    def maps(self, pictures: Sequence[U8]) -> Sequence[F32]:
        """Pictures (H, W, 3) uint8 to one (D, rows, columns) float32 each, which covers the whole picture."""
        ...


def mapping_of(extractor: Extractor) -> Extractor | Mapping:
    """What has the extractor's maps, where anything has them; else the extractor."""
    if extractor.fingerprint.extractor != "efficientnet-lite0":
        return extractor
    from defectgen.metric.activation import Lite0Maps

    return Lite0Maps(cast(Resize, extractor.fingerprint.resize))


def evidence(picture: U8, score: Score, extractor: Extractor | Mapping) -> F64:
    """(rows, columns) float64: how much each cell of the picture (H, W, 3) uint8 adds to its score.

    score: a linear function of vectors (..., D). Of a `Mapping` the mean over the cells is the score itself.
    """
    if isinstance(extractor, Mapping):
        return score(np.moveaxis(np.asarray(extractor.maps([picture])[0]), 0, -1))
    painted = [_paint(picture, row, column) for row in range(CELLS) for column in range(CELLS)]
    scores = score(extractor.extract([picture, *painted])[0])
    return np.asarray((scores[0] - scores[1:]).reshape(CELLS, CELLS))


def heat_png(picture: U8, heat: F64) -> str:
    """PNG in base64: the window, and beside it the window under its heat, both SHOWN_PX high. Heat below 0 is clear."""
    width = max(1, round(SHOWN_PX * picture.shape[1] / picture.shape[0]))
    shown = cv2.resize(picture, (width, SHOWN_PX), interpolation=cv2.INTER_CUBIC)
    smooth = cv2.resize(np.maximum(heat, 0).astype(np.float32), (width, SHOWN_PX), interpolation=cv2.INTER_LINEAR)
    share = smooth / max(float(smooth.max()), 1e-12)
    colour = cv2.applyColorMap(np.rint(255 * share).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    grey = np.repeat(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    weight = CLEAR * share[..., None]
    over = np.rint(grey * (1 - weight) + colour * weight).astype(np.uint8)
    gap = np.full((SHOWN_PX, GAP_PX, 3), 255, np.uint8)
    return base64.b64encode(encode_png(np.hstack([shown, gap, over]))).decode("ascii")


def _paint(picture: U8, row: int, column: int) -> U8:
    height, width = picture.shape[:2]
    ys = slice(row * height // CELLS, (row + 1) * height // CELLS)
    xs = slice(column * width // CELLS, (column + 1) * width // CELLS)
    out = picture.copy()
    out[ys, xs] = picture.mean((0, 1)).round()
    return out
