"""Training pairs: a good window, the same window with a defect, the mask, and the words.

Three origins, as `model.condition.ORIGINS` names them: *rendered* (surface maps shaded with and without the defect),
*ratio* (a photograph of clean material times the ratio of the two shadings), *real* (a photographed defect and its
pseudo-good counterpart). All windows are WINDOW_PX square, uint8 sRGB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.book import RecipeBook
from defectgen.caption import caption
from defectgen.mask.draw import draw_shape
from defectgen.mask.shape import Shape
from defectgen.mask.transform import merge_shapes, paste_shape
from defectgen.recipe import Defect, Material
from defectgen.render.camera import draw_camera
from defectgen.render.defect import render_pair
from defectgen.render.material import build_surface
from defectgen.render.ratio import ratio_pair
from defectgen.render.shade import draw_light
from defectgen.train.draft import draw_draft

__all__ = ["WINDOW_PX", "Pair", "draw_blob", "draw_defect", "ratio_window", "rendered_window", "visible"]

WINDOW_PX = 128

_FAINTEST = 2.5
_SMALLEST_PX = 6
_LENGTH_PX = (9.0, 112.0)
_ZOOMS = (1.0, 1.0, 1.0, 1.5, 2.0)

U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Pair:
    """good, target, draft: (S, S, 3) uint8. alpha: (S, S) uint8, 255 is full cover. origin: one of ORIGINS.

    draft: what the `render` engine makes of the same words and mask, as the network will see it when it is used.
    """

    good: U8
    target: U8
    draft: U8
    alpha: U8
    text: str
    origin: str
    family: str


def visible(good: U8, target: U8, alpha: NDArray[np.float32]) -> bool:
    """Whether there is a mask and the mean change under it reaches 2.5 grey levels."""
    mask = alpha >= 0.5
    if int(mask.sum()) < _SMALLEST_PX:
        return False
    return float(np.abs(good[mask].astype(np.int16) - target[mask].astype(np.int16)).mean()) >= _FAINTEST


def draw_defect(defects: Sequence[Defect], rng: np.random.Generator) -> Defect:
    """A defect type: families first, so that a family with many types gets no more than its share."""
    families = sorted({d.family for d in defects})
    family = families[int(rng.integers(len(families)))]
    members = [d for d in defects if d.family == family]
    return members[int(rng.integers(len(members)))]


def draw_blob(book: RecipeBook, rng: np.random.Generator) -> NDArray[np.float32]:
    """The cover, (WINDOW_PX, WINDOW_PX) in [0, 1], of one shape of any defect somewhere in a window."""
    defect = draw_defect(list(book.defects.values()), rng)
    shape = draw_shape(defect.morphology, float(rng.uniform(10, 90)), float(rng.uniform(-3, 3)), rng)
    x, y = (float(v) for v in rng.uniform(0.25, 0.75, 2) * WINDOW_PX)
    return paste_shape(shape, (WINDOW_PX, WINDOW_PX), (x, y)).alpha


def _shapes(defect: Defect, side: int, grain: float | None, rng: np.random.Generator) -> Shape:
    """One to three shapes of a defect on a (side, side) window."""
    count = int(rng.choice([1, 1, 1, 1, 2, 3]))
    zoom = side / WINDOW_PX
    placed = []
    for _ in range(count):
        low, high = np.log(_LENGTH_PX)
        length = zoom * float(np.exp(rng.uniform(low, high))) / count**0.5
        angle = float(rng.uniform(-np.pi, np.pi))
        if grain is not None and defect.placement.grain != "free":
            angle = grain + (np.pi / 2 if defect.placement.grain == "across" else 0.0) + float(rng.normal(0, 0.1))
        shape = draw_shape(defect.morphology, max(length, 8.0), angle, rng)
        x, y = rng.uniform(0.2, 0.8, 2) * side
        placed.append(paste_shape(shape, (side, side), (float(x), float(y))))
    return merge_shapes(placed)


def _severity(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.05, 1.0))


def _words(defect: Defect, material: Material | None, severity: float, rng: np.random.Generator) -> str:
    return caption(defect, material, severity=severity, size=None, count=1, orientation=None, region=None, rng=rng)


def _shrink(picture: Any) -> Any:
    if picture.shape[0] == WINDOW_PX:
        return picture
    return cv2.resize(picture, (WINDOW_PX, WINDOW_PX), interpolation=cv2.INTER_AREA)


def _pair(
    good: U8, target: U8, shape: Shape, origin: str, defect: Defect, material: Material | None, severity: float,
    rng: np.random.Generator,
) -> Pair | None:  # fmt: skip
    cover = _shrink(shape.alpha).astype(np.float32)
    good, target = _shrink(good).astype(np.uint8), _shrink(target).astype(np.uint8)
    if not visible(good, target, cover):
        return None
    alpha = np.rint(255 * cover).astype(np.uint8)
    draft = draw_draft(good, alpha, defect, material, severity, rng.spawn(1)[0])
    return Pair(good, target, draft, alpha, _words(defect, material, severity, rng), origin, defect.family)


def rendered_window(book: RecipeBook, rng: np.random.Generator) -> Pair | None:
    """A pair from surface maps alone; None when what was drawn cannot be seen."""
    defect = draw_defect(list(book.defects.values()), rng)
    materials = book.materials_of(defect)
    material = materials[int(rng.integers(len(materials)))]
    side = int(WINDOW_PX * float(rng.choice(_ZOOMS)))
    surface = build_surface(material, (side, side), rng)
    if float(surface.foreground.mean()) < 0.4:
        return None
    grain = float(np.median(surface.grain)) if material.grain else None
    shape = _shapes(defect, side, grain, rng)
    inside = np.where(surface.foreground, shape.alpha, 0).astype(np.float32)
    shape = Shape(inside, shape.profile * (inside > 0), shape.tangent, shape.half_width)
    severity = _severity(rng)
    light, camera = draw_light(rng), draw_camera(rng)
    good, bad = render_pair(surface, shape, defect.change, severity, light, camera, rng)
    return _pair(good, bad, shape, "rendered", defect, material, severity, rng)


def ratio_window(
    photo: U8, material: Material | None, kind: Literal["metal", "dielectric"], book: RecipeBook,
    rng: np.random.Generator,
) -> Pair | None:  # fmt: skip
    """A pair from a photograph of clean material, (H, W, 3); None when what was drawn cannot be seen."""
    defects = list(book.defects_of(material)) if material else [d for d in book.defects.values() if not d.materials]
    defect = draw_defect(defects, rng)
    side = int(min(min(photo.shape[:2]), WINDOW_PX * float(rng.uniform(1, 4))))
    y, x = (int(rng.integers(n - side + 1)) for n in photo.shape[:2])
    window: U8 = _shrink(photo[y : y + side, x : x + side])
    shape = _shapes(defect, WINDOW_PX, None, rng)
    severity = _severity(rng)
    unit = np.asarray(window, np.float32) / np.float32(255)
    bad = ratio_pair(unit, shape, defect.change, severity, draw_light(rng), kind, rng)
    target = np.clip(np.rint(255 * bad), 0, 255).astype(np.uint8)
    return _pair(window, target, shape, "ratio", defect, material, severity, rng)


def photo_root(root: Path) -> list[Path]:
    """Photographs of clean material below the data folder."""
    return sorted((root / "textures").glob("*.jpg"))
