"""The prompt: plain words read into a material, a defect type and its attributes.

Names and synonyms are matched by the longest phrase, then misspelt words are mended, then what is left is compared
with the recipes' phrases in the space of a sentence encoder. Nothing is guessed in silence: an `Understanding` lists
what each word was taken for, how, and how sure, and which words were not used.

Thresholds of the nearest neighbour, a cosine between a run of unclaimed words and a recipe's phrase: NEAREST was set on
half of 44 phrases that describe a defect in words of no recipe and 44 that describe none. On the held-out half it takes
16 of 22 for a defect of the right family and 4 for a wrong one, and lets 1 of 22 senseless ones through, all with the
general types alone: a trade's types count where its material is named. Parts of a run must pass the higher
NEAREST_PART, and only for materials: single words lie near to too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from defectgen.attribute import FILLERS, attribute_lexicon, numbers, phrase_words, ranged, shape_overrides
from defectgen.book import RecipeBook
from defectgen.choice import ANYWHERE, choose, fit, near_names
from defectgen.errors import PromptError
from defectgen.foreign import in_english
from defectgen.lexicon import How, Lexicon, Match, Meaning, named, nearest_spelling, words_of
from defectgen.nearest import Encoder, Neighbour, Span, nearest_phrase, parts_of
from defectgen.phrase import shortened
from defectgen.recipe import Defect, Range
from defectgen.spec import DefectSpec, Reading, Understanding
from defectgen.words import COUNT, DIRECTION, ELONGATED, LENGTH, SEVERITY, SIZE, size_from_relative

__all__ = ["DefectSpec", "Encoder", "Reading", "Understanding", "parse_prompt"]

DEFAULT_SEVERITY: Range = (0.15, 1.0)
NEAREST = 0.5
NEAREST_PART = 0.6
SURENESS: dict[How, float] = {"exact": 1.0, "synonym": 1.0, "inflection": 0.95, "typo": 0.8}
NAMES = ("defect", "material")
NEGATIONS = frozenset({"no", "without", "free", "non", "never"})
ARTICLES = ("a", "an")
MAX_WORDS = 60
MOST_NAMED = 8
EXAMPLES = "try 'hairline crack on brushed aluminum' or '2 deep scratches on painted metal near the edge'; all names: "
HELP = EXAMPLES + "defectgen recipes list"


@in_english
def parse_prompt(text: str, book: RecipeBook, encoder: Encoder | Callable[[], Encoder] | None = None) -> Understanding:
    """Reads a prompt.

    encoder: compares words that no recipe holds; a function that makes one is only called when it is needed, and
        without one such words stay unknown.
    Raises PromptError when no defect can be read from the text.
    """
    words = words_of(text)
    if not any(word.isalpha() for word in words):
        raise PromptError(f"the prompt {shortened(text)!r} holds no words; {HELP}")
    if len(words) > MAX_WORDS:
        raise PromptError(f"the prompt has {len(words)} words, expected at most {MAX_WORDS}; {HELP}")
    reader = Reader(text, words, book, encoder)
    reader.read()
    return reader.understanding()


@dataclass(frozen=True)
class Found:
    """The entries that some words may stand for, and how the words were read."""

    names: tuple[str, ...]
    source: Match | Neighbour

    @property
    def phrase(self) -> str:
        return self.source.phrase


@dataclass
class Reader:
    """One prompt while it is read."""

    text: str
    words: list[str]
    book: RecipeBook
    encoder: Encoder | Callable[[], Encoder] | None
    taken: dict[int, str] = field(default_factory=dict)
    typos: dict[int, str] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    attributes: list[Match] = field(default_factory=list)
    names: dict[str, list[Match]] = field(default_factory=dict)

    def read(self) -> None:
        self.lexicon = name_lexicon(self.book)
        self.attribute_words = attribute_lexicon()
        self.original = list(self.words)
        self._mend()
        matches = self._all_matches()
        # The figures of "ms58" or "fr4" belong to a name and count nothing.
        own = {i for m in matches if m.meaning.role in NAMES and m.how != "inflection" for i in range(m.start, m.end)}
        self.figures = [figure for figure in numbers(self.words) if figure.start not in own]
        self._take(matches)
        self._settle_roles()
        surface = self._pick("material")
        self.material = None if surface is None else surface.names[0]
        fault = self._pick("defect") or self._nearest("defect")
        surface = surface or self._nearest("material")
        self.material = None if surface is None else surface.names[0]
        self.defect = None if fault is None else self._owner(fault)
        for found, name in ((fault, self.defect), (surface, self.material)):
            if found is not None and name is not None:
                self._note(found, name)
        self._refuse_negation()

    def understanding(self) -> Understanding:
        if self.defect is None:
            raise PromptError(self._nothing_found())
        defect = self.book.defects[self.defect]
        spec = self._spec(defect)
        self._judge_material(defect)
        rest = [self.original[i] for i in self._left()]
        if rest:
            self.notices.append(f"not used: {', '.join(dict.fromkeys(rest))}")
        return Understanding(spec, tuple(self.readings), tuple(dict.fromkeys(rest)), tuple(self.notices))

    def _mend(self) -> None:
        """Replaces misspelt words, so that phrases around them are found as if they were right."""
        known = self.lexicon.words | phrase_words()
        plain = [word for word in known if word.isalpha()]
        understood = {i for m in self._all_matches() for i in range(m.start, m.end)}
        for i, word in enumerate(self.words):
            if i in understood or word in FILLERS or word in known or not word.isalpha():
                continue
            better = nearest_spelling(word, plain)
            if better is not None and not self._is_word(word):
                self.typos[i] = word
                self.words[i] = better

    def _all_matches(self) -> list[Match]:
        """Every phrase in the text; "running" and the like are no forms of a name when they stand alone."""
        fillers = {(i, i + 1) for i, word in enumerate(self.words) if word in FILLERS}
        found = self.lexicon.matches(self.words)
        names = [m for m in found if m.how != "inflection" or (m.start, m.end) not in fillers]
        return names + self.attribute_words.matches(self.words)

    def _is_word(self, word: str) -> bool:
        encoder = self._encoder()
        return encoder is not None and encoder.knows(word)

    def _encoder(self) -> Encoder | None:
        if self.encoder is not None and not hasattr(self.encoder, "similarity"):
            self.encoder = self.encoder()
        return self.encoder  # type: ignore[return-value]

    def _take(self, matches: Iterable[Match]) -> None:
        """Keeps the longest phrases, literal ones first, names before attributes, and drops what overlaps with them."""
        for figure in self.figures:
            self.taken.update(dict.fromkeys(range(figure.start, figure.end), figure.role))
        order = sorted(
            matches,
            key=lambda m: (m.start - m.end, m.how == "inflection", m.meaning.role not in NAMES, m.start),
        )
        for match in order:
            if any(i in self.taken for i in range(match.start, match.end)):
                continue
            self.taken.update(dict.fromkeys(range(match.start, match.end), match.meaning.role))
            if match.meaning.role in NAMES:
                self.names.setdefault(match.meaning.role, []).append(match)
            else:
                self.attributes.append(match)
        self.attributes.sort(key=lambda match: match.start)

    def _settle_roles(self) -> None:
        """A phrase that names both a defect and a material, as "stone", is whichever the prompt has not got."""
        if self.names.get("material"):
            return
        found = self.names.get("defect", [])
        both = [m for m in found if any(other.role == "material" for other in m.others)]
        if len(both) < len(found):
            for match in both[:1]:
                meaning = next(other for other in match.others if other.role == "material")
                found.remove(match)
                self.names["material"] = [replace(match, meaning=meaning, others=())]

    def _pick(self, role: str) -> Found | None:
        """The one match of this role: of several, the first; of two side by side, the second, as in English."""
        found = sorted(self.names.get(role, []), key=lambda match: match.start)
        if not found:
            return None
        usual = found if role == "material" else [match for match in found if self._is_usual(match)] or found
        chosen = usual[0]
        for other in usual[1:]:
            if other.start == chosen.end:
                chosen = other
        others = [m.meaning.name for m in found if m.meaning.name != chosen.meaning.name]
        if others:
            also = ", ".join(dict.fromkeys(others))
            hint = "; run once for each defect" if role == "defect" else ""
            self.notices.append(f"more than one {role} named; took {chosen.meaning.name}, left out {also}{hint}")
        same = [other.name for other in chosen.others if other.role == role]
        return Found((chosen.meaning.name, *same), chosen)

    def _is_usual(self, match: Match) -> bool:
        """Whether one of the types that the words name is known on the material."""
        if self.material is None:
            return True
        types = [self.book.defects[one.name] for one in (match.meaning, *match.others) if one.role == "defect"]
        return any(fit(one, self.book.materials[self.material])[0] <= ANYWHERE for one in types)

    def _owner(self, fault: Found) -> str:
        """The one type that is meant by a word that several trades use."""
        chosen = choose(fault.names, self.material, self.book)
        if chosen.others:
            rest = ", ".join(chosen.others)
            hint = "" if self.material else "; name the material to tell them apart"
            self.notices.append(f"{fault.phrase!r} also names {rest}; took {chosen.name}{hint}")
        return chosen.name

    def _note(self, found: Found, name: str) -> None:
        if isinstance(found.source, Match):
            role = found.source.meaning.role
            self._note_match(replace(found.source, meaning=Meaning(role, name)))
        else:
            self._note_nearest(found.source, name)

    def _note_match(self, match: Match) -> None:
        typed = range(match.start, match.end)
        how: How = "typo" if any(i in self.typos for i in typed) else match.how
        words = " ".join(self.original[i] for i in typed)
        if how == "typo":
            self.notices.append(f"{words!r} read as {match.phrase!r}")
        self.readings.append(Reading(words, match.meaning.role, match.meaning.name, how, SURENESS[how]))

    def _nearest(self, role: str) -> Found | None:
        """The entry whose phrase lies nearest to a run of the words that are left, if near enough."""
        runs = self._runs(also_shape=role == "defect")
        encoder = self._encoder() if runs else None
        if encoder is None:
            return None
        parts = [part for run in runs for part in parts_of(run)] if role == "material" else []
        index = self.book.material_owners if role == "material" else near_names(self.book, self.material)
        best = nearest_phrase(role, self.words, runs, list(index), encoder)
        if best.sure < NEAREST and parts:
            part = nearest_phrase(role, self.words, parts, list(index), encoder)
            best = part if part.sure >= NEAREST_PART else best
        if best.sure < NEAREST:
            near = f"nearest is {best.phrase!r} at {best.sure:.2f} < {NEAREST}"
            self.notices.append(f"no {role} near {best.text!r}: {near}")
            return None
        self.taken.update(dict.fromkeys(range(*best.span), role))
        return Found(index[best.phrase], best)

    def _note_nearest(self, best: Neighbour, name: str) -> None:
        words = " ".join(self.original[slice(*best.span)])
        self.readings.append(Reading(words, best.role, name, "nearest", round(best.sure, 2)))
        taken = f"took the nearest {best.role}, {best.phrase!r} ({name}), cosine {best.sure:.2f}"
        self.notices.append(f"{words!r} is in no recipe; {taken}")

    def _runs(self, *, also_shape: bool) -> list[Span]:
        """Runs of neighbouring words that nothing has claimed; shape words may take part in naming a defect."""
        left = self._left()
        if also_shape:
            left = sorted({*left, *(i for i, role in self.taken.items() if role in ("shape", "look"))})
        runs: list[Span] = []
        for i in left:
            joined = runs and (runs[-1][1] == i or self.words[runs[-1][1] : i] == ["of"])
            if joined:
                runs[-1] = (runs[-1][0], i + 1)
            else:
                runs.append((i, i + 1))
        return runs

    def _left(self) -> list[int]:
        return [
            i
            for i, word in enumerate(self.words)
            if i not in self.taken and word not in FILLERS and word.isalpha() and len(word) > 1
        ]

    def _refuse_negation(self) -> None:
        for match in self.names.get("defect", []):
            before = self.words[max(0, match.start - 2) : match.start]
            after = self.words[match.end : match.end + 1]
            if NEGATIONS & set(before) or after == ["free"]:
                phrase = " ".join(self.original[match.start : match.end])
                raise PromptError(f"the prompt asks for no {phrase}, expected a defect to make; {HELP}")

    def _nothing_found(self) -> str:
        near = next((f" ({notice})" for notice in self.notices if notice.startswith("no defect near")), "")
        got = "names a material but no defect" if self.material else "names no defect that the recipes hold"
        return f"the prompt {shortened(self.text)!r} {got}{near}; {HELP}"

    def _judge_material(self, defect: Defect) -> None:
        if self.material is None:
            self.notices.append("no material named; it comes from --on or the part library")
        elif self.material in defect.never_on:
            self.notices.append(f"{defect.name} makes no sense on {self.material}")
        elif defect.materials and self.material not in defect.materials:
            usual = ", ".join(defect.materials[:MOST_NAMED]) + (", ..." if len(defect.materials) > MOST_NAMED else "")
            self.notices.append(f"{defect.name} is unusual on {self.material}; usual on {usual}")

    def _spec(self, defect: Defect) -> DefectSpec:
        for match in self.attributes:
            if match.meaning.name not in ARTICLES:
                self._note_match(match)
        said = {role: self._said(role) for role in ("severity", "orientation", "grain", "region", "shape", "look")}
        params: dict[str, Any] = {}
        for word in said["shape"]:
            params |= self._shape_params(word, defect)
        return DefectSpec(
            prompt=self.text,
            defect=defect.name,
            material=self.material,
            severity=self._severity(said["severity"]),
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

    def _severity(self, words: list[str]) -> Range:
        if not words:
            return DEFAULT_SEVERITY
        low, high = ranged(words[0], SEVERITY)
        return max(low, 0.0), min(high, 1.0)

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
        return (2, max(3, defect.placement.count[1])) if self._in_plural() else defect.placement.count

    def _article_counts(self) -> bool:
        """Whether the article stands before the defect and not only before the material."""
        first = min((m.start for m in self.names.get("defect", [])), default=0)
        articles = [m.start for m in self.attributes if m.meaning.role == "count" and m.start < first]
        return any("material" not in {self.taken.get(i) for i in range(a, first)} for a in articles)

    def _in_plural(self) -> bool:
        for match in self.names.get("defect", []):
            word, phrase = self.words[match.end - 1], words_of(match.phrase)[-1]
            if match.meaning.name == self.defect and word.endswith("s") and not phrase.endswith("s"):
                return True
            if word in (f"{self.defect}s", f"{self.defect}es"):
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


@lru_cache(maxsize=8)
def name_lexicon(book: RecipeBook) -> Lexicon:
    """Every name and synonym of a book."""
    return Lexicon([*named("defect", book.defect_owners), *named("material", book.material_owners)])
