"""Wording: a description as one to three English sentences of 20 to 60 words, in one of many phrasings.

Nothing is said that the description does not hold. A cause is never measured and always called likely.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from defectgen.caption import REGION_PHRASES, draw, said
from defectgen.dataset.description import Cell, Described, Description, Extent, Place
from defectgen.dataset.noun import Noun, article, joined, number_word, part_noun
from defectgen.dataset.tone import LEAST_CONTRAST
from defectgen.words import direction_word

__all__ = ["LEAST_WORDS", "MOST_WORDS", "Writer", "extent_phrase", "orientation_phrase", "percent", "region_phrases"]

LEAST_WORDS, MOST_WORDS = 20, 60
UPRIGHT = 7.5  # degrees from an axis that still count as along it
EVEN, UNEVEN = 6.0, 25.0  # spread of local brightness, grey levels
MOST_TYPES, MOST_OTHERS = 3, 4
ACROSS = {
    "width": {"top": "across most of the width near the top", "middle": "across most of the width at mid-height",
              "bottom": "across most of the width near the bottom"},
    "height": {"left": "over most of the height on the left", "middle": "over most of the height in the middle",
               "right": "over most of the height on the right"},
}  # fmt: skip
MEAN_SPREADS = 1.5  # a contrast below so many spreads holds on average, not everywhere
STRENGTHS = ((12.0, "slightly "), (45.0, ""), (256.0, "much "))


def percent(value: float) -> str:
    """A share as one writes it: "12%", "3.4%", "0.07%", "less than 0.01%"."""
    if value < 0.01:
        return "less than 0.01%"
    places = 0 if value >= 10 else 1 if value >= 1 else 2
    return f"{value:.{places}f}%"


def length(px: float, mm: float | None, digits: int = 0) -> str:
    text = f"{px:.{digits}f} px" if px >= 3 or digits else f"{px:.1f} px".replace(".0 px", " px")
    return text if mm is None else f"{text} ({mm:.3g} mm)"


def region_phrases(cell: Cell) -> list[str]:
    """Words for one of nine cells that can be followed by "of the part"."""
    return [phrase for phrase in REGION_PHRASES[cell] if not phrase.endswith(("part", "center"))]


def orientation_phrase(degrees: float) -> str:
    """How a line runs, after "runs"."""
    if direction_word(degrees, UPRIGHT) == "horizontal":
        return "horizontally"
    if direction_word(degrees, UPRIGHT) == "vertical":
        return "vertically"
    tilt, way = (degrees, "rising") if degrees < 90 else (180 - degrees, "falling")
    if direction_word(degrees, UPRIGHT) == "diagonal":
        return f"diagonally, {way} to the right"
    return f"at about {tilt:.0f}° to the horizontal, {way} to the right"


def extent_phrase(one: Described) -> str:
    """How large, after "is": "about 120 px long and 4 px wide"."""
    extent = one.extent
    if one.outline is not None and one.outline.form in ("elongated", "branching"):
        return f"about {length(extent.length_px, extent.length_mm)} long and {breadth(extent)} wide"
    if extent.length_px - extent.width_px < 0.15 * extent.length_px:
        return f"about {length(extent.length_px, extent.length_mm)} across"
    if extent.length_mm is not None and extent.width_mm is not None:
        mm = f" ({extent.length_mm:.3g} by {extent.width_mm:.3g} mm)"
    else:
        mm = ""
    return f"about {extent.length_px:.0f} by {extent.width_px:.0f} px{mm}"


def breadth(extent: Extent) -> str:
    return length(extent.width_px, extent.width_mm)


@dataclass(frozen=True, eq=False)
class Writer:
    """Writes one description. noun: gives the noun for a set's own name of a type."""

    description: Description
    noun: Callable[[str], Noun]
    rng: np.random.Generator

    def caption(self) -> str:
        """The caption; the same words for the same generator."""
        told = self.description
        if told.annotation == "good":
            sentences = self.good()
        elif not told.defects:
            sentences = self.unplaced()
        else:
            sentences = self.single() if told.count == 1 else self.several()
        return fitted(sentences)

    @property
    def part(self) -> str:
        """What is inspected, to follow "the"."""
        return part_noun(self.description.product, self.description.material) or "part"

    # ------------------------------------------------------------------ places

    def frame(self, place: Place) -> str:
        return "image" if place.reference == "image" else self.part

    def where(self, place: Place) -> str:
        """Where, with what it refers to: "in the top left of the image"."""
        return f"{self.spot(place)} of the {self.frame(place)}"

    def spot(self, place: Place) -> str:
        if place.spans == "both":
            return "over most of the width and height"
        if place.spans is None:
            return draw(region_phrases(place.cell), self.rng)
        words = ACROSS[place.spans]
        return next((phrase for word, phrase in words.items() if word in place.cell.split("-")), words["middle"])

    # ------------------------------------------------------------------ sentences

    def looks(self, one: Described) -> list[str]:
        words = [] if one.level is None else [one.level]
        form = None if one.outline is None or one.outline.form == "compact" else one.outline.form
        course = None if one.outline is None or one.outline.course is None else one.outline.course
        return [*words, *filter(None, [course or form])]

    def named(self, one: Described, chance: float = 0.8) -> str:
        return self.noun(one.defect).counted(1, [word for word in self.looks(one) if said(self.rng, chance)])

    def single(self) -> list[list[str]]:
        one = self.description.defects[0]
        return [[self.lead(one)], [self.size_sentence(one), self.plain_size(one)], self.closing(one)]

    def lead(self, one: Described) -> str:
        what, place = self.named(one), self.where(one.place)
        on = "" if one.place.reference == "part" else f" on the {self.part}"
        shown = draw(("is visible", "can be seen", "is found", "appears"), self.rng)
        verb = draw(("shows", "has", "bears"), self.rng)
        options = [
            f"{what}{on} {shown} {place}",
            f"{place}, {what} {shown}{on}",
            f"the {self.part} {verb} {what} {self.short_where(one.place)}",
        ]
        return draw(options, self.rng)

    def short_where(self, place: Place) -> str:
        """As `where`, after a sentence that has named the part already."""
        return self.where(place) if place.reference == "image" else f"{self.spot(place)} of it"

    def size_sentence(self, one: Described) -> str:
        extent, outline = one.extent, one.outline
        area = f"covers {percent(extent.percent)} of the {self.frame(one.place)}"
        if extent.basis == "box":
            return self.box_sentence(one)
        clauses = [f"is {extent_phrase(one)}", area]
        if outline is not None and outline.orientation is not None:
            clauses.insert(int(self.rng.integers(2)), f"runs {orientation_phrase(outline.orientation)}")
        if outline is not None and outline.pieces > 1:
            clauses.append(f"is broken into {number_word(outline.pieces)} pieces")
        subject = draw(("it", f"the {self.bare(one)}"), self.rng)
        return f"{subject} {serial(clauses)}"

    def plain_size(self, one: Described) -> str:
        if one.extent.basis == "box":
            return self.box_sentence(one)
        return f"it is {extent_phrase(one)} and covers {percent(one.extent.percent)} of the {self.frame(one.place)}"

    def box_sentence(self, one: Described) -> str:
        x0, y0, x1, y1 = one.place.box
        width = round((x1 - x0) * self.description.width)
        height = round((y1 - y0) * self.description.height)
        share = f"{percent(one.extent.percent)} of the {self.frame(one.place)}"
        return f"its bounding box is {width} px wide and {height} px high and takes up {share}"

    def bare(self, one: Described) -> str:
        """A short name to come back to a defect by."""
        text = self.noun(one.defect).text
        return "defect" if text.startswith("“") else text

    def closing(self, one: Described) -> list[str]:
        """From everything that may stand last to less and less."""
        tone, cause = self.tone_clause(one), self.cause_clause()
        return [*([f"{tone}; {cause}"] if tone and cause else []), *filter(None, [tone, cause])]

    def tone_clause(self, one: Described) -> str:
        tone = one.tone
        if tone is None:
            return ""
        border = "" if tone.border is None else article(f"{tone.border} border")
        looks = [draw((f"its border is {tone.border}", f"it has {border}"), self.rng)] if border else []
        hue = "" if tone.hue is None else f" and {'greyish' if tone.hue == 'grey' else tone.hue} in colour"
        if tone.side == "mixed":
            first = f"it shows parts both lighter and darker than its surround{hue}"
        elif tone.side is not None:
            mean = " on average" if abs(tone.contrast) < MEAN_SPREADS * tone.spread else ""
            first = f"it is{mean} {self.step(tone.contrast, tone.side)}{hue}"
        elif hue:
            first = f"it is{hue.removeprefix(' and')}"
        elif abs(tone.contrast) < LEAST_CONTRAST:
            first = "it differs little in brightness from its surround"
        else:
            side = "darker" if tone.contrast < 0 else "lighter"
            first = f"it is about {abs(tone.contrast):.0f} grey levels {side} on average than its uneven surround"
        return ", and ".join([first, *looks])

    def step(self, contrast: float, side: str) -> str:
        size = abs(contrast)
        word = next(word for most, word in STRENGTHS if size < most)
        options = (
            f"{word}{side} than its surround by about {size:.0f} grey levels",
            f"about {size:.0f} grey levels {side} than its surround",
            f"{word}{side} than the surface around it, by about {size:.0f} grey levels",
        )
        return draw(options, self.rng)

    def cause_clause(self) -> str:
        causes = self.description.causes
        if not causes:
            return ""
        if len(causes) == 1:
            return draw((f"a likely cause is {causes[0]}", f"it is likely due to {causes[0]}"), self.rng)
        return draw((f"likely causes are {joined(causes)}", f"a likely cause is {either(causes)}"), self.rng)

    # ------------------------------------------------------------------ several defects

    def several(self) -> list[list[str]]:
        told = self.description
        largest = told.defects[0]
        listed = self.listed()
        on = draw((f"on the {self.part}", f"in this image of the {self.part}"), self.rng)
        shown = draw(("are visible", "can be seen", "are found"), self.rng)
        has = draw(("shows", "has"), self.rng)
        first = draw((f"{listed} {shown} {on}", f"the {self.part} {has} {listed}"), self.rng)
        return [[first], [self.largest(largest, True), self.largest(largest, False)], self.rest()]

    def listed(self) -> str:
        """The types with their counts, most frequent first: "two cracks and a pit", or the pieces of a mask."""
        counts: dict[str, int] = {}
        for one in self.description.defects:
            counts[one.defect] = counts.get(one.defect, 0) + 1
        ranked = sorted(counts.items(), key=lambda item: -item[1])
        if not self.description.counted:
            return self.regions(ranked)
        phrases = [self.noun(name).counted(n) for name, n in ranked[:MOST_TYPES]]
        more = sum(n for _, n in ranked[MOST_TYPES:])
        ending = [Noun("other defect", False).counted(more) if more > 1 else "one other defect"]
        return joined([*phrases, *(ending if more else [])])

    def regions(self, ranked: Sequence[tuple[str, int]]) -> str:
        """As many regions as the mask has pieces, which need not be as many defects."""
        if len(ranked) == 1:
            return self.noun(ranked[0][0]).regions(ranked[0][1])
        shares = [f"{number_word(n)} of {self.noun(name).text}" for name, n in ranked]
        return f"{number_word(self.description.count)} separate regions ({joined(shares)})"

    def largest(self, one: Described, full: bool) -> str:
        extent, outline = one.extent, one.outline
        same = len({other.defect for other in self.description.defects}) == 1
        looks = self.looks(one) if full else []
        noun = self.noun(one.defect)
        area = "an area of " if noun.mass else ""
        what = "the largest" if same and not looks else f"the largest, {area}{noun.counted(1, looks)},"
        lies = draw(("lies", "is located"), self.rng)
        if extent.basis == "box":
            return f"{what} {lies} {self.where(one.place)}; {self.box_sentence(one)}"
        clauses = [f"{lies} {self.where(one.place)}", f"is {extent_phrase(one)}"]
        if full and outline is not None and outline.orientation is not None:
            clauses.append(f"runs {orientation_phrase(outline.orientation)}")
        return f"{what} {serial(clauses)}"

    def rest(self) -> list[str]:
        """What is said of the others, at most in few words."""
        others = self.description.defects[1:]
        together = f"together they cover {percent(self.total())} of the {self.frame(others[0].place)}"
        exact = all(one.extent.basis == "mask" for one in self.description.defects)
        ends = [together] if exact else []
        placed = self.others(others)
        cause = self.cause_clause() if len({one.defect for one in self.description.defects}) == 1 else ""
        tone = self.tone_clause(self.description.defects[0])
        if tone and (not placed or said(self.rng, 0.5)):
            ends = [f"the largest{tone.removeprefix('it')}" if tone.startswith("it ") else f"of the largest, {tone}"]
        full = "; ".join(filter(None, [placed, *ends, cause.replace("it is", "they are")]))
        return [text for text in (full, "; ".join(filter(None, [placed, *ends])), placed, *ends) if text]

    def others(self, others: Sequence[Described]) -> str:
        cells = list(dict.fromkeys(one.place.cell for one in others if one.place.spans is None))
        if len(others) > MOST_OTHERS or any(one.place.spans for one in others):
            return ""
        spots = joined([draw(region_phrases(cell), self.rng) for cell in cells])
        return f"the other{'s lie' if len(others) > 1 else ' lies'} {spots}"

    def total(self) -> float:
        return sum(one.extent.percent for one in self.description.defects)

    def change(self) -> str:
        """What sets a picture apart from its good one, as an answer."""
        one = self.description.defects[0]
        if self.description.count == 1:
            first = f"{self.named(one)} has appeared {self.where(one.place)}"
            return fitted([[first], [self.plain_size(one)], [self.tone_clause(one)]])
        return fitted([[f"{self.listed()} have appeared"], [self.largest(one, True)], self.rest()])

    # ------------------------------------------------------------------ without a place

    def good(self) -> list[list[str]]:
        name = self.part.removesuffix(" surface")
        sample = name if self.description.product or self.part == "part" else f"{name} sample"
        options = (
            f"{article(f'good {sample}')} without labelled defects",
            f"this {sample} is labelled as good",
            f"{article(f'good {sample}')}, with no defect marked",
            f"no defect is marked on this {sample}",
        )
        first = draw(options, self.rng)
        return [[first], [self.surface_sentence()]]

    def surface_sentence(self) -> str:
        surface = self.description.surface
        over = "image" if surface.part_percent is None else self.part
        varies = (
            "varies little" if surface.unevenness <= EVEN else
            "varies strongly" if surface.unevenness >= UNEVEN else "varies"
        )  # fmt: skip
        hue = "" if surface.hue is None else f", its average colour is {surface.hue}"
        share = surface.part_percent
        takes = "" if share is None else f"; the {self.part} takes up {percent(share)} of the image"
        return (
            f"the mean brightness of the {over} is about {surface.brightness:.0f} of 255 grey levels{hue}, and the "
            f"brightness {varies} across it, by about {surface.unevenness:.0f} levels from place to place{takes}"
        )

    def unplaced(self) -> list[list[str]]:
        noun = self.noun(self.description.defect)
        about = draw((f"the {self.part} in this image", f"this image of the {self.part}"), self.rng)
        first = f"{about} is labelled as defective"
        kind = "" if noun.text == "defect" else f", with the type {noun.text}"
        marked = draw(("no region is marked", "the label marks no region"), self.rng)
        unknown = f"{marked}, so that the place and the size of the defect are not stated"
        return [[f"{first}{kind}"], [unknown], [self.cause_clause()]]


def either(phrases: Sequence[str]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} or {phrases[-1]}"


def serial(clauses: Sequence[str]) -> str:
    """Clauses of one subject; a comma keeps apart those that have commas of their own."""
    if len(clauses) == 1:
        return clauses[0]
    inner = any("," in clause for clause in clauses[:-1])
    return f"{', '.join(clauses[:-1])}{',' if inner or len(clauses) > 2 else ''} and {clauses[-1]}"


def fitted(sentences: Sequence[Sequence[str]]) -> str:
    """One sentence of each group, the fullest that keep within the limit; the last groups give way first."""
    chosen = [list(group) for group in sentences if any(group)]
    text = written(chosen)
    while len(text.split()) > MOST_WORDS:
        group = next((group for group in reversed(chosen) if len(group) > 1), None)
        if group is not None:
            group.pop(0)
        else:
            chosen.pop()
        text = written(chosen)
    return text


def written(groups: Sequence[Sequence[str]]) -> str:
    return " ".join(f"{capital(next(text for text in group if text))}." for group in groups)


def capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
