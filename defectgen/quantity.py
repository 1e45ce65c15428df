"""Quantities: what the attribute words and figures of a prompt ask of a defect type, as a `DefectSpec`.

What is not said keeps the spread of the recipe. Units are those of `words`: severity 0 to 1, size as a fraction of the
part's shorter side, direction in degrees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from defectgen.attribute import Number, ranged, shape_overrides
from defectgen.errors import PromptError
from defectgen.lexicon import Match, words_of
from defectgen.recipe import Defect, Range
from defectgen.spec import DefectSpec, Reading
from defectgen.words import COUNT, DIRECTION, ELONGATED, LENGTH, SEVERITY, SIZE, size_from_relative

__all__ = ["ARTICLES", "Quantities"]

DEFAULT_SEVERITY: Range = (0.15, 1.0)
ARTICLES = ("a", "an")


@dataclass
class Quantities:
    """The attributes of one prompt.

    original, words: the prompt's words as typed and as mended. named: the matches that name a defect. of_material:
    whether the words from one place to another stand before the material alone.
    """

    original: Sequence[str]
    words: Sequence[str]
    attributes: Sequence[Match]
    figures: Sequence[Number]
    named: Sequence[Match]
    of_material: Callable[[int, int], bool]
    readings: list[Reading] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def spec(self, text: str, defect: Defect, material: str | None) -> DefectSpec:
        said = {role: self._said(role) for role in ("severity", "orientation", "grain", "region", "shape", "look")}
        params: dict[str, Any] = {}
        for word in said["shape"]:
            params |= self._shape_params(word, defect)
        return DefectSpec(
            prompt=text,
            defect=defect.name,
            material=material,
            severity=severity(said["severity"]),
            size=self._size(defect),
            count=self._count(defect),
            orientation=self._orientation(said["orientation"]),
            grain=said["grain"][0] if said["grain"] else None,  # type: ignore[arg-type]
            region=said["region"][0] if said["region"] else None,
            shape=tuple(said["shape"]),
            params=params,
            adjectives=tuple(said["shape"] + said["look"]),
        )

    def _said(self, role: str) -> list[str]:
        return list(dict.fromkeys(m.meaning.name for m in self.attributes if m.meaning.role == role))

    def _figures(self, role: str) -> list[float]:
        found = [figure for figure in self.figures if figure.role == role]
        for figure in found:
            words = " ".join(self.original[figure.start : figure.end])
            value = f"{figure.value:g}"
            self.readings.append(Reading(words, {"angle": "orientation"}.get(role, role), value, "exact", 1.0))
        return [figure.value for figure in found]

    def _size(self, defect: Defect) -> Range:
        if figures := self._figures("size"):
            if not 0 < figures[0] <= 1:
                raise PromptError(f"size {figures[0]:.0%} is impossible, expected more than 0% and at most 100%")
            return figures[0], figures[0]
        if any(figure.role == "unit" for figure in self.figures):
            self.notices.append("lengths such as mm or px are not read, the scale is unknown; write '5%' of the part")
        words = self._said("size") + self._said("length")
        if not words:
            return defect.size
        low, high = ranged(words[0], SIZE | LENGTH)
        if words[0] in LENGTH and defect.morphology.kind not in ELONGATED:
            self.notices.append(f"{words[0]!r} read as a size: {defect.name} has no length of its own")
        return size_from_relative(defect.size, low), size_from_relative(defect.size, high)

    def _count(self, defect: Defect) -> tuple[int, int]:
        if figures := self._figures("count"):
            if figures[0] < 1:
                raise PromptError(f"the prompt asks for {figures[0]:g} defects, expected at least 1")
            return int(figures[0]), int(figures[0])
        words = self._said("count")
        # The article is the weakest word: "a" scratch and "a cluster of" pits say different things.
        words.sort(key=lambda word: word in ARTICLES)
        if words and (words[0] not in ARTICLES or self._article_counts()):
            return COUNT[words[0]]
        return (2, max(3, defect.placement.count[1])) if self._in_plural(defect.name) else defect.placement.count

    def _article_counts(self) -> bool:
        """Whether the article stands before the defect and not only before the material."""
        first = min((m.start for m in self.named), default=0)
        articles = [m.start for m in self.attributes if m.meaning.role == "count" and m.start < first]
        return any(not self.of_material(a, first) for a in articles)

    def _in_plural(self, defect: str) -> bool:
        for match in self.named:
            word, phrase = self.words[match.end - 1], words_of(match.phrase)[-1]
            if match.meaning.name == defect and word.endswith("s") and not phrase.endswith("s"):
                return True
            if word in (f"{defect}s", f"{defect}es"):
                return True
        return False

    def _orientation(self, words: list[str]) -> float | None:
        if figures := self._figures("angle"):
            return figures[0]
        return DIRECTION[words[0]] if words else None

    def _shape_params(self, word: str, defect: Defect) -> dict[str, Any]:
        params = shape_overrides(word, defect.morphology.kind)
        if not params:
            self.notices.append(f"{word!r} changes no parameter of {defect.name}; it only goes into the caption")
        return params


def severity(words: Sequence[str]) -> Range:
    if not words:
        return DEFAULT_SEVERITY
    low, high = ranged(words[0], SEVERITY)
    return max(low, 0.0), min(high, 1.0)
