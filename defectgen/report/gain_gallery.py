"""The pictures of a trial: test pictures on which trainings disagree, with what each side marked.

A picture counts as caught by a training if its score lies above that of all but 5 of 100 good test pictures, so that
both sides raise as many false alarms. Those are shown that one side catches in more of its trainings than the other;
the marked areas are those of one draw's first training, at the level that 1% of the area of good parts exceeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from defectgen.downstream.pool import Pool
from defectgen.gain.caught import alarm_threshold
from defectgen.report.gallery import Strip, Tile
from defectgen.report.thumbnail import Outline, thumbnail

__all__ = ["Gallery", "Seen", "disagreements"]

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
TRUE, MARKED = (255, 210, 0), (64, 224, 255)
FALSE_AREA = 0.01
MOST_STRIPS = 6
LEAST_SHARE = 0.25
"""Of its pairs of trainings, what one side must catch more than the other."""


@dataclass(frozen=True)
class Gallery:
    """Pictures under one heading; empty: what to say where there are none."""

    title: str
    strips: tuple[Strip, ...]
    empty: str = ""


@dataclass(frozen=True, eq=False)
class Seen:
    """What one training said of the test pictures: scores (N,); maps (N, S, S) uint8, or None where none were kept."""

    scores: F32
    maps: U8 | None = None


Cells = Mapping[tuple[int, int], Seen]


def disagreements(test: Pool, base: Cells, arm: Cells, names: tuple[str, str]) -> tuple[Gallery, Gallery]:
    """What the arm finds and the base misses, and the reverse. Only trainings of both sides count. names: of both."""
    shared = sorted(set(base) & set(arm))
    ours, theirs = (np.mean([_caught(test, cells[key]) for key in shared], axis=0) for cells in (arm, base))
    made = []
    for gain, first, second in ((ours - theirs, names[1], names[0]), (theirs - ours, names[0], names[1])):
        strips = [_strip(test, i, (base, arm), names, shared, (theirs[i], ours[i])) for i in _best(test, gain)]
        empty = f"There is no picture that {first} catches much more often than {second}."
        made.append(Gallery(f"Found with {first}, missed with {second}", tuple(strips), empty))
    return made[0], made[1]


def _best(test: Pool, gain: NDArray[np.float64]) -> list[int]:
    """The pictures with the greatest gain, one of each group, since those of one part look alike."""
    seen: dict[str, int] = {}
    for i in np.argsort(-gain, kind="stable"):
        if gain[i] >= LEAST_SHARE:
            seen.setdefault(test.groups[i] or test.names[i], int(i))
    return list(seen.values())[:MOST_STRIPS]


def _caught(test: Pool, seen: Seen) -> NDArray[np.float64]:
    """(N,): 1 for defective pictures above the good ones, else 0."""
    threshold = alarm_threshold(seen.scores[test.labels == 0])
    return ((seen.scores > threshold) & (test.labels > 0)).astype(np.float64)


def _strip(
    test: Pool, index: int, sides: Sequence[Cells], names: Sequence[str], shared: Sequence[tuple[int, int]],
    shares: Sequence[float],
) -> Strip:  # fmt: skip
    pixels, truth = test.pixels[index], test.masks[index] > 0
    outline: tuple[Outline, ...] = ((truth, TRUE),) if truth.any() else ()
    what = test.classes[int(test.labels[index]) - 1]
    name = PurePosixPath(test.names[index]).name
    tiles = [Tile(thumbnail(pixels, outline), f"{what}: {test.names[index]}, true mask", f"{what}: {name}")]
    key = _telling(sides, shared, index, shares[1] >= shares[0])
    for cells, side, share in zip(sides, names, shares, strict=True):
        said = f"{side}: {share * len(shared):.0f} of {len(shared)}"
        marked = _marked(test, cells[key], index)
        drawn: tuple[Outline, ...] = ((marked, MARKED),) if marked is not None and marked.any() else ()
        tiles.append(Tile(thumbnail(pixels, drawn), f"{test.names[index]}, marked with {side}", said))
    return Strip(tuple(tiles), name, "")


def _telling(sides: Sequence[Cells], shared: Sequence[tuple[int, int]], index: int, forward: bool) -> tuple[int, int]:
    """The pair of trainings with maps, if there is one, whose scores of the picture lie furthest apart by rank."""
    kept = [key for key in shared if all(cells[key].maps is not None for cells in sides)] or list(shared)

    def apart(key: tuple[int, int]) -> float:
        base, arm = (float((cells[key].scores < cells[key].scores[index]).mean()) for cells in sides)
        return arm - base if forward else base - arm

    return max(kept, key=apart)


def _marked(test: Pool, seen: Seen, index: int) -> NDArray[np.bool_] | None:
    if seen.maps is None:
        return None
    good = seen.maps[test.labels == 0]
    level = float(np.quantile(good, 1 - FALSE_AREA)) if len(good) else 127.0
    return np.asarray(seen.maps[index] > level, np.bool_)
