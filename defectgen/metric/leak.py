"""Leaks: test pictures that a generator or a detector has seen in training, in whatever form.

    sha256           the same file, or the same source file from before an import
    pixels           the same decoded pixels, saved again without loss
    source           a generated training picture was made on this test picture, or on a copy of its pixels
    near-duplicate   the same piece, photographed or saved again (`near_duplicate`, the search of `defectgen split`)

A test picture is reported once, by the first of these that holds. Mirrored and turned pictures are not found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.blocked import pixels_sha256
from defectgen.dataset.near_duplicate import Twin, find_twins
from defectgen.dataset.union import Union
from defectgen.detail import coarse_of, detail_of
from defectgen.image import read_picture
from defectgen.metric.collection import Collection, Item
from defectgen.metric.result import Leak
from defectgen.sample import Sample

__all__ = ["leaks"]

F16 = NDArray[np.float16]
SHA256, PIXELS, SOURCE, NEAR = "sha256", "pixels", "source", "near-duplicate"


@dataclass(frozen=True)
class Seen:
    """What a picture is known by. files, pixels: hashes. sources: of the good picture that it was made on."""

    name: str
    files: frozenset[str]
    pixels: str
    sources: frozenset[str]


def leaks(test: Collection, train: Collection) -> tuple[Leak, ...]:
    """The test pictures that are found in training, in the order of `test`. Both are whole sets, good pictures too.

    InputError for a file that cannot be read. Memory: 8 kB a picture.
    """
    details = np.empty((len(test) + len(train), *detail_of(np.zeros((8, 8, 1), np.uint8)).shape), np.float16)
    tested = [_seen(item, details[i]) for i, item in enumerate(test.items)]
    trained = [_seen(item, details[len(test) + i]) for i, item in enumerate(train.items)]
    found = dict(_by_hash(tested, trained))
    for leak in _by_sight(tested, trained, details):
        found.setdefault(leak.test, leak)
    return tuple(found[one.name] for one in tested if one.name in found)


def _seen(item: Item, detail: F16) -> Seen:
    """The hashes of a picture; its detail is put into `detail`."""
    picture = read_picture(item.image, min_side=1)
    detail[:] = detail_of(picture.pixels)
    files, sources = {picture.sha256}, set()
    if isinstance(item.record, Sample):
        sources.add(item.record.source_sha256)
    elif item.record is not None:
        files.add(item.record.source_sha256)
    if item.good is not None:
        sources.add(pixels_sha256(read_picture(item.good, min_side=1).pixels))
    return Seen(item.name, frozenset(files), pixels_sha256(picture.pixels), frozenset(sources))


def _by_hash(tested: list[Seen], trained: list[Seen]) -> Iterator[tuple[str, Leak]]:
    known: dict[tuple[str, str], str] = {}
    for one in trained:
        keys = [(SHA256, key) for key in one.files]
        keys += [(PIXELS, one.pixels), *((SOURCE, key) for key in one.sources)]
        for key in keys:
            known.setdefault(key, one.name)
    for one in tested:
        own = [*((SHA256, key) for key in sorted(one.files)), (PIXELS, one.pixels)]
        own += [(SOURCE, key) for key in (*sorted(one.files), one.pixels)]
        how = next((key for key in own if key in known), None)
        if how is not None:
            yield one.name, Leak(test=one.name, train=known[how], how=how[0], correlation=1.0)


def _by_sight(tested: list[Seen], trained: list[Seen], details: F16) -> Iterator[Leak]:
    """One leak a test picture that is tied to a training picture, directly or by way of others of the same piece."""
    twins = find_twins(details).twins
    tied = Union(len(details))
    direct: dict[int, tuple[int, Twin]] = {}
    for twin in twins:
        tied.join(twin.first, twin.second)
        for one, other in ((twin.first, twin.second), (twin.second, twin.first)):
            if one < len(tested) <= other:
                direct.setdefault(one, (other, twin))
    members = defaultdict(list)
    for i in range(len(tested), len(details)):
        members[tied.root(i)].append(i)
    for i, seen in enumerate(tested):
        if i in direct:
            other, twin = direct[i]
            yield Leak(test=seen.name, train=trained[other - len(tested)].name, how=NEAR, correlation=_held(twin.alike))
        elif others := members.get(tied.root(i)):
            likeness = coarse_of(details[others]) @ coarse_of(details[[i]])[0]
            best = int(likeness.argmax())
            name = trained[others[best] - len(tested)].name
            yield Leak(test=seen.name, train=name, how=NEAR, correlation=_held(float(likeness[best])))


def _held(correlation: float) -> float:
    return float(np.clip(correlation, -1, 1))
