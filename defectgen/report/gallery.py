"""The pictures of a report: crops side by side, cut from the two collections when the page is made.

A picture that is no longer there, or cannot be read, leaves a gap with its name; the page is made all the same.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from defectgen.errors import InputError
from defectgen.metric.collection import Collection, Item, open_collection
from defectgen.metric.label_truth import recovered_mask
from defectgen.metric.result import AuditReport, CopyPair, LabelRow, Neighbour, NeighbourKind, ProbeResult
from defectgen.metric.view import item_crops
from defectgen.report.thumbnail import SIDE_PX, Outline, cut, thumbnail

__all__ = ["Gallery", "Strip", "Tile"]

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]
DELIVERED, RECOVERED = (255, 210, 0), (64, 224, 255)
MOST_STRIPS, MOST_HEAT_MAPS = 6, 3
EXACT = 0.95


@dataclass(frozen=True)
class Tile:
    """One picture. uri: None where it could not be had. label: the word above it."""

    uri: str | None
    alt: str
    label: str


@dataclass(frozen=True)
class Strip:
    """Pictures that belong together, with what they are and a number."""

    tiles: tuple[Tile, ...]
    title: str
    note: str


class Gallery:
    """The pictures of one report."""

    def __init__(self, report: AuditReport) -> None:
        self._report = report

    @cached_property
    def _synth(self) -> dict[str, Item]:
        return _items(self._report.synth.path)

    @cached_property
    def _real(self) -> dict[str, Item]:
        return _items(self._report.real.path)

    @cached_property
    def _source(self) -> dict[str, Item]:
        """Where copies were looked for."""
        against = self._report.copies_against
        return self._real if against in (None, self._report.real.path) else _items(str(against))

    def neighbours(self, kind: NeighbourKind) -> list[Strip]:
        return [self._neighbour(one) for one in self._report.neighbours if one.kind == kind][:MOST_STRIPS]

    def _neighbour(self, one: Neighbour) -> Strip:
        sides = [("generated", self._synth), ("real", self._real)]
        if one.kind == "missed":
            sides.reverse()
        (first, ours), (second, theirs) = sides
        tiles = (_tile(ours, one.name, one.box, first), _tile(theirs, one.other, one.other_box, second))
        return Strip(tiles, one.defect, f"{1 - one.distance:.2f}")

    def copies(self) -> list[Strip]:
        """The pairs nearest to each other first."""
        pairs = sorted((one for one in self._report.copies if one.is_copy), key=lambda one: -one.correlation)
        return [self._copy(one) for one in pairs[:MOST_STRIPS]]

    def _copy(self, pair: CopyPair) -> Strip:
        ours = _tile(self._synth, pair.name, pair.box, "generated")
        theirs = _tile(self._source, pair.train, pair.train_box, "training" if self._report.train else "real")
        return Strip((ours, theirs), Path(pair.name).name, f"{pair.correlation:.2f}")

    def worst_labels(self) -> list[Strip]:
        """The masks that do not say where the picture changed: blank ones first, then by overlap."""
        every = (row for one in self._report.label_truth if one.defect is None for row in one.rows)
        rows = [row for row in every if row.blank or row.recovered_iou is None or row.recovered_iou < EXACT]
        rows.sort(key=lambda row: (not row.blank, 1.0 if row.recovered_iou is None else row.recovered_iou))
        return [strip for strip in map(self._label, rows[:MOST_STRIPS]) if strip is not None]

    def heat_maps(self, probe: ProbeResult) -> list[Strip]:
        """The windows that gave the set away most, each beside its heat map."""
        found = []
        for name, encoded in probe.heat_maps[:MOST_HEAT_MAPS]:
            pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))
            tile = Tile(thumbnail(pixels, side=2 * SIDE_PX), f"{name}, beside the heat map of what gave it away", "")
            found.append(Strip((tile,), Path(name).name, ""))
        return found

    def _label(self, row: LabelRow) -> Strip | None:
        item = self._synth.get(row.name)
        if item is None:
            return None
        try:
            tiles = tuple(_overlays(item))
        except InputError:
            return None
        overlap = "nothing to see" if row.blank else "" if row.recovered_iou is None else f"{row.recovered_iou:.2f}"
        return Strip(tiles, f"{row.defect}, {Path(row.name).name}", overlap)


def _items(path: str) -> dict[str, Item]:
    try:
        collection: Collection = open_collection(Path(path))
    except InputError:
        return {}
    return {item.name: item for item in collection.items}


def _tile(items: dict[str, Item], name: str, box: Box, label: str) -> Tile:
    alt = f"{label}: {items[name].defect if name in items else 'picture'}, {name}"
    try:
        return Tile(thumbnail(np.asarray(cut(items[name].pixels(), box), np.uint8)), alt, label)
    except (InputError, KeyError):
        return Tile(None, f"{name} can no longer be read", label)


def _overlays(item: Item) -> Iterator[Tile]:
    """Good, generated, and the generated one with its mask's outline and that of what changed."""
    pixels, good, mask = item.pixels(), item.good_pixels(), item.mask_pixels()
    crop = next(item_crops(item, "window"), None)
    box = crop.box if crop is not None else (0, 0, pixels.shape[1], pixels.shape[0])

    def shown(rgb: U8, label: str, *outlines: tuple[Mask, tuple[int, int, int]]) -> Tile:
        within: tuple[Outline, ...] = tuple((np.asarray(cut(m, box), np.bool_), colour) for m, colour in outlines)
        return Tile(thumbnail(np.asarray(cut(rgb, box), np.uint8), within), f"{label}: {item.name}", label)

    if good is not None:
        yield shown(good, "good")
    yield shown(pixels, "generated")
    delivered = [] if mask is None else [(mask, DELIVERED)]
    if good is None:
        yield shown(pixels, "mask", *delivered)
        return
    changed = recovered_mask(good, pixels, np.zeros(pixels.shape[:2], np.bool_) if mask is None else mask)
    yield shown(pixels, "mask", (changed, RECOVERED), *delivered)
