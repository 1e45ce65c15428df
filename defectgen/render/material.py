"""From a material's recipe to the surface of one good part."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from defectgen.errors import RecipeError
from defectgen.recipe import Material
from defectgen.render.builders import (
    coated,
    cylinder,
    edible,
    electronic,
    fibrous,
    finish,
    joint,
    masonry,
    metal,
    mineral,
    organic,
    panel,
    pieces,
    polymer,
    printing,
    running,
    scaled,
    shaped,
    textile,
    timber,
    vessel,
)
from defectgen.render.builders.registry import BUILDERS, Params
from defectgen.render.outline import Outline, cut_out, draw_silhouette
from defectgen.render.surface import Surface

__all__ = ["build_surface"]

P = TypeVar("P", bound=Params)

# importing a kind registers its builders
KINDS = (
    metal, coated, mineral, organic, textile, electronic, scaled, shaped, finish, joint, cylinder, running, panel,
    edible, fibrous, masonry, pieces, polymer, printing, timber, vessel,
)  # fmt: skip


def build_surface(material: Material, hw: tuple[int, int], rng: np.random.Generator) -> Surface:
    """Surface maps (H, W) of one good part of this material.

    Texture is scaled in pixels: a small window shows a detail, a large one more of the part. The key `outline` of
    the recipe's parameters gives the part a silhouette before a bench; all others belong to the builder.

    Raises RecipeError for an unknown builder or parameter.
    """
    look = material.look
    if look.surface not in BUILDERS:
        raise RecipeError(
            f"material '{material.name}': look.surface is '{look.surface}', "
            f"expected one of {', '.join(sorted(BUILDERS))}"
        )
    model, build = BUILDERS[look.surface]
    params = dict(look.params)
    outline = _checked(Outline, params.pop("outline", {}), material.name, "outline.")
    checked = _checked(model, params, material.name, "")
    silhouette = draw_silhouette(outline, hw, rng)
    if silhouette is None:
        return build(checked, hw, rng)
    if "centre" in model.model_fields:
        checked = checked.model_copy(update={"centre": silhouette.centre})
    return cut_out(build(checked, hw, rng), silhouette, outline, rng)


def _checked(model: type[P], values: Any, material: str, prefix: str) -> P:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = prefix + ".".join(str(part) for part in first["loc"])
        allowed = ", ".join([*model.model_fields] if prefix else ["outline", *model.model_fields])
        raise RecipeError(
            f"material '{material}': look.params.{key} is {first['input']!r}: {first['msg']}; allowed: {allowed}"
        ) from error
