"""The prompt: plain words read into a material, a defect type and its attributes.

Names and synonyms are matched by the longest phrase, then misspelt words are mended, then what is left is compared
with the recipes' phrases in the space of a sentence encoder. Nothing is guessed in silence: an `Understanding` lists
what each word was taken for, how, and how sure, and which words were not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from defectgen.attribute import FILLERS, attribute_lexicon, numbers, phrase_words
from defectgen.bearer import (
    OF_ALL,
    bearing,
    best_named,
    first_named,
    fitness,
    implied_material,
    is_loose,
    is_usual,
    oddness,
    same_head,
    types_of,
    usual_phrases,
    whole,
    yields,
)
from defectgen.book import RecipeBook
from defectgen.choice import choose, near_names
from defectgen.errors import PromptError
from defectgen.foreign import in_english
from defectgen.lexicon import How, Match, Meaning, pauses_of, words_of
from defectgen.names import name_lexicon, scattered_names
from defectgen.nearest import (
    NEAREST,
    Encoder,
    Neighbour,
    Span,
    doubt,
    nearest_phrase,
    spans_of,
)
from defectgen.phrase import shortened
from defectgen.quantity import ARTICLES, Quantities
from defectgen.recipe import Defect
from defectgen.refusal import HELP, check_words, refuse_negation, refuse_strange
from defectgen.spec import DefectSpec, Reading, Understanding
from defectgen.spelling import is_swapped, spellings
from defectgen.stem import stem
from defectgen.trade_form import trade_form

__all__ = ["DefectSpec", "Encoder", "Reading", "Understanding", "parse_prompt"]

SHORT = 4
SURENESS: dict[How, float] = {"exact": 1.0, "synonym": 1.0, "inflection": 0.95, "typo": 0.8}
NAMES = ("defect", "material")


@in_english
def parse_prompt(text: str, book: RecipeBook, encoder: Encoder | Callable[[], Encoder] | None = None) -> Understanding:
    """Reads a prompt.

    encoder: compares words that no recipe holds; a function that makes one is only called when it is needed.
    Raises PromptError when no defect can be read from the text.
    """
    words = words_of(text)
    check_words(text, words)
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
    fault_places: tuple[int, ...] = ()
    guessed: bool = False

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
        first = self._first_material()
        self._gather()
        self._settle_roles()
        surfaces = sorted(self.names.get("material", []), key=lambda match: match.start)
        first = self._first_material()
        fault = self._pick_defect(first)
        if fault is not None:
            inside = [m for m in matches if m.meaning.role == "material" and set(m.places) & set(self.fault_places)]
            surface = bearing(fault.names, fault.phrase, first, surfaces, inside, self.book)
        else:
            surface, fault = first, self._nearest("defect")
        usual = () if fault is None else usual_phrases(fault.names, fault.phrase, self.book)
        found = self._as_material(surface, surfaces) or self._nearest("material", usual=usual)
        self.material = None if found is None else found.names[0]
        self.defect = None if fault is None else self._owner(fault)
        if fault is not None and found is None:
            self._refuse_strange(fault)
        if fault is not None and self.defect is not None:
            found = self._imply_material(self.book.defects[self.defect], fault, found)
        for one, name in ((fault, self.defect), (found, self.material)):
            if one is not None and name is not None:
                self._note(one, name)
        refuse_negation(self.names.get("defect", []), self.words, self.original)

    def _first_material(self) -> Match | None:
        found = sorted(self.names.get("material", []), key=lambda match: match.start)
        first = first_named(found, pauses_of(self.text), self.words)
        self.material = None if first is None else first.meaning.name
        return first

    def understanding(self) -> Understanding:
        if self.defect is None:
            raise PromptError(self._nothing_found())
        defect = self.book.defects[self.defect]
        for match in self.attributes:
            if match.meaning.name not in ARTICLES:
                self._note_match(match)
        spec = self._quantities().spec(self.text, defect, self.material)
        self._judge_material(defect)
        rest = tuple(dict.fromkeys(self.original[i] for i in self._left()))
        if rest:
            self.notices.append(f"not used: {', '.join(rest)}")
        return Understanding(spec, tuple(self.readings), rest, tuple(self.notices), self.guessed)

    def _mend(self) -> None:
        """Replaces misspelt words, so that phrases around them are found as if they were right."""
        known = self.lexicon.words | phrase_words()
        plain = [word for word in known if word.isalpha()]
        understood = {i for m in self._all_matches() for i in range(m.start, m.end)}
        for i, word in enumerate(self.words):
            if i in understood or word in FILLERS or word in known or not word.isalpha():
                continue
            better = self._best_spelling(i, spellings(word, plain))
            if better is not None and not self._is_word(word):
                self.typos[i] = word
                self.words[i] = better

    def _best_spelling(self, i: int, near: Sequence[str]) -> str | None:
        """The one repair, or of several the one that makes the longest phrase with the words around it."""
        if not near or (len({stem(one) for one in near}) == 1 and len(self.words[i]) > SHORT):
            return next(iter(near), None)
        lengths: dict[int, list[str]] = {0: []}
        for one in near:
            words = [*self.words[:i], one, *self.words[i + 1 :]]
            spans = [m.end - m.start for m in self.lexicon.matches(words) if m.start <= i < m.end]
            lengths.setdefault(max(spans, default=0), []).append(one)
        best = lengths[max(lengths)]
        least = 2 if len(self.words[i]) <= SHORT and not is_swapped(self.words[i], best[0]) else 1
        return best[0] if max(lengths) >= least and len({stem(one) for one in best}) == 1 else None

    def _all_matches(self) -> list[Match]:
        """Every phrase in the text; "running" and the like are no forms of a name when they stand alone."""
        fillers = {(i, i + 1) for i, word in enumerate(self.words) if word in FILLERS}
        found = self.lexicon.matches(self.words)
        names = [m for m in found if m.how != "inflection" or (m.start, m.end) not in fillers]
        return whole(names, pauses_of(self.text)) + self.attribute_words.matches(self.words)

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

    def _gather(self) -> None:
        """Takes the best name of a defect whose words lie scattered, where it explains more than those found."""
        scattered = [match for match in scattered_names(self.book).matches(self.words) if self._may_gather(match)]
        if not scattered:
            return
        best = min(scattered, key=lambda m: (-len(m.places), fitness(m, self.material, self.book), m.end - m.start))
        held = [m for m in self.names.get("defect", []) if set(m.places) & set(best.places)]
        if any(not self._explains_more(best, one) for one in held):
            return
        self.names["defect"] = [m for m in self.names.get("defect", []) if m not in held] + [best]
        self.attributes = [m for m in self.attributes if not set(m.places) & set(best.places)]
        self.taken.update(dict.fromkeys((i for i in best.places if self.taken.get(i) != "material"), "defect"))

    def _may_gather(self, match: Match) -> bool:
        """Whether its words are free, and its type lists a material that is named, or none is."""
        if any(self.taken.get(i) in ("count", "unit", "angle", "size") for i in match.places):
            return False
        materials = self.names.get("material", [])
        if any(set(match.places) <= set(m.places) for m in materials if m.how != "inflection" or len(m.places) > 1):
            return False  # "powder coat" is no "powdery coat"
        named = {m.meaning.name for m in materials}
        return not named or any({*self.book.defects[one].materials} & named for one in types_of(match, self.book))

    def _explains_more(self, one: Match, other: Match) -> bool:
        """Whether a scattered name is better than another: it has more words, or its trade knows the material."""
        better = fitness(one, self.material, self.book) < fitness(other, self.material, self.book)
        if len(one.places) > len(other.places):
            borrowed = {i for m in self.names.get("material", []) for i in m.places}
            owned = better and fitness(one, self.material, self.book) < OF_ALL
            return owned or not set(one.places) - set(other.places) <= borrowed
        return len(one.places) == len(other.places) and better and other.how == "inflection"

    def _pick_defect(self, on: Match | None) -> Found | None:
        found = sorted(self.names.get("defect", []), key=lambda match: match.start)
        chosen = best_named(found, pauses_of(self.text), self.material, self.book)
        if chosen is None:
            return None
        self.fault_places = chosen.places
        headed = on is not None and same_head(types_of(chosen, self.book), on, self.book)
        vague = len(chosen.places) == 1 and (on is not None or chosen.how == "inflection") and not headed
        unusual = vague and not is_usual(chosen, self.material, self.book)
        if unusual and (nearer := self._nearest("defect", chosen.places, than=chosen)):
            return nearer
        self._leave_out("defect", chosen, found)
        return Found(types_of(chosen, self.book), chosen)

    def _as_material(self, chosen: Match | None, found: Sequence[Match]) -> Found | None:
        if chosen is None:
            return None
        self._leave_out("material", chosen, found)
        return Found((chosen.meaning.name,), chosen)

    def _leave_out(self, role: str, chosen: Match, found: Sequence[Match]) -> None:
        others = [m.meaning.name for m in found if m.meaning.name != chosen.meaning.name]
        if others:
            also = ", ".join(dict.fromkeys(others))
            hint = "; run once for each defect" if role == "defect" else ""
            self.notices.append(f"more than one {role} named; took {chosen.meaning.name}, left out {also}{hint}")

    def _owner(self, fault: Found) -> str:
        """The one type that is meant by a word that several trades use."""
        chosen = choose(fault.names, self.material, self.book)
        if chosen.others:
            rest = ", ".join(chosen.others)
            hint = "" if self.material else "; name the material to tell them apart"
            self.notices.append(f"{fault.phrase!r} also names {rest}; took {chosen.name}{hint}")
        words = [self.words[i] for i in self.fault_places]
        return (self.material and trade_form(words, chosen.name, self.material, self.book)) or chosen.name

    def _note(self, found: Found, name: str) -> None:
        if isinstance(found.source, Match):
            role = found.source.meaning.role
            self._note_match(replace(found.source, meaning=Meaning(role, name)))
        else:
            self._note_nearest(found.source, name)

    def _note_match(self, match: Match) -> None:
        typed = match.places
        how: How = "typo" if any(i in self.typos for i in typed) else match.how
        words = match.said(self.original)
        if how == "typo":
            self.notices.append(f"{words!r} read as {match.phrase!r}")
        self.readings.append(Reading(words, match.meaning.role, match.meaning.name, how, SURENESS[how]))

    def _nearest(
        self, role: str, also: Sequence[int] = (), usual: Sequence[str] = (), than: Match | None = None
    ) -> Found | None:
        """The entry whose phrase lies nearest to a run of the words that are left, if near enough.

        usual: phrases that are meant rather than others. than: a name that need not always give way.
        """
        runs = self._runs(also, also_shape=role == "defect")
        encoder = self._encoder() if runs else None
        if encoder is None:
            return None
        index = self.book.material_owners if role == "material" else near_names(self.book, self.material)
        best = nearest_phrase(role, self.words, runs, list(usual or index), encoder)
        if usual and best.sure < NEAREST:
            best = nearest_phrase(role, self.words, runs, list(index), encoder)
        against = doubt(best, self.lexicon.words, encoder)
        if against:
            self.notices.append(f"no {role} near {best.text!r}: {against}")
        if against or (than and not yields(than, best)):
            return None
        self.taken.update(dict.fromkeys(range(*best.span), role))
        return Found(index[best.phrase], best)

    def _refuse_strange(self, fault: Found) -> None:
        runs = spans_of(self._left(), self.words)
        encoder = self._encoder() if runs and isinstance(fault.source, Match) else None
        if encoder is not None and len(self.fault_places) == 1:
            things = [" ".join(self.words[slice(*run)]) for run in runs]
            refuse_strange(self.text, fault.phrase, things, list(self.book.material_owners), encoder)

    def _note_nearest(self, best: Neighbour, name: str) -> None:
        words = best.said(self.original)
        self.readings.append(Reading(words, best.role, name, "nearest", round(best.sure, 2)))
        taken = f"took the nearest {best.role}, {best.phrase!r} ({name}), cosine {best.sure:.2f}"
        self.notices.append(f"{words!r} is in no recipe; {taken}")

    def _runs(self, also: Sequence[int], *, also_shape: bool) -> list[Span]:
        """Runs of neighbouring words that nothing has claimed; shape words may take part in naming a defect."""
        left = {*self._left(), *also}
        shapes = {i for i, role in self.taken.items() if also_shape and role in ("shape", "look")}
        return [run for run in spans_of(sorted(left | shapes), self.words) if left & set(range(*run))]

    def _left(self) -> list[int]:
        return [
            i
            for i, word in enumerate(self.words)
            if i not in self.taken and word not in FILLERS and word.isalpha() and len(word) > 1
        ]

    def _nothing_found(self) -> str:
        near = next((f" ({notice})" for notice in self.notices if notice.startswith("no defect near")), "")
        got = "names a material but no defect" if self.material else "names no defect that the recipes hold"
        return f"the prompt {shortened(self.text)!r} {got}{near}; {HELP}"

    def _imply_material(self, defect: Defect, fault: Found, found: Found | None) -> Found | None:
        """Takes the one material of a type for what no words, or loose ones, name; else leaves what was found."""
        implied = implied_material(defect, self.material)
        shared = len(fault.names) > 1 and " " not in fault.phrase
        firm = found is not None and isinstance(found.source, Match) and not is_loose(found.source)
        if implied is None or shared or firm:
            return found
        said = "no material named" if found is None else f"took {implied} for {found.source.said(self.original)!r}"
        alone = f"known on {implied} alone" if len(defect.materials) == 1 else f"most usual on {implied}"
        self.notices.append(f"{said}; {defect.name} is {alone}")
        self.material, self.guessed = implied, len(defect.materials) > 1
        return None

    def _judge_material(self, defect: Defect) -> None:
        if self.material is None:
            self.notices.append("no material named; it comes from --on or the part library")
        else:
            self.notices += oddness(defect, self.material)

    def _quantities(self) -> Quantities:
        named = self.names.get("defect", [])
        return Quantities(
            self.original, self.words, self.attributes, self.figures, named, self._of_material,
            self.readings, self.notices,
        )  # fmt: skip

    def _of_material(self, start: int, end: int) -> bool:
        return "material" in {self.taken.get(i) for i in range(start, end)}
