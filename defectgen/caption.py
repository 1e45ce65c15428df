"""Captions: one line of plain words for one defect on one material.

Training draws from many phrasings, so that the network meets a defect under all its names and with any of its
attributes left unsaid; `synth` says everything it knows in one fixed order. Every caption fits the encoder's length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from defectgen.recipe import Defect, Material
from defectgen.words import COUNT, ELONGATED, LENGTH, SEVERITY, SIZE, direction_word, size_to_relative, words_at

if TYPE_CHECKING:
    import numpy as np

    from defectgen.book import RecipeBook

Choice = TypeVar("Choice")

__all__ = ["canonical_caption", "caption", "good_caption", "plural", "training_captions"]

MASS_WORDS = frozenset({
    "rust", "oil", "dust", "grease", "dirt", "grime", "soil", "ink", "corrosion", "contamination", "lint", "fluff",
    "debris", "powder", "grit", "sand", "sawdust", "tarnish", "verdigris", "residue", "limescale", "delamination",
    "oxidation", "discoloration", "discolouration", "flash", "material", "dye", "fatigue", "cavitation", "oxide",
    "patina", "slag", "spatter", "porosity", "abrasion", "damage", "breakage", "moisture", "water", "paint", "glue",
    "scale", "mould", "mold", "mildew", "shrinkage", "efflorescence", "foam", "soot",
})  # fmt: skip
MASS_ENDINGS = ("ing", "ity", "age", "ness")
PLURAL_ENDINGS = {"man": "men", "fish": "fish", "knife": "knives", "leaf": "leaves"}
NOT_NOUNS = frozenset({
    "bent", "broken", "torn", "loose", "worn", "stray", "burnt", "pale", "dark", "overbaked", "underbaked",
    "swollen", "off", "short",
})  # fmt: skip

REGION_PHRASES: dict[str, tuple[str, ...]] = {
    "edge": ("near the edge", "at the edge", "close to the border", "along the edge"),
    "corner": ("in the corner", "near a corner", "at the corner"),
    "centre": ("in the centre", "in the middle", "in the center"),
    "top": ("near the top", "in the upper part", "at the top"),
    "bottom": ("near the bottom", "in the lower part", "at the bottom"),
    "left": ("on the left", "near the left side"),
    "right": ("on the right", "near the right side"),
    "top-left": ("in the top left", "at the upper left"),
    "top-right": ("in the top right", "at the upper right"),
    "bottom-left": ("in the bottom left", "at the lower left"),
    "bottom-right": ("in the bottom right", "at the lower right"),
}
LIKE_YOU = ("uni", "use", "usu", "eu", "one", "uv")
INTO_SURFACE = frozenset({"crack", "pit", "chip", "hole", "weave"})
DIRECTION_SYNONYMS = {
    "horizontal": ("horizontal", "sideways"),
    "vertical": ("vertical", "upright"),
    "diagonal": ("diagonal", "slanted", "oblique"),
}
FEW, MANY = ("several", "a few", "multiple"), ("many", "numerous", "scattered", "a cluster of")
GOOD_CAPTIONS = ("no defect", "good part", "clean surface", "flawless", "without defects")


def caption(
    defect: Defect,
    material: Material | None,
    *,
    severity: float | None,
    size: float | None,
    count: int,
    orientation: float | None,
    region: str | None,
    rng: np.random.Generator,
    looks: Sequence[str] = (),
) -> str:
    """A random phrasing; attributes that are None, and some at random, go unsaid.

    severity: [0, 1]. size: fraction of the part's shorter side. orientation: degrees. region: one of `words.REGIONS`.
    looks: further adjectives, such as "branching".
    """
    noun, many = draw_noun(defect, count, rng)
    adjectives = [word for word in looks if said(rng, 0.7)]
    adjectives += draw_adjectives(defect, noun, severity, size, orientation, rng)
    surface = draw(material_names(material), rng) if material is not None and said(rng, 0.75) else None
    place = draw(REGION_PHRASES[region], rng) if region is not None and said(rng, 0.3) else None
    short = " ".join([*adjectives[:1], noun])
    full = " ".join([*counted(count, many, rng), *adjectives, noun])
    return arrange(short, with_article(full) if not many and said(rng, 0.5) else full, surface, place, defect, rng)


def canonical_caption(
    defect: Defect,
    material: Material | None,
    *,
    severity: float | None = None,
    size: float | None = None,
    count: int = 1,
    orientation: float | None = None,
    region: str | None = None,
    looks: Sequence[str] = (),
) -> str:
    """The one fixed phrasing: everything that is known, under the names of the recipes."""
    noun = spaced(defect.name)
    words = [] if severity is None or starts_with(noun, SEVERITY) else severity_words(defect, severity)[:1]
    words += [] if size is None else size_words(defect, size)[:1]
    words += [] if orientation is None else filter(None, [direction_word(orientation)])
    several = count > 1 and not is_mass(noun)
    number = next((word for word, span in COUNT.items() if span == (count, count)), str(count))
    phrase = " ".join([*([number] if several else []), *words, *looks, plural(noun) if several else noun])
    parts = [phrase if several or is_mass(noun) or is_plural(noun) else with_article(phrase)]
    parts += [] if material is None else ["on", spaced(material.name)]
    parts += [] if region is None else [REGION_PHRASES[region][0]]
    return " ".join(parts)


def good_caption(material: Material | None, rng: np.random.Generator) -> str:
    """A caption for a window that stays as it is."""
    plain = draw(GOOD_CAPTIONS, rng)
    if material is None or said(rng, 0.4):
        return plain
    surface = draw(material_names(material), rng)
    return draw((f"good {surface}", f"{surface}, {plain}", f"clean {surface}", f"{surface} without defects"), rng)


def training_captions(book: RecipeBook, rng: np.random.Generator) -> Iterator[str]:
    """Endless captions over all defects, their materials and all attributes, as training draws them."""
    defects = tuple(book.defects.values())
    while True:
        defect = defects[int(rng.integers(len(defects)))]
        low, high = defect.size
        yield caption(
            defect,
            draw(book.materials_of(defect) or (None,), rng),
            severity=float(rng.random()),
            size=float(low * (high / low) ** rng.random()),
            count=int(rng.integers(1, 6)) if said(rng, 0.4) else 1,
            orientation=float(rng.uniform(0, 180)) if defect.morphology.kind in ELONGATED else None,
            region=draw((None, *REGION_PHRASES), rng),
            rng=rng,
        )


def arrange(
    short: str, full: str, surface: str | None, place: str | None, defect: Defect, rng: np.random.Generator
) -> str:
    """The words in one of the orders that people write them."""
    preposition = "in" if defect.morphology.kind in INTO_SURFACE and said(rng, 0.35) else "on"
    if surface is None:
        return short if place is None or said(rng, 0.4) else f"{full} {place}"
    tail = "" if place is None else f" {place}"
    orders = (
        f"{short} {preposition} {surface}",
        f"{full} {preposition} {surface}{tail}",
        f"{full} {preposition} {surface}{tail}",
        f"{full}{tail}{' of' if place else f' {preposition}'} {surface}",
        f"{surface} with {full}{tail}",
        f"{surface}, {short}{tail}",
    )
    return draw(orders, rng)


def draw_noun(defect: Defect, count: int, rng: np.random.Generator) -> tuple[str, bool]:
    """A name of the defect in the number that fits, and whether it stands in the plural or cannot be counted."""
    names = [spaced(name) for name in (defect.name, *defect.synonyms) if is_noun(spaced(name))] or [spaced(defect.name)]
    noun = names[0] if said(rng, 0.45) else draw(names, rng)
    if is_mass(noun) or is_plural(noun):
        return noun, True
    return (plural(noun), True) if count > 1 else (noun, False)


def draw_adjectives(
    defect: Defect,
    noun: str,
    severity: float | None,
    size: float | None,
    orientation: float | None,
    rng: np.random.Generator,
) -> list[str]:
    words: list[str] = []
    if severity is not None and not starts_with(noun, SEVERITY) and said(rng, 0.55):
        words.append(draw(severity_words(defect, severity), rng))
    if size is not None and said(rng, 0.35):
        words += [draw(choices, rng)] if (choices := size_words(defect, size)) else []
    word = None if orientation is None else direction_word(orientation)
    if word is not None and said(rng, 0.35):
        words.append(draw(DIRECTION_SYNONYMS[word], rng))
    return words


def severity_words(defect: Defect, severity: float) -> list[str]:
    """Words for this severity, the plainest first; depth is only spoken of where the surface goes down."""
    sunken = min(defect.change.depth) < -0.2
    words = words_at(SEVERITY, severity)
    fitting = [word for word in words if sunken or word not in ("deep", "shallow")]
    return sorted(fitting, key=lambda word: word not in ("faint", "slight", "moderate", "clear", "strong", "severe"))


def size_words(defect: Defect, size: float) -> list[str]:
    relative = min(max(size_to_relative(defect.size, size), -0.35), 1.35)
    lengths = words_at(LENGTH, relative) if defect.morphology.kind in ELONGATED else []
    return [*lengths, *words_at(SIZE, relative)]


def counted(count: int, many: bool, rng: np.random.Generator) -> list[str]:
    """Number words in front of a plural."""
    if not many or count < 2:
        return []
    exact = [word for word, span in COUNT.items() if span == (count, count) and not word.endswith("of")]
    vague = ["two", "a pair of"] if count == 2 else [*exact, *FEW] if count <= 5 else [*exact, *MANY]
    return [draw(vague, rng)] if said(rng, 0.75) else []


def material_names(material: Material) -> tuple[str, ...]:
    """Names to draw from; the first stands as often as all the others together."""
    others = tuple(spaced(name) for name in material.synonyms)
    return (spaced(material.name),) * max(1, len(others)) + others


def spaced(name: str) -> str:
    return name.replace("-", " ")


def with_article(phrase: str) -> str:
    sounds_open = phrase[0] in "aeiou" and not phrase.startswith(LIKE_YOU)
    return f"{'an' if sounds_open else 'a'} {phrase}"


def is_noun(phrase: str) -> bool:
    """Whether a synonym can stand as a noun; "rusty" and "delaminated" only serve to read prompts."""
    last = phrase.split()[-1]
    adjective = last.endswith("ed") or (last.endswith("y") and not last.endswith(("ity", "ay", "ey", "oy")))
    return not adjective and last not in NOT_NOUNS


def is_mass(phrase: str) -> bool:
    last = phrase.split()[-1]
    return last in MASS_WORDS or last.endswith(MASS_ENDINGS)


def is_plural(phrase: str) -> bool:
    last = phrase.split()[-1]
    return last.endswith("s") and not last.endswith(("ss", "us", "is")) and last not in MASS_WORDS


def plural(phrase: str) -> str:
    """The plural of a phrase's last word."""
    *rest, last = phrase.split()
    if last in PLURAL_ENDINGS:
        last = PLURAL_ENDINGS[last]
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        last += "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return " ".join([*rest, last])


def starts_with(phrase: str, words: dict[str, tuple[float, float]]) -> bool:
    return phrase.split()[0] in words


def said(rng: np.random.Generator, chance: float) -> bool:
    return bool(rng.random() < chance)


def draw(choices: Sequence[Choice], rng: np.random.Generator) -> Choice:
    return choices[int(rng.integers(len(choices)))]
