"""Recipes: what a material looks like and what a defect does to it, as strict YAML.

A *material* names the surface that renders it. A *defect type* names a morphology (the shape of its mask) and a
surface change (what happens under that mask). Both are data; the code that reads them lives in `mask` and `render`.
Lengths of defects are fractions of the part's shorter side; angles are degrees, counter-clockwise from the x axis.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["Defect", "Look", "Material", "Morphology", "Placement", "Range", "SurfaceChange"]

Range = tuple[float, float]

ShapeKind = Literal[
    "crack", "scratch", "pit", "blob", "stain", "chip", "bulge", "fold", "peel", "fibre", "hole", "weave", "spatter"
]
Region = Literal["anywhere", "edge", "corner", "centre"]
Name = Annotated[str, Field(pattern=r"[A-Za-z]")]
Grain = Literal["free", "along", "across"]
Section = Literal["v", "bowl", "soft", "step", "facet"]


def rising_size(size: Range) -> Range:
    if not 0 < size[0] <= size[1] <= 1:
        raise ValueError("expected two fractions, 0 < low <= high <= 1")
    return size


def rising_count(count: tuple[int, int]) -> tuple[int, int]:
    if not 1 <= count[0] <= count[1]:
        raise ValueError("expected two whole numbers, 1 <= low <= high")
    return count


class Strict(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Look(Strict):
    """How `render.material` builds the surface: the builder's name and its parameters."""

    surface: str
    params: dict[str, Any] = Field(default_factory=dict)


class Material(Strict):
    """One material: names, the look of its good parts, and whether its surface has a grain."""

    name: Name
    synonyms: tuple[Name, ...] = ()
    description: str
    look: Look
    grain: bool = False


class Morphology(Strict):
    """The mask's shape: a kind of `mask.shape` and its parameters (checked by that kind)."""

    kind: ShapeKind
    params: dict[str, Any] = Field(default_factory=dict)


class SurfaceChange(Strict):
    """What happens to the surface under the mask; ranges are spanned by severity from 0 to 1.

    depth: height change relative to the defect's local half-width, negative into the surface.
    lip: height of a raised rim relative to |depth|.
    tint: linear-RGB colour that covers the surface, with `opacity` in [0, 1]; None leaves the hue alone.
    albedo: factor on the albedo (1 leaves it).
    roughness, metalness: added to the maps.
    mottle: relative strength of the tone's own texture inside the defect, in [0, 1].
    rim: extra tint at the border, as of a dried stain, in [0, 1].
    glint: strength of bright edge facets, in [0, 1].
    section: cross-section of the depth: v groove, bowl with a crisp border, soft dent, step with a flat floor,
        conchoidal facets.
    void: share of the light that the interior swallows, in [0, 1].
    grit: fine relief inside, pixels.
    along: how far the surface's grain turns along the defect, in [0, 1].
    tint_to: second colour that mottle mixes into `tint`.
    through: how far the surface's own texture shows through the tint, in [0, 1].
    front: how patchy the tinted area is, in [0, 1].
    feather: width of the tinted area's soft border relative to the half-width, in [0, 1].
    heat: strength of interference colours (straw, purple, blue) from the border inwards, in [0, 1].
    """

    depth: Range = (0.0, 0.0)
    lip: float = 0.0
    tint: tuple[float, float, float] | None = None
    opacity: Range = (0.0, 0.0)
    albedo: Range = (1.0, 1.0)
    roughness: Range = (0.0, 0.0)
    metalness: Range = (0.0, 0.0)
    mottle: float = 0.0
    rim: float = 0.0
    glint: float = 0.0
    section: Section = "soft"
    void: Range = (0.0, 0.0)
    grit: Range = (0.0, 0.0)
    along: float = 0.0
    tint_to: tuple[float, float, float] | None = None
    through: float = 0.5
    front: float = 0.0
    feather: float = 0.0
    heat: Range = (0.0, 0.0)


class Placement(Strict):
    """Where on the part, how it lies to the grain, and how many to an image."""

    region: Region = "anywhere"
    grain: Grain = "free"
    count: Annotated[tuple[int, int], AfterValidator(rising_count)] = (1, 3)


class Defect(Strict):
    """One defect type."""

    name: Name
    family: str
    synonyms: tuple[Name, ...] = ()
    description: str
    morphology: Morphology
    change: SurfaceChange
    placement: Placement = Placement()
    size: Annotated[Range, AfterValidator(rising_size)]
    materials: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
