"""Stems: what is left of a word once spelling, plural, participle, noun and adjective endings are taken off.

"Delaminated", "delaminating" and "delamination" share one stem, "colour" and "color" another. A stem is compared, never
shown, and need not be a word itself.
"""

from __future__ import annotations

import re
from functools import cache

__all__ = ["IRREGULAR", "american", "stem"]

SPELLINGS = {
    "aluminium": "aluminum", "alu": "aluminum", "aluminimum": "aluminum", "grey": "gray", "centre": "center",
    "centred": "centered", "tyre": "tire", "disc": "disk", "metre": "meter", "draught": "draft", "plough": "plow",
    "selvage": "selvedge", "kerb": "curb", "lustre": "luster", "gage": "gauge", "artefact": "artifact",
    "moult": "molt", "vice": "vise", "programme": "program", "cosy": "cozy", "calibre": "caliber",
    "lueders": "luders", "haemorrhage": "hemorrhage", "storey": "story", "waney": "wany", "woolly": "wooly",
    "doughnut": "donut", "hickie": "hickey", "hickies": "hickeys", "calendar": "calender", "ravelling": "raveling",
    "polariser": "polarizer",
}  # fmt: skip
RESPELT = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"(?<=[a-z]{3})is(e|ed|es|er|ers|ing|ation)$", r"iz\1"),
        (r"(col|harb|lab|vap|od|fav|arm|tum|behavi)our", r"\1or"),
        (r"mould", "mold"),
        (r"fibre", "fiber"),
        (r"sulph", "sulf"),
        (r"(panel|label|enamel|level|channel|model|travel|bevel|tunnel|swivel|pencil|shrivel|unravel|spiral)l(ed|ing)$",
         r"\1\2"),
    )
)  # fmt: skip
KEPT = frozenset({"noise", "raise", "raised", "cruise", "bruise", "bruised", "bruises", "bruising", "rise", "rising"})
IRREGULAR = {
    "broken": "break", "broke": "break", "torn": "tear", "tore": "tear", "burnt": "burn", "bent": "bend",
    "corroded": "corrosion", "corrode": "corrosion", "corrodes": "corrosion", "corroding": "corrosion",
    "oxidized": "oxidation", "oxidizing": "oxidation", "wooden": "wood", "metallic": "metal", "porous": "pore",
    "abraded": "abrasion", "eroded": "erosion", "worn": "wear", "woven": "woven", "knitted": "knit", "wavy": "wave",
    "swollen": "swell", "split": "split", "leaves": "leaf", "leathery": "leather", "eyelashes": "eyelash",
    "inclusions": "inclusion", "included": "inclusion", "discolored": "discoloration", "soiled": "soil",
    "abrade": "abrasion", "abrading": "abrasion", "eroding": "erosion", "waviness": "wave", "waving": "wave",
    "sunken": "sink", "sunk": "sink", "shrunk": "shrink", "shrunken": "shrink", "frozen": "freeze", "stuck": "stick",
    "bitten": "bite", "eaten": "eat", "blown": "blow", "molten": "melt", "fallen": "fall", "bled": "bleed",
    "rotten": "rot", "lost": "loss", "missed": "missing", "misses": "missing", "hung": "hang", "dug": "dig",
    "stricken": "strike", "struck": "strike", "spun": "spin", "slid": "slide", "strung": "string",
    "protruding": "protrusion", "protrudes": "protrusion", "protruded": "protrusion", "protrude": "protrusion",
    "exposure": "exposed", "contraction": "contract", "misregistration": "misregister", "registration": "register",
    "adhering": "adhesion", "halves": "half", "knives": "knife", "scarves": "scarf", "lenses": "lens",
    "bubbly": "bubble", "crumbly": "crumble", "wrinkly": "wrinkle", "pimply": "pimple",
    "teeth": "tooth", "feet": "foot", "mice": "mouse", "crept": "creep", "striae": "stria", "fungi": "fungus",
}  # fmt: skip
ENDINGS = (("ment", 5), ("ness", 4), ("age", 4), ("ing", 3), ("ed", 3), ("ion", 4), ("y", 3))
"""(ending, letters that must be left before it)"""

VOWELS = frozenset("aeiouy")


def american(word: str) -> str:
    """The American spelling."""
    if word in SPELLINGS:
        return SPELLINGS[word]
    for pattern, new in RESPELT:
        if new != r"iz\1" or (len(word) > 6 and word not in KEPT):
            word = pattern.sub(new, word)
    return word


@cache
def stem(word: str) -> str:
    """The word without plural, participle, noun and adjective endings; not always a word itself."""
    word = american(word)
    word = singular(IRREGULAR.get(word, word))
    word = IRREGULAR.get(SPELLINGS.get(word, word), SPELLINGS.get(word, word))
    for ending, least in ENDINGS:
        base = word.removesuffix(ending)
        if base != word and len(base) >= least and VOWELS & set(base):
            word = undoubled(base)
            break
    if word.endswith("at") and len(word) >= 7:
        word = word[:-2]
    word = word[:-1] if word.endswith("i") and len(word) > 4 else word
    return word.removesuffix("e") if len(word) > 3 else word


def singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    return word


def undoubled(base: str) -> str:
    doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "aeioulszf"
    return base[:-1] if doubled else base
