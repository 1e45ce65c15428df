"""Parameters of each kind of shape, checked by name.

Fractions are of the shape's longest extent unless stated; pairs are ranges from which each shape draws its own value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from defectgen.errors import RecipeError

__all__ = [
    "KINDS",
    "BarsParams",
    "BlobParams",
    "BridgeParams",
    "BulgeParams",
    "ChipParams",
    "CrackParams",
    "FibreParams",
    "FoldParams",
    "HoleParams",
    "KnotParams",
    "PatternParams",
    "PeelParams",
    "PitParams",
    "ScratchParams",
    "ShapeParams",
    "SpatterParams",
    "StainParams",
    "WeaveParams",
    "shape_params",
]

Span = tuple[float, float]
Count = tuple[int, int]


class ShapeParams(BaseModel):
    """Base of all parameters; pairs must rise and must not be negative."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _ranges_rise(self) -> ShapeParams:
        for name, value in self:
            if isinstance(value, tuple) and not 0 <= value[0] <= value[1]:
                raise ValueError(f"{name} must be a rising pair of non-negative numbers, got {value}")
        return self


class CrackParams(ShapeParams):
    """width: of the trunk; hairline: share of cracks that are 1 px; gaps: share of the length that is closed.

    taper: share of cracks that run out to a hairline; the others keep their width, as a break does. cells: number of
    cells of the style of that name, a net whose cells are closed; no other style has any.
    """

    style: Literal["mixed", "single", "star", "net", "parallel", "cells"] = "mixed"
    width: Span = (0.008, 0.07)
    hairline: float = Field(0.35, ge=0, le=1)
    taper: float = Field(0.75, ge=0, le=1)
    branching: Span = (0.0, 4.0)
    tortuosity: Span = (0.05, 0.9)
    gaps: Span = (0.0, 0.12)
    cells: Count = (10, 40)


class ScratchParams(ShapeParams):
    """count: strokes of the bundle; spread: the bundle's width; curvature: turn from end to end, radians."""

    count: Count = (1, 9)
    width: Span = (0.006, 0.05)
    spread: Span = (0.03, 0.22)
    curvature: Span = (0.0, 0.7)
    skips: Span = (0.0, 0.25)


class PitParams(ShapeParams):
    """count: pits; radius: median radius; dispersion: sigma of the log-normal sizes; cluster: 0 even, 1 tight."""

    count: Count = (1, 14)
    radius: Span = (0.03, 0.10)
    dispersion: Span = (0.2, 0.8)
    cluster: Span = (0.1, 0.9)
    roughness: Span = (0.05, 0.4)


class BlobParams(ShapeParams):
    """aspect: short side over long side; roughness: strength of the fractal edge; lobes: merged bodies."""

    aspect: Span = (0.2, 1.0)
    roughness: Span = (0.15, 1.0)
    lobes: Count = (1, 4)


class StainParams(ShapeParams):
    """runs: streaks that flow down the axis; satellites: drops beside the body; rim: strength of the dried border."""

    aspect: Span = (0.3, 1.0)
    roughness: Span = (0.2, 1.0)
    runs: Count = (0, 3)
    satellites: Count = (0, 7)
    rim: Span = (0.0, 1.0)


class ChipParams(ShapeParams):
    """aspect: depth of the bite over its width; facets: straight faces of one bite; bites: overlapping bites."""

    aspect: Span = (0.12, 0.9)
    facets: Count = (4, 8)
    bites: Count = (1, 4)
    roughness: Span = (0.02, 0.2)


class BulgeParams(ShapeParams):
    """aspect: short side over long side; domes: merged blisters; roughness: waviness of the outline."""

    aspect: Span = (0.5, 1.0)
    domes: Count = (1, 3)
    roughness: Span = (0.0, 0.18)


class FoldParams(ShapeParams):
    """count: ridges; width: of one ridge; waviness: sideways swing of the ridge; spacing: between ridges."""

    count: Count = (1, 4)
    width: Span = (0.025, 0.09)
    waviness: Span = (0.1, 0.6)
    spacing: Span = (0.08, 0.2)


class PeelParams(ShapeParams):
    """aspect: short side over long side; tear: strength of the ragged edge; islands: flakes left standing."""

    aspect: Span = (0.35, 0.95)
    tear: Span = (0.2, 0.8)
    islands: Count = (0, 3)


class FibreParams(ShapeParams):
    """width: constant along a thread; curl: how much it turns; count: threads."""

    width: Span = (0.008, 0.03)
    curl: Span = (0.1, 1.0)
    count: Count = (1, 2)


class HoleParams(ShapeParams):
    """style: a round punch, a torn opening or a mix; tear: raggedness of torn ones."""

    style: Literal["mixed", "round", "torn"] = "mixed"
    aspect: Span = (0.5, 1.0)
    tear: Span = (0.1, 0.6)


class WeaveParams(ShapeParams):
    """style: the fault; pitch: thread spacing; all segments run exactly along or across the axis."""

    style: Literal["mixed", "missing", "double", "broken", "slub", "float"] = "mixed"
    pitch: Span = (0.025, 0.06)
    count: Count = (1, 3)


class SpatterParams(ShapeParams):
    """count: drops; radius: median radius; smear: elongation along the throw; throw: 0 round cloud, 1 a jet."""

    count: Count = (8, 60)
    radius: Span = (0.008, 0.03)
    smear: Span = (0.0, 1.5)
    throw: Span = (0.0, 1.0)


class BarsParams(ShapeParams):
    """style: ovals, or slots with straight flanks; pitch: from bar to bar along the row; duty: width over pitch.

    aspect: length of the bars, across the row; bow: how far they are bent; jitter: how unlike they are.
    """

    style: Literal["oval", "slot"] = "oval"
    pitch: Span = (0.08, 0.2)
    duty: Span = (0.3, 0.7)
    aspect: Span = (0.15, 0.5)
    bow: Span = (0.0, 0.2)
    jitter: Span = (0.1, 0.6)
    roughness: Span = (0.0, 0.3)


class PatternParams(ShapeParams):
    """grain: width of one bump; stretch: how many times longer it is along the axis; waviness: how far all is bent.

    cover: share of the area that is the defect, 1 for all of it. aspect and roughness are those of the area.
    """

    grain: Span = (0.03, 0.08)
    stretch: Span = (1.0, 6.0)
    waviness: Span = (0.0, 0.6)
    cover: Span = (0.35, 0.7)
    aspect: Span = (0.5, 0.95)
    roughness: Span = (0.2, 0.5)


class BridgeParams(ShapeParams):
    """aspect: width at the ends over length; waist: width in the middle over that; roughness: of the flanks."""

    aspect: Span = (0.25, 0.6)
    waist: Span = (0.4, 0.9)
    roughness: Span = (0.0, 0.2)


class KnotParams(ShapeParams):
    """aspect: short side over long side; rings: growth rings; checks: splits from the pith; roughness: of the edge."""

    aspect: Span = (0.6, 1.0)
    rings: Count = (4, 9)
    checks: Count = (0, 3)
    roughness: Span = (0.05, 0.2)


KINDS: dict[str, type[ShapeParams]] = {
    "crack": CrackParams,
    "scratch": ScratchParams,
    "pit": PitParams,
    "blob": BlobParams,
    "stain": StainParams,
    "chip": ChipParams,
    "bulge": BulgeParams,
    "fold": FoldParams,
    "peel": PeelParams,
    "fibre": FibreParams,
    "hole": HoleParams,
    "weave": WeaveParams,
    "spatter": SpatterParams,
    "bars": BarsParams,
    "pattern": PatternParams,
    "bridge": BridgeParams,
    "knot": KnotParams,
}


def shape_params(kind: str, params: Mapping[str, Any]) -> ShapeParams:
    """The checked parameters of one kind; RecipeError names what is wrong and what is allowed."""
    if kind not in KINDS:
        raise RecipeError(f"shape kind {kind!r} is unknown; use one of {', '.join(sorted(KINDS))}")
    model = KINDS[kind]
    for key in params:
        if key not in model.model_fields:
            allowed = ", ".join(model.model_fields)
            raise RecipeError(f"morphology.params.{key} is unknown for kind {kind!r}; use one of {allowed}")
    try:
        return model.model_validate(dict(params))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "params"
        got = "" if key == "params" else f", got {first['input']!r}"
        raise RecipeError(f"morphology.params.{key} of kind {kind!r}: {first['msg']}{got}") from None
