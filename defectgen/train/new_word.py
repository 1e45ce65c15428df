"""New words: a recipe for a defect type that the book does not know, learned from the masks and tones of a few shots.

The type inherits from the known one that draws the most similar shapes and darkens or brightens alike; its size, count
and tone are those measured. It makes the new name work in a prompt; what the defect really looks like is the fine-tuned
network's business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.measure
import yaml
from numpy.typing import NDArray

from defectgen.book import RecipeBook, phrase_key
from defectgen.errors import InputError
from defectgen.mask.draw import draw_shape
from defectgen.recipe import Defect, SurfaceChange
from defectgen.render.ratio import linear_from_srgb, ratio_pair
from defectgen.render.shade import draw_light
from defectgen.train.shots import Shot

__all__ = ["learn_words", "shape_statistics", "size_of"]

DRAWN, SIDE = 10, 96
DOMAIN = "learned"
TONE_WEIGHT = 1.5
LEAST_AREA = 4
WIDE_SHARE, MILD_LOG = 0.02, 0.5
LEAST_LOG = (0.1, 0.25)
"""The least change of brightness that one can see at the lowest and highest severity."""

Mask = NDArray[np.bool_]
F64 = NDArray[np.float64]


def shape_statistics(mask: Mask) -> F64:
    """(4,): log elongation, solidity, log of breadth over length, log of the number of pieces; of a non-empty mask."""
    every = _pieces(mask)
    pieces = [piece for piece in every if piece.area >= LEAST_AREA] or every
    main = max(pieces, key=lambda p: p.area)
    length = max(main.axis_major_length, 1.0)
    breadth = 2 * float(cv2.distanceTransform(np.pad(main.image, 1).astype(np.uint8), cv2.DIST_L2, 3).max())
    return np.array([
        np.log(length / max(main.axis_minor_length, 1.0)), main.solidity, np.log(breadth / length),
        np.log(len(pieces)),
    ])  # fmt: skip


def _pieces(mask: Mask) -> list[Any]:
    """Region properties of the 8-connected pieces."""
    measure: Any = skimage.measure
    return list(measure.regionprops(measure.label(mask)))


def learn_words(shots: Sequence[Shot], book: RecipeBook, path: Path, seed: int) -> tuple[str, ...]:
    """Write recipes of the unknown types to `path`; returns their names, none where the book knows them all."""
    labels = sorted({name for shot in shots for name, _ in shot.picture.defects})
    unknown = [name for name in labels if phrase_key(name) not in book.defect_aliases]
    if not unknown:
        return ()
    profiles = _profiles(book, seed)
    entries = [_entry(name, shots, book, profiles) for name in unknown]
    path.write_text(yaml.safe_dump({"domain": DOMAIN, "defects": entries}, sort_keys=False, allow_unicode=True))
    return tuple(str(entry["name"]) for entry in entries)


def _entry(
    name: str, shots: Sequence[Shot], book: RecipeBook, profiles: dict[str, tuple[F64, F64, float]]
) -> dict[str, object]:
    masks = [(mask, shot) for shot in shots for label_, mask in shot.picture.defects if label_ == name]
    seen = np.array([shape_statistics(mask) for mask, _ in masks])
    tone = float(np.mean([_tone(shot, mask) for mask, shot in masks]))
    parent = book.defects[_nearest(seen.mean(0), tone, profiles)]
    lengths = sorted(_length(mask) for mask, _ in masks)
    low, high = float(np.quantile(lengths, 0.1)), float(np.quantile(lengths, 0.9))
    most = int(np.clip(np.quantile([len(_pieces(mask)) for mask, _ in masks], 0.9), 1, 4))
    entry: dict[str, object] = {
        "name": _slug(name), "extends": parent.name, "synonyms": [],
        "description": f"{name.capitalize()}, as in the pictures that it was learned from; shaped like {parent.name}.",
        "size": size_of(low, high),
        "placement": {"region": "anywhere", "grain": "free", "follow": "none", "count": [1, most]},
        "materials": [], "never_on": [],
    }  # fmt: skip
    plain = _plain_change([_ratio(shot, mask) for mask, shot in masks], [float(mask.mean()) for mask, _ in masks])
    return entry | ({} if plain is None else {"change": plain.model_dump(mode="json")})


def _plain_change(ratios: Sequence[float], shares: Sequence[float]) -> SurfaceChange | None:
    """A mere change of brightness, where that is all there is to see; None leaves the parent's.

    A wide area about as bright as its surround shows the surface itself: relief and colour of whatever type has such
    shapes would be made up. ratios: of the light inside to that outside. shares: of the picture that each covers.
    """
    logs = np.log(ratios)
    if float(np.median(shares)) < WIDE_SHARE or abs(float(logs.mean())) > MILD_LOG:
        return None
    sign = 1.0 if logs.mean() >= 0 else -1.0
    found = (float(np.quantile(np.abs(logs), q)) for q in (0.25, 0.9))
    low, high = (sign * max(one, least) for one, least in zip(found, LEAST_LOG, strict=True))
    return SurfaceChange(albedo=(round(float(np.exp(low)), 3), round(float(np.exp(high)), 3)), mottle=0.1)


def _ratio(shot: Shot, mask: Mask) -> float:
    """Linear light inside over that of the same place without the defect, or of the surroundings."""
    linear = linear_from_srgb(shot.picture.rgb.astype(np.float32) / np.float32(255)).mean(2)
    if shot.good is not None:
        around = linear_from_srgb(shot.good.astype(np.float32) / np.float32(255)).mean(2)[mask]
    else:
        around = linear[_ring(mask)]
    outside = float(around.mean()) if around.size else float(linear.mean())
    return max(float(linear[mask].mean()), 1e-3) / max(outside, 1e-3)


def _ring(mask: Mask) -> Mask:
    return cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool) & ~mask


def size_of(low: float, high: float) -> list[float]:
    """What a recipe takes of the extents: at most the shorter side, which a long defect on a narrow part passes."""
    most = min(max(high, 1.05 * low, 0.02), 1.0)
    return [round(min(max(low, 0.01), most), 3), round(most, 3)]


def _slug(name: str) -> str:
    slug = re.sub(r"[^\w]+|_+", "-", name.lower()).strip("-")
    if not re.search(r"[^\W\d_]", slug):
        raise InputError(f"defect type {name!r} has no letter in it; rename it with import --class")
    return slug


def _length(mask: Mask) -> float:
    """Longest extent of the main piece, as a fraction of the picture's shorter side."""
    main = max(_pieces(mask), key=lambda p: p.area)
    return float(max(main.axis_major_length, 2.0) / min(mask.shape))


def _tone(shot: Shot, mask: Mask) -> float:
    """Mean change of brightness, [-1, 1], against the good twin or against the surroundings."""
    grey = shot.picture.rgb.mean(2) / 255
    if shot.good is not None:
        return float((grey - shot.good.mean(2) / 255)[mask].mean())
    ring = _ring(mask)
    return float(grey[mask].mean() - grey[ring].mean()) if ring.any() else 0.0


def _profiles(book: RecipeBook, seed: int) -> dict[str, tuple[F64, F64, float]]:
    """For each general type that stands for itself: mean and spread of its shapes' statistics, and its tone."""
    return {
        d.name: _profile(d, np.random.default_rng([seed, number]))
        for number, d in enumerate(book.defects.values())
        if d.domain == "general" and not d.extends and d.morphology.kind != "weave" and d.placement.follow == "none"
    }


def _profile(defect: Defect, rng: np.random.Generator) -> tuple[F64, F64, float]:
    shapes = [draw_shape(defect.morphology, 64.0, 0.0, rng) for _ in range(DRAWN)]
    masks = [shape.alpha >= 0.5 for shape in shapes]
    seen = np.array([shape_statistics(mask) for mask in masks if mask.any()])
    grey = np.full((*shapes[0].alpha.shape, 3), 0.5, np.float32)
    out = ratio_pair(grey, shapes[0], defect.change, 0.5, draw_light(rng), "dielectric", rng)
    inside = masks[0]
    return seen.mean(0), seen.std(0), float((out - grey)[inside].mean()) if inside.any() else 0.0


def _nearest(seen: F64, tone: float, profiles: dict[str, tuple[F64, F64, float]]) -> str:
    spread = np.mean([profile[1] for profile in profiles.values()], axis=0) + 0.05

    def distance(name: str) -> float:
        mean, _, darkening = profiles[name]
        wrong = TONE_WEIGHT if abs(tone) > 0.02 and np.sign(darkening) != np.sign(tone) else 0.0
        return float(np.linalg.norm((seen - mean) / spread)) + wrong

    return min(profiles, key=distance)

