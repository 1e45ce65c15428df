"""Names of one language: what each foreign name means in English, read from strict YAML.

A file lists names under the English words that they stand for: `defects` and `materials` under a name or synonym of the
recipes, `words` under what a prompt may say besides, `fillers` under nothing. A name may stand once in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from defectgen.errors import RecipeError
from defectgen.foreign.letters import folded_german, folded_script
from defectgen.recipe_cache import read_all
from defectgen.recipe_file import read_yaml
from defectgen.resources import resource_dir

__all__ = ["LANGUAGES", "Language", "NameFile", "NameTable", "Named", "Role", "load_names", "names_path", "read_names"]

Language = Literal["de", "ko", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Role = Literal["defect", "material", "word", "filler"]


class NameFile(BaseModel):
    """A file of `recipes/names`. language: its English name.

    endings: what a German word may end in besides; links: what may stand between the parts of a German compound;
    particles: what may follow a Korean name; variants: traditional forms of a simplified Chinese character.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    language: str
    defects: dict[str, list[str]]
    materials: dict[str, list[str]]
    words: dict[str, list[str]]
    fillers: list[str] = []
    endings: list[str] = []
    links: list[str] = []
    particles: list[str] = []
    variants: dict[str, str] = {}

    def entries(self) -> Iterator[tuple[Role, str, str]]:
        """Role, English words and foreign name of all entries."""
        sections: tuple[tuple[Role, Mapping[str, list[str]]], ...] = (
            ("defect", self.defects),
            ("material", self.materials),
            ("word", self.words),
            ("filler", {"": self.fillers}),
        )
        for role, section in sections:
            for english, names in section.items():
                yield from ((role, english, name) for name in names)


@dataclass(frozen=True)
class Named:
    """What a foreign name stands for. english: words as a prompt has them, "" for a filler."""

    role: Role
    english: str


@dataclass(frozen=True, eq=False)
class NameTable:
    """Names of one language by their folded form; several words are joined by single blanks."""

    language: str
    names: Mapping[str, Named]
    file: NameFile
    traditional: Mapping[str, str]
    """Traditional Chinese characters to simplified ones."""
    fold: Callable[[str], str]
    """How its names are compared."""

    @property
    def longest(self) -> int:
        return max(map(len, self.names), default=0)


def names_path(language: Language) -> Path:
    return resource_dir("recipes") / "names" / f"{language}.yaml"


@lru_cache(maxsize=len(LANGUAGES))
def load_names(language: Language) -> NameTable:
    """The shipped names of a language."""
    return read_names(names_path(language), language)


def read_names(path: Path, language: Language) -> NameTable:
    """A file of names; RecipeError names file, key and problem where it breaks the schema or a name stands twice."""
    file = checked(path)
    traditional = {one: plain for plain, forms in file.variants.items() for one in forms}
    fold = folding(language, traditional)
    names: dict[str, Named] = {}
    for role, english, name in file.entries():
        key, named = fold(name), Named(role, english.replace("-", " "))
        if not key:
            raise RecipeError(f"{path}: {english}: got {name!r}, expected a name with letters")
        if key in names:
            was = names[key].english or "fillers"
            raise RecipeError(f"{path}: {english or 'fillers'}: {name!r} stands twice, also under {was!r}; keep one")
        names[key] = named
    return NameTable(file.language, MappingProxyType(names), file, MappingProxyType(traditional), fold)


def checked(path: Path) -> NameFile:
    content = read_all([path]).get(path)
    try:
        return NameFile.model_validate(read_yaml(path) if content is None else content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the file"
        what = f"{path}: {key}: {first['msg'].lower()}"
        raise RecipeError(f"{what}; keys are {', '.join(NameFile.model_fields)}, names are lists of text") from None


def folding(language: Language, traditional: Mapping[str, str]) -> Callable[[str], str]:
    """How names of a language are compared."""
    if language == "de":
        return lambda name: folded_german(name)[0]
    return lambda name: folded_script(name, traditional)[0].replace(" ", "")
