"""Lessons: the windows that a fine-tuning draws from, as shards of their own.

    real        windows around the shots' defects, with their pseudo-good or true good twins, and clean windows
    ratio       defects of the book on the user's own good pictures: other words keep their meaning on this surface
    rendered    rehearsal: what the base model was trained on, so that it is not forgotten (Robins 1995)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.book import RecipeBook, phrase_key
from defectgen.caption import caption
from defectgen.errors import InputError
from defectgen.model.reference import ReferenceEncoder
from defectgen.model.text import TextEncoder
from defectgen.recipe import Material
from defectgen.train.donor import DonorShelf, recipe_of
from defectgen.train.pair import Pair, draw_blob, ratio_window, rendered_window
from defectgen.train.pseudo_good import remove
from defectgen.train.real import RealPicture
from defectgen.train.real_pair import clean_window, defect_window
from defectgen.train.shard import write_shard
from defectgen.train.shots import Shot, Shots

__all__ = ["Lesson", "defect_pairs", "rehearsal_pairs", "write_lesson"]

CLEAN_SHARE = 0.15
PLAIN_WORDS, OWN_WORDS = 0.3, 0.3
MOST_TRIES = 40
U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Lesson:
    """How many windows of each origin; val, rehearsal: kept to judge by, of the defects and of other ones."""

    real: int = 320
    ratio: int = 96
    rendered: int = 96
    val: int = 24
    rehearsal: int = 16


def write_lesson(
    folder: Path, shots: Shots, book: RecipeBook, shelf: DonorShelf, lesson: Lesson, seed: int, encoder: TextEncoder,
    eyes: ReferenceEncoder,
) -> None:  # fmt: skip
    """One shard an origin; those that are there already are kept. shelf: donors of drafts."""
    sources: dict[str, tuple[int, Callable[[np.random.Generator], Pair | None]]] = {
        "real": (lesson.real, _real(shots, book, shelf)),
        "rendered": (lesson.rendered, lambda rng: rendered_window(book, rng)),
    }
    if shots.good:
        sources["ratio"] = (lesson.ratio, _ratio(shots.good, book))
    for number, (origin, (count, draw)) in enumerate(sorted(sources.items())):
        place = folder / f"shard-{origin}-0000"
        if count and not place.exists():
            rng = np.random.default_rng([seed, 31, number])
            write_shard(place, list(_drawn(draw, count, rng, origin)), encoder, eyes, rng)


def defect_pairs(
    shots: Sequence[Shot], book: RecipeBook, shelf: DonorShelf, count: int, rng: np.random.Generator
) -> list[Pair]:
    """Windows around the defects of these shots."""
    return list(_drawn(lambda r: _defect(shots, book, shelf, r), count, rng, "real"))


def rehearsal_pairs(book: RecipeBook, count: int, rng: np.random.Generator) -> list[Pair]:
    """Rendered windows of any defect of the book."""
    return list(_drawn(lambda r: rendered_window(book, r), count, rng, "rendered"))


def _drawn(
    draw: Callable[[np.random.Generator], Pair | None], count: int, rng: np.random.Generator, origin: str
) -> Iterator[Pair]:
    for _ in range(count):
        pair = next((p for p in (draw(rng) for _ in range(MOST_TRIES)) if p is not None), None)
        if pair is None:
            raise InputError(
                f"no usable {origin} window in {MOST_TRIES} tries: the defects cannot be seen or fill the pictures; "
                "check the masks with defectgen sets show"
            )
        yield pair


def _real(shots: Shots, book: RecipeBook, shelf: DonorShelf) -> Callable[[np.random.Generator], Pair | None]:
    def draw(rng: np.random.Generator) -> Pair | None:
        if shots.good and rng.random() < CLEAN_SHARE:
            picture = shots.good[int(rng.integers(len(shots.good)))]
            return clean_window(picture, draw_blob(book, rng), rng)
        return _defect(shots.train, book, shelf, rng)

    return draw


def _defect(
    shots: Sequence[Shot], book: RecipeBook, shelf: DonorShelf, rng: np.random.Generator
) -> Pair | None:
    """Types weigh alike, however many pictures each has."""
    names = sorted({name for shot in shots for name, _ in shot.picture.defects})
    name = names[int(rng.integers(len(names)))]
    members = [shot for shot in shots if any(n == name for n, _ in shot.picture.defects)]
    shot = members[int(rng.integers(len(members)))]
    mask = np.any([m for _, m in shot.picture.defects], axis=0)
    good = shot.good if shot.good is not None else remove(shot.picture.rgb, mask, mask, rng)
    found = defect_window(shot.picture, good, book, rng)
    if not found:
        return None
    pair = shelf.drafted(found[0], recipe_of(name, book), shot.picture.group, rng)
    return replace(pair, text=_words(pair.text, shot, book, rng))


def _words(text: str, shot: Shot, book: RecipeBook, rng: np.random.Generator) -> str:
    """The set's own caption, the plain name, or one of the many ways that `synth` may put it."""
    name = text.split(" on ")[0]
    die = float(rng.random())
    if (die < OWN_WORDS and shot.text) or phrase_key(name) not in book.defect_aliases:
        return shot.text or text
    if die < OWN_WORDS + PLAIN_WORDS:
        return text
    key = phrase_key(shot.picture.material)
    material: Material | None = book.material(key) if key in book.material_aliases else None
    return caption(
        book.defect(name), material, severity=None, size=None, count=1, orientation=None, region=None, rng=rng
    )


def _ratio(good: Sequence[RealPicture], book: RecipeBook) -> Callable[[np.random.Generator], Pair | None]:
    def draw(rng: np.random.Generator) -> Pair | None:
        picture = good[int(rng.integers(len(good)))]
        key = phrase_key(picture.material)
        material = book.material(key) if key in book.material_aliases else None
        kind = "metal" if material is not None and "metals" in material.groups else "dielectric"
        return ratio_window(picture.rgb, material, kind, book, rng)  # type: ignore[arg-type]

    return draw

