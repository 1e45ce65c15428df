"""Words that prompts could not tell apart: synonyms that no material decides, and those that never reach their type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from defectgen.attribute import FILLERS, attribute_lexicon
from defectgen.book import RecipeBook
from defectgen.choice import choose, fit
from defectgen.errors import PromptError
from defectgen.lexicon import words_of
from defectgen.phrase import phrase_key
from defectgen.prompt import parse_prompt
from defectgen.recipe import Defect, Material

__all__ = ["ambiguities", "unreachable", "unreachable_material"]

Complaint = tuple[str, str]


def ambiguities(book: RecipeBook) -> Iterator[Complaint]:
    """(type, what is wrong) for each synonym that two types of one trade claim on one material."""
    for phrase, names in book.defect_owners.items():
        for a, b in combinations(names, 2):
            first, second = book.defects[a], book.defects[b]
            if phrase_key(a) != phrase and first.domain == second.domain and (shared := undecided(first, second, book)):
                yield (
                    b,
                    f"synonym {phrase!r} names {a!r} too, and both belong to {first.domain} and occur on {shared}: "
                    "a prompt could not tell them apart; take it out of one, or list different materials",
                )


def undecided(a: Defect, b: Defect, book: RecipeBook) -> str | None:
    """A material on which neither of two types fits better."""
    both = (m for m in book.materials_of(a) if m in book.materials_of(b))
    return next((m.name for m in both if fit(a, m) == fit(b, m)), None)


def unreachable(defect: Defect, book: RecipeBook) -> Iterator[str]:
    """What is wrong with each name and synonym that reads as something else on all of the type's materials."""
    for phrase in dict.fromkeys((defect.name, *defect.synonyms)):
        owners = book.defect_owners[phrase_key(phrase)]
        places = [m.name for m in book.materials_of(defect) if choose(owners, m.name, book).name == defect.name]
        if taken := is_attribute(phrase):
            yield f"synonym {phrase!r} is {taken}; prompts need that word: say it in two words or leave it out"
        elif not places and book.materials:
            others = [book.defects[name] for name in owners if name != defect.name]
            # A clash within one trade has its own line.
            if not any(one.domain == defect.domain and undecided(one, defect, book) for one in others):
                names = ", ".join(one.name for one in others)
                yield f"synonym {phrase!r} means {names} on every material that {defect.name!r} lists; leave it out"
        elif wrong := misread(phrase, defect.name, places, book):
            yield f"{phrase!r} does not read as {defect.name!r}: {wrong}"


def misread(phrase: str, name: str, places: Sequence[str], book: RecipeBook) -> str | None:
    """What the phrase reads as instead of the type, if it does on each of these materials, and alone with none."""
    wrong = None
    for text in [f"{phrase} on {place}" for place in places] or [phrase]:
        try:
            found = parse_prompt(text, book).spec.defect
        except PromptError as error:
            return str(error)
        if found == name:
            return None
        wrong = wrong or f"{text!r} is read as {found!r}"
    return wrong


def unreachable_material(material: Material, book: RecipeBook) -> Iterator[str]:
    """What is wrong with each name and synonym of a material that reads as something else."""
    for phrase in dict.fromkeys((material.name, *material.synonyms)):
        plain = (name for name, one in book.defects.items() if is_plain(one, book))
        defect = next(plain, next(iter(book.defects), None))
        if taken := is_attribute(phrase):
            yield f"synonym {phrase!r} is {taken}; prompts need that word: say it in two words or leave it out"
        elif defect is not None:
            text = f"{defect} on {phrase}"
            found = parse_prompt(text, book).spec
            if found.material != material.name:
                yield f"{phrase!r} does not read as {material.name!r}: {text!r} is on {found.material or 'nothing'}"


def is_plain(defect: Defect, book: RecipeBook) -> bool:
    """Whether its name is a general word that no trade claims."""
    return defect.domain == "general" and book.defect_owners[phrase_key(defect.name)] == (defect.name,)


def is_attribute(phrase: str) -> str | None:
    """What a phrase says of any defect, if it does."""
    words = words_of(phrase)
    if len(words) == 1 and words[0] in FILLERS:
        return "a word that prompts skip"
    whole = [m for m in attribute_lexicon().matches(words) if m.end - m.start == len(words) and m.how != "inflection"]
    return f"a word for {whole[0].meaning.role}" if whole else None
