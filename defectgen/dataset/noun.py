"""Nouns: how a set's own names for defects, parts and materials are written into a sentence.

A class name need not be a noun: "open", "uneven" and "dark" are put in quotes before the word defect. What the recipe
book knows, and what ends in a word for a place or a flaw, is written as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from defectgen.caption import is_mass, is_noun, is_plural, plural, spaced, with_article
from defectgen.lexicon import words_of

__all__ = ["Noun", "article", "joined", "number_word", "part_noun"]

HEADS = frozenset({
    "anomaly", "area", "band", "bite", "blotch", "bump", "chip", "crack", "damage", "defect", "dent", "fault", "flaw",
    "fold", "gap", "hole", "line", "mark", "patch", "pit", "ridge", "scratch", "spot", "spur", "stain", "streak",
    "tear", "thread", "void", "wrinkle",
})  # fmt: skip
MASS_HEADS = frozenset({"copper", "solder", "metal", "plastic", "resin", "wax"})
VAGUE = frozenset({"anomaly", "anomalous", "bad", "defect", "defective", "fault", "faulty", "ng", "nok", "abnormal"})
"""Names that say no more than that something is wrong."""
CAPITALS = {"pcb": "PCB", "pcba": "PCB assembly", "led": "LED", "el": "EL"}
LIKE_YOU = ("uni", "use", "usu", "uti", "ura", "eu", "one ", "u-")
SILENT_H = ("hour", "honest")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True)
class Noun:
    """A defect's name as a noun in the singular; a mass noun takes no article."""

    text: str
    mass: bool

    @classmethod
    def of(cls, name: str, known: str | None = None) -> Noun:
        """known: the recipe book's own form of the name, "crack" for "cracked"; None where it has none."""
        phrase = singular(spaced(name.replace("_", " ")).strip().lower()) or "defect"
        if phrase in VAGUE:
            return cls("defect", False)
        own = singular(spaced(known or ""))
        if known is not None and not is_noun(phrase) and is_noun(own):
            phrase = own
        if not is_noun(phrase) or not (known or phrase.split()[-1] in HEADS):
            return cls(f"“{phrase}” defect", False)
        return cls(
            " ".join(CAPITALS.get(word, word) for word in phrase.split()),
            is_mass(phrase) or phrase.split()[-1] in MASS_HEADS,
        )

    def counted(self, count: int, adjectives: Sequence[str] = ()) -> str:
        """With adjectives, and an article or a number: "a faint, round pit", "two pits", "two areas of rust"."""
        own = set(words_of(self.text))
        looks = ", ".join(word for word in adjectives if word not in own)
        phrase = f"{looks} {self.text}".strip()
        if self.mass:
            return phrase if count == 1 else f"{number_word(count)} areas of {phrase}"
        if count == 1:
            return article(phrase)
        return f"{number_word(count)} {plural(phrase)}"

    def regions(self, count: int) -> str:
        """For pieces of a mask that need not be as many defects: "two separate crack regions"."""
        return f"{number_word(count)} separate {self.text} regions"


def singular(phrase: str) -> str:
    """The phrase with its last word out of the plural: "scratches" is "scratch"; other words stay."""
    *rest, last = phrase.split() or [""]
    bases = (last[:-3] + "y", last[:-2], last[:-1])
    base = next((base for base in bases if len(base) > 2 and is_plural(last) and plural(base) == last), last)
    return " ".join([*rest, base])


def article(phrase: str) -> str:
    """The phrase with a or an; quotes are looked through, and "u" is said as in "unit" only where it is."""
    bare = phrase.lstrip("“\"'").lower()
    if bare.startswith(SILENT_H) or (bare.startswith("u") and not bare.startswith(LIKE_YOU)):
        return f"an {phrase}"
    if bare.startswith(LIKE_YOU):
        return f"a {phrase}"
    return f"{with_article(bare).split()[0]} {phrase}"


def number_word(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def joined(phrases: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def part_noun(product: str | None, material: str | None) -> str | None:
    """What is inspected, to follow "the": the product, or the surface of the material; None where neither is known."""
    if product is not None:
        return written(product)
    return None if material is None else f"{written(material)} surface"


def written(name: str) -> str:
    """A name in running text; a user's own capitals stay."""
    words = spaced(name.replace("_", " ")).split()
    return " ".join(CAPITALS.get(word, word) for word in words)
