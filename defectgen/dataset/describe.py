"""Describing: from a record and its pictures to a `Description`, with the book for families and likely causes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from defectgen.book import RecipeBook, phrase_key
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.description import Described, Description
from defectgen.dataset.instance import Instance, Mask, components, union
from defectgen.dataset.measure import Frame, measure_extent, measure_outline, measure_place
from defectgen.dataset.noun import Noun
from defectgen.dataset.tone import View, level_word, measure_surface, measure_tone, measure_visibility
from defectgen.image import Pixels, to_rgb
from defectgen.lexicon import Lexicon, Match, Meaning, words_of
from defectgen.recipe import Defect, Material
from defectgen.record import GOOD, Record
from defectgen.sample import Sample

__all__ = ["Describer", "find_part"]

LEAST_ON_PART = 0.6
MOST_CAUSES = 3
COUNTED_LAYOUTS = frozenset({"coco", "labelme", "voc", "yolo", "deeppcb"})
"""Layouts of data in which somebody marked each defect by itself; a mask's pieces need not be as many defects."""


@dataclass(frozen=True, eq=False)
class Describer:
    """Describes the records of one set. product: what is inspected, said by the user. mm_per_px: None if unknown."""

    book: RecipeBook
    product: str | None = None
    mm_per_px: float | None = None

    @cached_property
    def _lexicon(self) -> Lexicon:
        names = sorted(self.book.defect_aliases.items(), key=lambda item: item[0] != phrase_key(item[1]))
        return Lexicon((phrase, Meaning("defect", name)) for phrase, name in names)

    def describe(self, data: DefectSet, record: Record) -> Description:
        """Everything that the record's annotation supports; InputError where a picture cannot be read."""
        pixels = data.image(record).pixels
        good = data.good(record)
        instances = sorted(data.instances(record), key=lambda one: -one.area) if record.annotation != "good" else []
        counted = (
            isinstance(record, Sample) or record.annotation == "box" or data.manifest.get("layout") in COUNTED_LAYOUTS
        )
        return self.measure(record, pixels, None if good is None else good.pixels, instances, counted)

    def measure(
        self, record: Record, pixels: Pixels, good: Pixels | None, instances: list[Instance], counted: bool
    ) -> Description:
        """The description of a record with its pictures; instances: the largest first."""
        hw = (int(pixels.shape[0]), int(pixels.shape[1]))
        view = View.of(pixels, good)
        taken = union(instances, hw)
        part = find_part(pixels if good is None or good.shape != pixels.shape else good, instances)
        frame = Frame.of_image(hw) if part is None else Frame.of_part(part)
        known = None if record.defect == GOOD else self.defect(record.defect)
        return Description(
            file_name=record.file_name,
            annotation=record.annotation,
            product=self.product,
            material=record.material,
            width=hw[1],
            height=hw[0],
            defect=record.defect,
            family=None if known is None else known.family,
            defects=tuple(self._one(view, one, taken, part, frame) for one in instances),
            counted=counted,
            frame=frame.box,
            causes=() if known is None else self.causes(known, record),
            surface=measure_surface(view, part),
        )

    def _one(self, view: View, one: Instance, taken: Mask, part: Mask | None, frame: Frame) -> Described:
        hw = (int(view.grey.shape[0]), int(view.grey.shape[1]))
        seen = one.mask is not None and bool(one.mask.any())
        extent = measure_extent(one, frame, self.mm_per_px)
        visibility = measure_visibility(view, one, taken, part, extent.width_px) if seen else None
        return Described(
            defect=one.defect,
            place=measure_place(one, frame, hw),
            extent=extent,
            outline=measure_outline(one.mask) if seen and one.mask is not None else None,
            tone=measure_tone(view, one, taken, part) if seen else None,
            visibility=visibility,
            level=None if visibility is None else level_word(visibility),
        )

    def defect(self, name: str) -> Defect | None:
        """The recipe that a set's own name for a type means, whole: "cracked" is a crack, "fabric fault" is none."""
        match = self._match(name)
        return None if match is None else self.book.defects[match.meaning.name]

    def _match(self, name: str) -> Match | None:
        words = words_of(name)
        return next((one for one in self._lexicon.matches(words) if (one.start, one.end) == (0, len(words))), None)

    def noun(self, name: str) -> Noun:
        """A set's own name for a type as a noun."""
        match = self._match(name)
        return Noun.of(name, None if match is None else match.phrase)

    def material(self, name: str | None) -> Material | None:
        key = None if name is None else self.book.material_aliases.get(phrase_key(name))
        return None if key is None else self.book.materials[key]

    def causes(self, known: Defect, record: Record) -> tuple[str, ...]:
        """Causes of the recipe, where the book knows the material and the defect on it."""
        material = self.material(record.material) or self.material(self.product)
        fits = material is not None and material in self.book.materials_of(known)
        return known.causes[:MOST_CAUSES] if fits else ()


def find_part(pixels: Pixels, instances: list[Instance]) -> Mask | None:
    """Where the one part lies; None where it fills the picture, cannot be told, or misses the defects."""
    from defectgen.mask.foreground import part_foreground

    rgb = np.asarray(np.rint(to_rgb(pixels) * 255), np.uint8)
    part = part_foreground(rgb)
    if part.all() or len(components("part", part)) != 1:
        return None
    return part if all(on_part(part, one) >= LEAST_ON_PART for one in instances) else None


def on_part(part: Mask, one: Instance) -> float:
    """Share of a defect, or of its box, that lies on the part; 1 for one that is covered wholly by others."""
    window = part[one.window]
    here = window if one.mask is None else window[one.mask]
    return float(here.mean()) if here.size else 1.0
