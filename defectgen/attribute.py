"""Attributes: the words of a prompt that say how large, how severe, how many, where, which way and of what shape.

Each phrase has a role and a value; `shape_overrides` says what a shape word changes in the parameters of a kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from defectgen.lexicon import Lexicon, Meaning, words_of
from defectgen.recipe import Range
from defectgen.words import COUNT, DIRECTION, LENGTH, SEVERITY, SIZE

__all__ = ["FILLERS", "LOOKS", "Number", "attribute_lexicon", "numbers", "ranged", "shape_overrides"]

SEVERITY_SYNONYMS = {
    "hardly visible": "barely visible", "just visible": "barely visible", "almost invisible": "barely visible",
    "nearly invisible": "barely visible", "weak": "faint", "pale": "faint", "superficial": "shallow",
    "slightly": "slight", "lightly": "light", "faintly": "faint", "mildly": "mild",
    "moderately": "moderate", "noticeable": "visible", "distinct": "clear", "clearly": "clear", "obvious": "clear",
    "marked": "pronounced", "strongly": "strong", "intense": "strong", "deeply": "deep", "heavily": "heavy",
    "serious": "severe", "severely": "severe", "bad": "severe", "badly": "severe", "critical": "severe",
    "terrible": "extreme", "extremely": "extreme", "grossly": "gross",
}  # fmt: skip
SIZE_SYNONYMS = {
    "minute": "tiny", "microscopic": "tiny", "minuscule": "tiny", "little": "small", "mid sized": "medium",
    "medium sized": "medium", "mid size": "medium", "bigger": "large", "larger": "large", "sizeable": "large",
    "extensive": "huge", "giant": "huge", "massive": "huge", "enormous": "huge", "smaller": "small",
}  # fmt: skip
COUNT_SYNONYMS = {
    "a few": "few", "a single": "single", "a couple of": "couple of", "couple": "couple of", "pair": "pair of",
    "a pair of": "pair of", "a cluster of": "cluster of", "cluster": "cluster of", "clusters of": "cluster of",
    "clustered": "cluster of", "a group of": "group of", "group": "group of", "a dozen": "dozen", "a lot of": "lots of",
    "a number of": "several", "a series of": "several", "a field of": "scattered", "swarm of": "cluster of",
}  # fmt: skip
DIRECTION_SYNONYMS = {
    "horizontally": "horizontal", "sideways": "horizontal", "vertically": "vertical", "upright": "vertical",
    "diagonally": "diagonal", "slanted": "diagonal", "slanting": "diagonal", "oblique": "diagonal",
}  # fmt: skip
GRAIN_PHRASES = {
    "along": ("along the grain", "with the grain", "parallel to the grain", "along grain", "lengthwise",
              "along the brush lines", "along the weave", "along the thread"),
    "across": ("across the grain", "against the grain", "perpendicular to the grain", "across grain", "crosswise",
               "across the brush lines", "across the weave", "across the thread"),
}  # fmt: skip
VERY = ("very", "extremely", "really")

UP_DOWN = {"top": "top", "upper": "top", "bottom": "bottom", "lower": "bottom"}
SIDES = ("left", "right")
SIDE_ENDINGS = ("", " edge", " border", " side", " half", " part", " area", " end", " rim")
REGION_WORDS = {
    "edge": ("edge", "edges", "border", "borders", "boundary", "rim", "margin", "margins", "periphery"),
    "corner": ("corner", "corners"),
    "centre": ("centre", "center", "middle", "central", "centrally", "centred", "centered", "midpoint"),
}

LOOKS = frozenset({
    "dark", "bright", "black", "white", "brown", "brownish", "yellow", "yellowish", "red", "reddish", "orange", "green",
    "greenish", "blue", "bluish", "grey", "gray", "shiny", "glossy", "dull", "matt", "matte", "wet", "dry", "dried",
    "fresh", "old", "sharp", "blurry", "silvery", "golden", "pink", "purple", "blunt", "crisp",
})  # fmt: skip
"""Adjectives that no recipe parameter follows, but that the caption passes on to the text encoder."""

FILLERS = frozenset({
    "on", "in", "at", "of", "the", "with", "and", "to", "near", "from", "by", "for", "over", "under", "across", "along",
    "into", "inside", "through", "its", "it", "is", "are", "be", "this", "that", "these", "there", "which", "has",
    "have", "having", "close", "next", "towards", "toward", "around", "onto", "upon", "between", "within", "running",
    "photo", "photograph", "image", "picture", "showing", "shows", "show", "surface", "part", "sample", "material",
    "piece", "defect", "defects", "defective", "damage", "damaged", "flaw", "flaws", "fault", "faults", "anomaly",
    "made", "please", "generate", "create", "draw", "make", "some", "as", "or", "like", "looking", "visible", "my",
    "our", "your", "i", "want", "need", "me", "we", "you", "type", "kind", "degree", "degrees", "deg", "angle",
    "angled", "percent", "mark", "area", "very", "extremely", "really", "shaped", "sized", "size", "no", "not",
    "without", "any", "each", "every", "other", "than", "but", "also", "where", "per", "coloured", "colored", "sheet",
    "moulded", "molded",
})  # fmt: skip

ROUND = {"aspect": (0.9, 1.0)}
OVAL = {"aspect": (0.4, 0.6)}
SHAPES: dict[str, dict[str, dict[str, Any]]] = {
    "branching": {"crack": {"branching": (3.0, 6.0), "style": "single"}},
    "straight": {
        "crack": {"tortuosity": (0.05, 0.2), "branching": (0.0, 0.0), "style": "single"},
        "scratch": {"curvature": (0.0, 0.05)},
        "fibre": {"curl": (0.0, 0.15)},
        "fold": {"waviness": (0.0, 0.15)},
    },
    "curved": {
        "crack": {"tortuosity": (0.5, 0.9)},
        "scratch": {"curvature": (0.6, 1.2)},
        "fibre": {"curl": (0.5, 1.0)},
        "fold": {"waviness": (0.4, 0.7)},
    },
    "wavy": {
        "crack": {"tortuosity": (0.7, 1.0)},
        "scratch": {"curvature": (0.5, 0.9)},
        "fibre": {"curl": (0.7, 1.0)},
        "fold": {"waviness": (0.5, 0.9)},
    },
    "round": {
        "hole": {"style": "round", "aspect": (0.9, 1.0)},
        "blob": {**ROUND, "roughness": (0.05, 0.15), "lobes": (1, 1)},
        "stain": {**ROUND, "roughness": (0.05, 0.15)},
        "bulge": {**ROUND, "domes": (1, 1)},
        "peel": ROUND,
        "pit": {"roughness": (0.02, 0.1)},
    },
    "oval": {"hole": OVAL, "blob": OVAL, "stain": OVAL, "bulge": {"aspect": (0.5, 0.7)}, "peel": OVAL},
    "irregular": {
        "crack": {"tortuosity": (0.7, 1.0)},
        "blob": {"roughness": (0.45, 0.7)},
        "stain": {"roughness": (0.4, 0.6)},
        "chip": {"roughness": (0.12, 0.2)},
        "bulge": {"roughness": (0.12, 0.2)},
        "peel": {"tear": (0.6, 0.9)},
        "hole": {"style": "torn", "tear": (0.4, 0.6)},
        "pit": {"roughness": (0.3, 0.5)},
    },
    "smooth": {
        "crack": {"tortuosity": (0.05, 0.25)},
        "blob": {"roughness": (0.05, 0.15)},
        "stain": {"roughness": (0.05, 0.15)},
        "chip": {"roughness": (0.0, 0.04)},
        "bulge": {"roughness": (0.0, 0.04)},
        "peel": {"tear": (0.1, 0.25)},
        "pit": {"roughness": (0.02, 0.1)},
    },
    "thin": {
        "crack": {"width": (0.004, 0.012), "hairline": 0.8},
        "scratch": {"width": (0.004, 0.010)},
        "fibre": {"width": (0.005, 0.012)},
        "fold": {"width": (0.02, 0.035)},
    },
    "wide": {
        "crack": {"width": (0.04, 0.08), "hairline": 0.0},
        "scratch": {"width": (0.03, 0.06)},
        "fibre": {"width": (0.025, 0.04)},
        "fold": {"width": (0.08, 0.14)},
    },
    "parallel": {"scratch": {"count": (3, 9), "curvature": (0.0, 0.1)}, "fold": {"count": (2, 4)}},
    "star-shaped": {"crack": {"style": "star"}},
    "networked": {"crack": {"style": "net"}},
    "streaky": {"stain": {"runs": (2, 5)}, "spatter": {"smear": (1.0, 2.0)}},
    "ringed": {"stain": {"rim": (0.7, 1.0)}},
}
SHAPE_SYNONYMS = {
    "branched": "branching", "branchy": "branching", "forked": "branching", "forking": "branching",
    "ramified": "branching", "linear": "straight", "curvy": "curved", "arched": "curved", "arcing": "curved",
    "curling": "curved", "curled": "curved", "curly": "curved", "winding": "wavy", "meandering": "wavy",
    "zigzag": "wavy", "zig zag": "wavy", "tortuous": "wavy", "circular": "round", "roundish": "round",
    "rounded": "round", "elliptical": "oval", "elongated": "oval", "jagged": "irregular", "ragged": "irregular",
    "rough": "irregular", "uneven": "irregular", "fine": "thin", "narrow": "thin", "hairline": "thin",
    "slender": "thin", "thick": "wide", "broad": "wide", "coarse": "wide", "gaping": "wide",
    "star shaped": "star-shaped", "starlike": "star-shaped", "network": "networked", "mesh": "networked",
    "streaked": "streaky", "dripping": "streaky", "spiderweb": "networked",
}  # fmt: skip


@dataclass(frozen=True)
class Number:
    """A figure at words [start, end): an angle in degrees, a size as fraction of the part, or a count."""

    start: int
    end: int
    role: str
    value: float


@cache
def attribute_lexicon() -> Lexicon:
    """Every phrase that names an attribute."""
    return Lexicon(phrases())


def phrases() -> Iterator[tuple[str, Meaning]]:
    tables: tuple[tuple[str, Mapping[str, Any], Mapping[str, str]], ...] = (
        ("severity", SEVERITY, SEVERITY_SYNONYMS),
        ("size", SIZE, SIZE_SYNONYMS),
        ("length", LENGTH, {"lengthy": "long"}),
        ("count", COUNT, COUNT_SYNONYMS),
        ("orientation", DIRECTION, DIRECTION_SYNONYMS),
        ("shape", SHAPES, SHAPE_SYNONYMS),
        ("look", dict.fromkeys(LOOKS), {}),
    )
    for role, table, synonyms in tables:
        yield from ((word, Meaning(role, word)) for word in table)
        yield from ((word, Meaning(role, name)) for word, name in synonyms.items())
        if role in ("severity", "size"):
            yield from ((f"{very} {word}", Meaning(role, f"very {word}")) for very in VERY for word in table)
    yield from ((phrase, Meaning("grain", way)) for way, known in GRAIN_PHRASES.items() for phrase in known)
    yield from ((phrase, Meaning("region", region)) for phrase, region in region_phrases())


def region_phrases() -> Iterator[tuple[str, str]]:
    for region, known in REGION_WORDS.items():
        yield from ((word, region) for word in known)
    for ending in SIDE_ENDINGS:
        yield from ((f"{word}{ending}", side) for word, side in UP_DOWN.items())
        yield from ((f"{side}{ending}", side) for side in SIDES)
        yield from ((f"{side} hand{ending}", side) for side in SIDES)
    for word, vertical in UP_DOWN.items():
        for side in SIDES:
            for ending in ("", " corner", " side", " area", " part", " quadrant"):
                yield f"{word} {side}{ending}", f"{vertical}-{side}"


def numbers(words: Sequence[str]) -> list[Number]:
    """Figures and what they count; figures in lengths that a picture cannot tell, such as mm, have the role unit."""
    found = []
    for i, word in enumerate(words):
        if not word[0].isdigit():
            continue
        value, unit = float(word.replace(",", ".")), words[i + 1] if i + 1 < len(words) else ""
        if unit in ("%", "percent"):
            found.append(Number(i, i + 2, "size", value / 100))
        elif unit in ("°", "deg", "degree", "degrees"):
            found.append(Number(i, i + 2, "angle", value % 180))
        elif unit in ("mm", "cm", "m", "um", "µm", "μm", "px", "pixel", "pixels", "inch", "inches"):
            found.append(Number(i, i + 2, "unit", value))
        elif value == int(value) and value <= 64:
            found.append(Number(i, i + 1, "count", value))
    return found


def very(span: Range) -> Range:
    """The outer half of a range: towards 0 where it lies in the lower half of the scale, else towards 1."""
    low, high = span
    middle = (low + high) / 2
    return (low - 0.1, middle) if middle < 0.5 else (middle, high + 0.1)


def ranged(word: str, table: dict[str, Range]) -> Range:
    """The range of a word, with or without "very"."""
    return very(table[word.removeprefix("very ")]) if word.startswith("very ") else table[word]


def shape_overrides(word: str, kind: str) -> dict[str, Any]:
    """What a shape word changes in the parameters of a kind of shape; empty where it changes nothing."""
    return dict(SHAPES[word].get(kind, {}))


@cache
def phrase_words() -> frozenset[str]:
    """Every word that stands in an attribute's phrase."""
    return frozenset(word for phrase, _ in phrases() for word in words_of(phrase))
