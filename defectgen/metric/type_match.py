"""Which defect types two collections share, and what of them can be compared.

Names are the same where only case, spaces, dots, hyphens and underscores differ; the real side's spelling counts. Where
types are shared the others are left out, since a set of cracks should not answer for dents. Where one side knows no
types, or none is shared, everything is compared with everything, and a note says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from defectgen.metric.collection import UNKNOWN, Collection
from defectgen.record import GOOD

__all__ = ["TypeMatch", "match_types"]


@dataclass(frozen=True)
class TypeMatch:
    """Both collections as they are compared, good pictures included. left_out: pictures by type, of either side."""

    synth: Collection
    real: Collection
    left_out: tuple[dict[str, int], dict[str, int]]
    notes: tuple[str, ...]


def match_types(synth: Collection, real: Collection) -> TypeMatch:
    """The pictures whose types both sides have; all of them where types cannot be matched."""
    spelling = {_key(name): name for name in real.defects}
    renamed = _rename(synth, spelling)
    types = [set(side.defects) - {UNKNOWN} for side in (renamed, real)]
    shared = types[0] & types[1]
    if shared:
        return _of_shared(renamed, real, shared)
    if not types[0] or not types[1]:
        blind = " and ".join(name for name, known in zip(("SET", "REAL"), types, strict=True) if not known)
        note = f"no defect types are known of {blind}; all pictures are compared with all"
    else:
        said = [", ".join(sorted(known)) for known in types]
        note = f"no defect type is in both (SET: {said[0]}; REAL: {said[1]}); all pictures are compared with all"
    return TypeMatch(renamed, real, ({}, {}), (note,))


def _of_shared(synth: Collection, real: Collection, shared: set[str]) -> TypeMatch:
    kept = [side.keep(lambda item: item.is_good or item.defect in shared) for side in (synth, real)]
    gone = [_others(side, shared) for side in (synth, real)]
    notes = [
        f"only {name} has {', '.join(f'{defect} ({n:,})' for defect, n in counts.items())}: not compared"
        for name, counts in zip(("SET", "REAL"), gone, strict=True)
        if counts
    ]
    return TypeMatch(kept[0], kept[1], (gone[0], gone[1]), tuple(notes))


def _others(side: Collection, shared: set[str]) -> dict[str, int]:
    counts = Counter(item.defect for item in side.items if not item.is_good and item.defect not in shared)
    return dict(sorted(counts.items()))


def _rename(collection: Collection, spelling: dict[str, str]) -> Collection:
    items = tuple(
        item if item.defect == GOOD else replace(item, defect=spelling.get(_key(item.defect), item.defect))
        for item in collection.items
    )
    return replace(collection, items=items)


def _key(name: str) -> str:
    return "".join(character for character in name.casefold() if character not in " .-_")
