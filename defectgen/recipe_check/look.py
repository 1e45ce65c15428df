"""The look of a material: whether the renderer knows its builder and every parameter."""

from __future__ import annotations

from pydantic import ValidationError

from defectgen.recipe import Material
from defectgen.render import material as builders
from defectgen.render.builders.registry import BUILDERS
from defectgen.render.outline import Outline

__all__ = ["look_problems"]

# importing a kind registers its builders
KINDS = builders.KINDS


def look_problems(material: Material) -> list[tuple[str, str]]:
    """(key, what is wrong) for each parameter that the renderer would refuse."""
    look = material.look
    if look.surface not in BUILDERS:
        return [("look.surface", f"got {look.surface!r}; use one of {', '.join(sorted(BUILDERS))}")]
    model, _ = BUILDERS[look.surface]
    params = dict(look.params)
    found = []
    for schema, values, prefix in ((Outline, params.pop("outline", {}), "outline."), (model, params, "")):
        try:
            schema.model_validate(values)
        except ValidationError as error:
            allowed = ", ".join(schema.model_fields if prefix else ["outline", *schema.model_fields])
            for one in error.errors():
                key = f"look.params.{prefix}" + ".".join(str(part) for part in one["loc"])
                unknown = one["type"] == "extra_forbidden"
                what = "unknown key" if unknown else f"got {one['input']!r}; {one['msg']}"
                found.append((key, f"{what}; {look.surface} takes {allowed}"))
    return found
