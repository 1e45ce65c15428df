"""Recipes: what a material looks like and what a defect does to it, as strict YAML.

A *material* names the surface that renders it. A *defect type* names a morphology (the shape of its mask) and a
surface change (what happens under that mask). Both are data; the code that reads them lives in `mask` and `render`.
Lengths of defects are fractions of the part's shorter side, so that they fit any picture; `extent` says what they
measure in reality. Angles are degrees, counter-clockwise from the x axis.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = [
    "UNITS", "Defect", "Extent", "Look", "Material", "Morphology", "Placement", "Range", "Standard", "SurfaceChange",
]  # fmt: skip

Range = tuple[float, float]

ShapeKind = Literal[
    "crack", "scratch", "pit", "blob", "stain", "chip", "bulge", "fold", "peel", "fibre", "hole", "weave", "spatter",
    "bars", "pattern", "bridge", "knot",
]
Region = Literal["anywhere", "edge", "corner", "centre"]
Name = Annotated[str, Field(pattern=r"[^\W\d_]")]
Domain = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Unit = Literal["um", "mm", "cm", "m"]
UNITS: dict[str, float] = {"um": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0}
"""Metres of each unit."""
Grain = Literal["free", "along", "across"]
Follow = Literal["none", "track", "gap", "fringe", "edge", "joint", "ring"]
Section = Literal["v", "bowl", "soft", "step", "facet"]


def rising_size(size: Range) -> Range:
    if not 0 < size[0] <= size[1] <= 1:
        raise ValueError("expected two fractions, 0 < low <= high <= 1")
    return size


def rising_count(count: tuple[int, int]) -> tuple[int, int]:
    if not 1 <= count[0] <= count[1]:
        raise ValueError("expected two whole numbers, 1 <= low <= high")
    return count


def three_phrases(phrases: tuple[str, ...]) -> tuple[str, ...]:
    if len(phrases) not in (0, 3):
        raise ValueError("expected three phrases: barely visible, clear, gross")
    return phrases


def quoted(value: Any) -> Any:
    """Numbers of clauses must be text: 5.10 without quotes would be read as 5.1."""
    if value is not None and not isinstance(value, str):
        raise ValueError("expected text; put it in quotes")
    return value


def within(low: float, high: float) -> AfterValidator:
    """Refuses numbers, pairs and colours that leave [low, high]."""

    def check(value: Any) -> Any:
        if any(not low <= one <= high for one in (value if isinstance(value, tuple) else (value,)) if one is not None):
            raise ValueError(f"expected {low:g} to {high:g}")
        return value

    return AfterValidator(check)


Share = Annotated[float, within(0, 1)]
Shares = Annotated[Range, within(0, 1)]
Shift = Annotated[Range, within(-1, 1)]
Colour = Annotated[tuple[float, float, float], within(0, 1)]


class Strict(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Look(Strict):
    """How `render.material` builds the surface: the builder's name and its parameters."""

    surface: str
    params: dict[str, Any] = Field(default_factory=dict)


class Material(Strict):
    """One material: names, the look of its good parts, and whether its surface has a grain.

    domain: the trade it belongs to. groups: names under which defects may list it together with others, as "metals".
    """

    name: Name
    domain: Domain = "general"
    groups: tuple[Domain, ...] = ()
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

    depth: Annotated[Range, within(-5, 5)] = (0.0, 0.0)
    lip: Annotated[float, within(0, 2)] = 0.0
    tint: Colour | None = None
    opacity: Shares = (0.0, 0.0)
    albedo: Annotated[Range, within(0, 10)] = (1.0, 1.0)
    roughness: Shift = (0.0, 0.0)
    metalness: Shift = (0.0, 0.0)
    mottle: Share = 0.0
    rim: Share = 0.0
    glint: Share = 0.0
    section: Section = "soft"
    void: Shares = (0.0, 0.0)
    grit: Annotated[Range, within(0, 5)] = (0.0, 0.0)
    along: Share = 0.0
    tint_to: Colour | None = None
    through: Share = 0.5
    front: Share = 0.0
    feather: Share = 0.0
    heat: Shares = (0.0, 0.0)


class Placement(Strict):
    """Where on the part, how it lies to the grain, what it follows there, and how many to an image.

    follow: what the picture must show for it; a picture that shows none leaves the other keys in charge.
    track: cut out of one line of a pattern of lines. gap: from one body to its neighbour. fringe: a narrow border
    beside printed bodies, on one side of all. edge: along the longest border between two areas. joint: along the net
    of joints between tiles or bricks. ring: concentric with a round part.
    """

    region: Region = "anywhere"
    grain: Grain = "free"
    follow: Follow = "none"
    count: Annotated[tuple[int, int], AfterValidator(rising_count)] = (1, 3)


class Extent(Strict):
    """The usual real size of a defect's longest extent."""

    low: Annotated[float, Field(gt=0)]
    high: Annotated[float, Field(gt=0)]
    unit: Unit

    @model_validator(mode="after")
    def _rises(self) -> Extent:
        if self.low > self.high:
            raise ValueError("expected low <= high")
        return self


class Standard(Strict):
    """A document that names the defect, and the clause or number it has there."""

    id: Annotated[str, BeforeValidator(quoted), Field(min_length=2)]
    clause: Annotated[str | None, BeforeValidator(quoted)] = None


class Defect(Strict):
    """One defect type.

    extends: the type whose keys stand where this one has none. size: fractions of the part's shorter side; extent: the
    usual real size. materials: where it is usual, none meaning everywhere; never_on: where it makes no sense.
    severity: how it shows when barely visible, clear, and gross.
    """

    name: Name
    family: str
    domain: Domain = "general"
    extends: str | None = None
    synonyms: tuple[Name, ...] = ()
    description: Annotated[str, Field(min_length=1)]
    standards: tuple[Standard, ...] = ()
    morphology: Morphology
    change: SurfaceChange
    placement: Placement = Placement()
    size: Annotated[Range, AfterValidator(rising_size)]
    extent: Extent | None = None
    materials: tuple[str, ...] = ()
    never_on: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    severity: Annotated[tuple[str, ...], AfterValidator(three_phrases)] = ()
