"""The training support of a model: which words its training captions held, and so which it has never heard.

`support.json` beside the weights counts, over the windows that a model was trained on, how many captions held each name
of the recipes, and which names of defects and materials stood together in one. It is read off the captions themselves
by the longest names that stand in them, singular or plural. A prompt that lies outside is drawn all the same: the
rendered draft knows every recipe, and the words are read by the nearness of their vectors to those that were trained
on; how far that carries is measured in eval/compact/STEER.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from defectgen.atomic import write_atomic
from defectgen.book import RecipeBook
from defectgen.caption import plural
from defectgen.errors import WeightsError
from defectgen.lexicon import words_of
from defectgen.model.checkpoint import default_weights, read_info
from defectgen.phrase import phrase_key
from defectgen.recipe import Defect, Material

__all__ = [
    "SUPPORT_FILE", "Support", "count_support", "joined", "outside", "read_support", "save_support", "support_notices",
]  # fmt: skip

SUPPORT_FILE = "support.json"
LONGEST = 6
"""Words of the longest name that is looked for."""
MOST_NAMED = 3


class Support(BaseModel):
    """What the captions of a model's training windows held.

    windows: how many there were, clean ones with them; captions: how many different captions, over each part of a
    training that went on with windows of its own. defects, materials: names
    as `phrase_key` writes them, to the number of windows whose caption held them. together: by a defect's name, the
    places in `materials` of the names that stood in one caption with it. words: every word of the captions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights_sha256: str
    windows: int
    captions: int
    defects: dict[str, int]
    materials: dict[str, int]
    together: dict[str, list[int]]
    words: tuple[str, ...]


def count_support(captions: Mapping[str, int], book: RecipeBook, weights_sha256: str) -> Support:
    """Counts the names of a book in captions; captions: to the number of windows that have each."""
    index = words_index(book)
    defects: Counter[str] = Counter()
    materials: Counter[str] = Counter()
    together: dict[str, set[str]] = {}
    for text, windows in captions.items():
        held = tuple(names_in(text, index))
        own = {name for role, name in held if role == "defect"}
        surfaces = {name for role, name in held if role == "material"}
        defects.update(dict.fromkeys(own, windows))
        materials.update(dict.fromkeys(surfaces, windows))
        for name in own:
            together.setdefault(name, set()).update(surfaces)
    places = {name: place for place, name in enumerate(sorted(materials))}
    pairs = {name: sorted(map(places.__getitem__, found)) for name, found in sorted(together.items()) if found}
    return Support(
        weights_sha256=weights_sha256, windows=sum(captions.values()), captions=len(captions),
        defects=dict(sorted(defects.items())), materials=dict(sorted(materials.items())), together=pairs,
        words=tuple(sorted({word for text in captions for word in words_of(text)})),
    )  # fmt: skip


def joined(support: Support, older: Support) -> Support:
    """The support of weights that were trained on with what `support` counts, from weights that `older` is of."""
    defects = Counter(support.defects) + Counter(older.defects)
    materials = Counter(support.materials) + Counter(older.materials)
    together: dict[str, set[str]] = {}
    for part in (support, older):
        all_surfaces = list(part.materials)
        for name, found in part.together.items():
            together.setdefault(name, set()).update(all_surfaces[i] for i in found)
    places = {name: place for place, name in enumerate(sorted(materials))}
    return Support(
        weights_sha256=support.weights_sha256, windows=support.windows + older.windows,
        captions=support.captions + older.captions,
        defects=dict(sorted(defects.items())), materials=dict(sorted(materials.items())),
        together={name: sorted(map(places.__getitem__, found)) for name, found in sorted(together.items())},
        words=tuple(sorted({*support.words, *older.words})),
    )  # fmt: skip


def words_index(book: RecipeBook) -> dict[tuple[str, ...], list[tuple[str, str]]]:
    """The words of every name, and of its plural, to its role and the name; one may name a defect and a material."""
    index: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for role, owners in (("defect", book.defect_owners), ("material", book.material_owners)):
        for phrase in owners:
            for form in {phrase, plural(phrase)}:
                index.setdefault(tuple(words_of(form)), []).append((role, phrase))
    return index


def names_in(text: str, index: Mapping[tuple[str, ...], Sequence[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    """Role and name of the names in a caption: longer ones first, none over another or over a comma."""
    for clause in text.split(","):
        yield from names_of_clause(tuple(words_of(clause)), index)


def names_of_clause(
    words: tuple[str, ...], index: Mapping[tuple[str, ...], Sequence[tuple[str, str]]]
) -> Iterator[tuple[str, str]]:
    free = [True] * len(words)
    for length in range(min(LONGEST, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            span = slice(start, start + length)
            if all(free[span]) and words[span] in index:
                free[span] = [False] * length
                yield from index[words[span]]


def save_support(folder: Path, support: Support) -> None:
    """Writes the file beside the weights of a model folder."""
    write_atomic(folder / SUPPORT_FILE, (support.model_dump_json() + "\n").encode())


def read_support(folder: Path) -> Support | None:
    """What the captions of a model's training held; None for a model that does not say.

    Raises WeightsError where the file is damaged or of other weights.
    """
    path = folder / SUPPORT_FILE
    if not path.is_file():
        return None
    try:
        support = Support.model_validate_json(path.read_text("utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"{path}: not a list of training words ({reason}); reinstall it") from error
    wanted = read_info(folder).weights_sha256
    if support.weights_sha256 != wanted:
        found = f"of weights {support.weights_sha256[:12]}..., expected {wanted[:12]}..."
        raise WeightsError(f"{path}: {found}; write it anew with eval/compact/support.py")
    return support


def support_notices(defect: Defect, material: Material | None, folder: Path | None = None) -> list[str]:
    """What a user should know of a caption before a model draws it; nothing where the model does not say.

    folder: of the model; None for the one in the package.
    """
    support = read_support(folder or default_weights())
    return [] if support is None else outside(support, defect, material)


def outside(support: Support, defect: Defect, material: Material | None) -> list[str]:
    """One line for each name, or pair of names, of a caption that no training caption held; none for one within."""
    lines = list(unheard(defect, "type", support.defects))
    if material is None:
        return lines
    lines += unheard(material, "material", support.materials)
    if lines:
        return lines
    all_surfaces = list(support.materials)
    surfaces = {all_surfaces[i] for name in names_of(defect) for i in support.together.get(name, ())}
    if surfaces.isdisjoint(names_of(material)):
        pair = f"{phrase_key(defect.name)!r} and {phrase_key(material.name)!r}"
        lines.append(f"outside the model's training: no caption held {pair} together, under any of their names")
    return lines


def unheard(entry: Defect | Material, kind: str, held: Mapping[str, int]) -> Iterator[str]:
    own, *others = names_of(entry)
    if own in held:
        return
    known = sorted((name for name in others if name in held), key=lambda name: -held[name])
    rest = f"but {', '.join(map(repr, known[:MOST_NAMED]))}" if known else f"nor any other name of the {kind}"
    yield f"outside the model's training: no caption held {own!r}, {rest}"


def names_of(entry: Defect | Material) -> list[str]:
    """The name and the synonyms as the support has them."""
    return list(dict.fromkeys(map(phrase_key, (entry.name, *entry.synonyms))))
