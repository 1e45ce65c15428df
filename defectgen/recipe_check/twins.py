"""Twins: two defect types that no picture could tell apart.

Types of one shape are compared in everything that shows: parameters of the shape, change of the surface, size, number,
region, direction to the grain. The distance of two types is the largest difference of any one of these, each relative
to its own scale: the larger of the two values, or the least difference that one notices if that is more. A distance
below TWINS makes them twins, unless they occur on different materials. Words, causes and standards do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from defectgen.book import RecipeBook
from defectgen.mask.params import shape_params
from defectgen.recipe import Defect, SurfaceChange

__all__ = ["TWINS", "Twins", "distance", "find_twins", "visible"]

TWINS = 0.15
GAMMA = 1 / 2.2

# Values of each parameter below which a difference is measured against the scale instead of the value.
SCALES = {
    "width": 0.01, "hairline": 0.5, "taper": 0.7, "branching": 2.0, "tortuosity": 0.5, "gaps": 0.3, "spread": 0.1,
    "curvature": 0.5, "skips": 0.4, "radius": 0.03, "dispersion": 0.6, "cluster": 0.6, "aspect": 0.5, "lobes": 2.0,
    "runs": 2.0, "satellites": 4.0, "rim": 0.6, "facets": 6.0, "bites": 2.0, "domes": 2.0, "waviness": 0.4,
    "spacing": 0.1, "tear": 0.5, "islands": 2.0, "curl": 0.5, "pitch": 0.03, "smear": 1.0, "throw": 0.7, "count": 2.0,
    "depth": 1.0, "lip": 0.8, "opacity": 0.5, "albedo": 1.0, "roughness": 0.4, "metalness": 0.6, "mottle": 0.7,
    "glint": 0.9, "void": 0.6, "grit": 0.4, "along": 1.0, "through": 0.7, "front": 0.7, "feather": 0.7, "heat": 0.6,
    "tint": 0.6, "tint_to": 0.9, "size": 0.02,
}  # fmt: skip
SCALE = 0.4

Value = float | str
Look = Mapping[str, Value]


@dataclass(frozen=True)
class Twins:
    """Two types that look alike, and the difference that comes nearest to showing."""

    first: str
    second: str
    distance: float
    closest: str

    def message(self, name: str) -> str:
        """What is wrong, said to the type of this name."""
        other = self.second if name == self.first else self.first
        return (
            f"{name!r} and {other!r} are twins: shape, surface change, size, number and place are equal or nearly so "
            f"({self.closest}), on materials they share; change something that shows by more than {TWINS:.0%}, "
            "list other materials, or make one a synonym of the other"
        )


def find_twins(book: RecipeBook) -> Iterator[Twins]:
    """Every pair of types that look alike."""
    looks = {name: visible(defect) for name, defect in book.defects.items()}
    places = {name: frozenset(m.name for m in book.materials_of(d)) for name, d in book.defects.items()}
    by_kind: dict[str, list[str]] = {}
    for name, defect in book.defects.items():
        by_kind.setdefault(defect.morphology.kind, []).append(name)
    for names in by_kind.values():
        for a, b in combinations(names, 2):
            # Most pairs differ in the first few keys; only twins are measured in full.
            if not differ(looks[a], looks[b]) and (places[a] & places[b] or places[a] == places[b]):
                far, closest = distance(looks[a], looks[b])
                yield Twins(a, b, far, closest)


def differ(a: Look, b: Look) -> bool:
    return any(difference(key, a.get(key), b.get(key)) >= TWINS for key in (*a, *(key for key in b if key not in a)))


def distance(a: Look, b: Look) -> tuple[float, str]:
    """The largest difference of two types of one shape, and in words where it is."""
    keys = [*a, *(key for key in b if key not in a)]
    far, key = max((difference(key, a.get(key), b.get(key)), key) for key in keys)
    return far, f"{key} {said(a.get(key))} and {said(b.get(key))}" if far else "every number is the same"


def said(value: Value | None) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def difference(key: str, a: Value | None, b: Value | None) -> float:
    """0 for equal values, 1 for different words or for a colour that only one has."""
    if isinstance(a, str) or isinstance(b, str) or a is None or b is None:
        return float(a != b)
    return abs(a - b) / max(abs(a), abs(b), SCALES.get(key.split(".")[1], SCALE))


def visible(defect: Defect) -> dict[str, Value]:
    """Everything of a type that shows, as numbers and words by key."""
    found: dict[str, Value] = {}
    put(found, "placement.size", defect.size)
    put(found, "placement.region", defect.placement.region)
    put(found, "placement.grain", defect.placement.grain)
    put(found, "placement.follow", defect.placement.follow)
    put(found, "placement.count", defect.placement.count)
    for name, value in shape_params(defect.morphology.kind, defect.morphology.params):
        put(found, f"params.{name}", value)
    for name, value in surface(defect.change).items():
        put(found, f"change.{name}", value)
    return found


def surface(change: SurfaceChange) -> dict[str, object]:
    """The keys of a surface change that do anything: without a tint nothing covers, without a depth nothing dips."""
    found = {name: value for name, value in change if name not in ("tint", "tint_to")}
    covers = change.tint is not None and max(change.opacity) > 0
    idle = [] if covers else ["opacity", "rim", "through", "front", "feather"]
    idle += [] if any(change.depth) else ["section", "lip"]
    for name in idle:
        del found[name]
    if covers:
        tints = {"tint": change.tint, "tint_to": change.tint_to or change.tint}
        found |= {name: tuple(c**GAMMA for c in colour) for name, colour in tints.items() if colour is not None}
    return found


def put(found: dict[str, Value], key: str, value: object) -> None:
    """One value, or each part of a range or a colour."""
    if isinstance(value, tuple):
        for i, part in enumerate(value):
            put(found, f"{key}.{i}", part)
    else:
        found[key] = value if isinstance(value, str) else float(str(value))
