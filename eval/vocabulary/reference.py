"""The tables of recipes/README.md, written from the code, so that shapes, surface changes and builders are said once.

python eval/vocabulary/reference.py            # rewrites the part of the README below its marker
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from defectgen.mask.params import KINDS
from defectgen.recipe import SurfaceChange
from defectgen.render import material
from defectgen.render.builders.registry import BUILDERS
from defectgen.render.outline import Outline

README = Path(__file__).resolve().parents[2] / "recipes" / "README.md"
MARKER = "<!-- Below: written by eval/vocabulary/reference.py -->\n"

# importing the kinds registers their builders
LOADED = material.KINDS


def shown(value: Any) -> str:
    """A default as one writes it in YAML."""
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "[" + ", ".join(shown(part) for part in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def allowed(annotation: Any) -> str:
    """The words that a key allows, if they are a fixed few."""
    words = [word for word in get_args(annotation) if isinstance(word, str)]
    return f" ({', '.join(words)})" if words else ""


def parameters(model: type[BaseModel]) -> str:
    return ", ".join(
        f"`{name}: {shown(field.default)}`{allowed(field.annotation)}" for name, field in model.model_fields.items()
    )


def said(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def change_table() -> str:
    """Surface-change keys with their defaults and the lines of the schema's docstring."""
    doc = " ".join((SurfaceChange.__doc__ or "").split())
    names = "|".join(SurfaceChange.model_fields)
    told: dict[str, str] = {}
    for chunk in re.split(rf"(?<=[.\]]) (?=(?:{names})(?:, (?:{names}))*: )", doc):
        keys, _, text = chunk.partition(": ")
        told |= {key: text for key in keys.split(", ") if key in SurfaceChange.model_fields}
    rows = [
        f"| `{name}` | {shown(field.default)} | {told.get(name, '').replace('|', chr(92) + '|')} |"
        for name, field in SurfaceChange.model_fields.items()
    ]
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])


def text() -> str:
    """The generated part of the README."""
    shapes = [f"| `{kind}` | {said(model)} | {parameters(model)} |" for kind, model in KINDS.items()]
    builders = [f"| `{n}` | {said(m)} | {parameters(m)} |" for n, (m, _) in sorted(BUILDERS.items())]
    return "\n".join([
        "## Shapes: `morphology.kind` and its `params`", "",
        "Values are the defaults. Pairs are ranges from which each shape draws its own value.", "",
        "| kind | meaning of the parameters | params |", "|---|---|---|", *shapes, "",
        "## Surface changes: the keys of `change`", "",
        "Pairs go from severity 0 (barely visible) to severity 1 (gross); they may fall. `opacity`: how far the tint"
        " covers.", "", change_table(), "",
        "## Surfaces: `look.surface` and its `params`", "",
        "Colours are linear RGB. Lengths ending in `_px` are pixels of a picture of 512.", "",
        "| surface | what it is | params |", "|---|---|---|", *builders, "",
        "## Outlines: `look.params.outline`", "", f"{said(Outline)}", "", parameters(Outline), "",
    ])  # fmt: skip


def main() -> None:
    head = README.read_text().split(MARKER)[0]
    README.write_text(head + MARKER + "\n" + text())


if __name__ == "__main__":
    main()
