"""Probe windows: a bounded number of windows around defects, spread over groups, with the features of several eyes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.collection import Collection, Item
from defectgen.metric.cue import Cues
from defectgen.metric.extractor import Extractor, Features
from defectgen.metric.view import Crop, item_crops

__all__ = ["WindowSet", "provenance_flags", "read_windows"]

U8 = NDArray[np.uint8]

CHUNK = 16
PER_PICTURE = 2
JPEG = (".jpg", ".jpeg")


@dataclass(frozen=True)
class WindowSet:
    """Windows of one collection. features: of each extractor, one row a window. places: picture and box of each."""

    features: tuple[Features, ...]
    cues: Cues
    places: tuple[tuple[Item, int], ...]

    def pixels(self, row: int) -> U8:
        """(H, W, 3) uint8 of a window, read again."""
        item, number = self.places[row]
        return next(crop.pixels for crop in item_crops(item, "window") if crop.number == number)


def read_windows(collection: Collection, extractors: Sequence[Extractor], most: int, seed: int) -> WindowSet:
    """At most `most` windows, at most PER_PICTURE of a picture; every group gives a picture before any gives two."""
    vectors: list[list[NDArray[np.float32]]] = [[] for _ in extractors]
    places: list[tuple[Item, int]] = []
    cues = []
    for chunk in _chunks(_windows(collection, most, seed)):
        pictures = [crop.pixels for crop in chunk]
        for into, extractor in zip(vectors, extractors, strict=True):
            into.append(extractor.extract(pictures)[0])
        places += [(crop.item, crop.number) for crop in chunk]
        cues.append(Cues.of(pictures))
    features = tuple(_features(into, places, extractor) for into, extractor in zip(vectors, extractors, strict=True))
    return WindowSet(features, Cues.joined(cues), tuple(places))


def provenance_flags(synth: Collection, real: Collection) -> list[str]:
    """What is known of the files that lets the sides be told apart whatever the defects look like."""
    shares = _jpeg_share(synth), _jpeg_share(real)
    if abs(shares[0] - shares[1]) > 0.2:
        return [
            f"by their records {shares[0]:.0%} of the set's pictures and {shares[1]:.0%} of the real ones come from "
            "JPEG files: compression alone may tell them apart"
        ]
    if shares[1] > 0.5:
        return ["real defects went through JPEG with their surface, generated ones were drawn after it"]
    return []


def _jpeg_share(collection: Collection) -> float:
    names = [item.record.source if item.record else item.image.name for item in collection.items]
    return sum(PurePosixPath(name).suffix.lower() in JPEG for name in names) / max(1, len(names))


def _windows(collection: Collection, most: int, seed: int) -> Iterator[Crop]:
    rng = np.random.default_rng(seed)
    count = 0
    for item in _round_robin(collection.defective, rng):
        found = list(item_crops(item, "window"))
        for at in sorted(rng.permutation(len(found))[:PER_PICTURE]):
            yield found[at]
            count += 1
            if count == most:
                return


def _round_robin(collection: Collection, rng: np.random.Generator) -> list[Item]:
    seen: dict[str, int] = {}
    turns: list[tuple[int, int, Item]] = []
    for at in rng.permutation(len(collection)):
        item = collection.items[int(at)]
        turns.append((seen.get(item.group, 0), len(turns), item))
        seen[item.group] = turns[-1][0] + 1
    return [item for _, _, item in sorted(turns, key=lambda turn: turn[:2])]


def _chunks(crops: Iterator[Crop]) -> Iterator[list[Crop]]:
    chunk: list[Crop] = []
    for crop in crops:
        chunk.append(crop)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _features(
    vectors: Sequence[NDArray[np.float32]], places: Sequence[tuple[Item, int]], extractor: Extractor
) -> Features:
    fingerprint = extractor.fingerprint
    rows = np.concatenate(vectors) if vectors else np.zeros((0, fingerprint.dimensions), np.float32)
    return Features(
        rows, None, tuple(item.group for item, _ in places), tuple(f"{item.name}#{number}" for item, number in places),
        tuple(item.defect for item, _ in places), fingerprint,
    )  # fmt: skip
