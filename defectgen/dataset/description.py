"""A description: what can be measured of one picture of a set, as one frozen record; the words are made from it.

Lengths are pixels of the stored picture, angles degrees counter-clockwise from the x axis modulo 180, fractions run
over the picture from its top left corner, grey levels are 8-bit. What was not measured, or would not hold, is None:
a picture with boxes says nothing of shape and contrast, a picture with a class alone nothing of place and size.
"""

from __future__ import annotations

from typing import Literal

from defectgen.record import Annotation, Line

__all__ = [
    "CELLS", "Border", "Cell", "Course", "Described", "Description", "Extent", "Form", "Outline", "Place", "Reference",
    "Side", "Spans", "Surface", "Tone",
]  # fmt: skip

Cell = Literal[
    "top-left", "top", "top-right", "left", "centre", "right", "bottom-left", "bottom", "bottom-right",
]  # fmt: skip
CELLS: tuple[Cell, ...] = (
    "top-left", "top", "top-right", "left", "centre", "right", "bottom-left", "bottom", "bottom-right",
)  # fmt: skip
"""The 3 x 3 cells of the frame, row by row."""

Reference = Literal["part", "image"]
Spans = Literal["width", "height", "both"]
Form = Literal["branching", "elongated", "round", "irregular", "scattered", "compact"]
Course = Literal["straight", "curved"]
Border = Literal["sharp", "diffuse"]
Side = Literal["darker", "lighter", "mixed"]


class Place(Line):
    """Where a defect lies.

    cell: of nine, the one that holds most of it, over the bounding box of the part or over the image.
    spans: the sides of that frame of which it takes 60 percent or more.
    centre: (x, y), box: (x0, y0, x1, y1), fractions of the image.
    """

    cell: Cell
    reference: Reference
    spans: Spans | None
    centre: tuple[float, float]
    box: tuple[float, float, float, float]


class Extent(Line):
    """How large a defect is.

    basis: "mask", or "box" where only the box is known: then length and width are the box's longer and shorter side.
    length_px: between its outermost points. width_px: of a line its mean breadth, of a spot its narrowest extent.
    percent: of the area of the reference.
    """

    basis: Literal["mask", "box"]
    length_px: float
    width_px: float
    area_px: int
    percent: float
    reference: Reference
    length_mm: float | None = None
    width_mm: float | None = None
    area_mm2: float | None = None


class Outline(Line):
    """The shape of a mask.

    form: of the main piece: branching (a skeleton with forks), elongated, round, irregular (far from its convex hull),
        else compact; scattered where no piece is the main one.
    course: straight or curved, of elongated forms where clear. axis_ratio: of the second moments.
    orientation: of the long axis; None where there is no clear one. pieces: that do not touch.
    """

    form: Form
    course: Course | None
    axis_ratio: float
    orientation: float | None
    forks: int
    pieces: int
    solidity: float


class Tone(Line):
    """How a defect looks against the ring around it.

    contrast: mean luminance inside less that of the ring, signed. spread: of the ring's luminance, robust.
    side: None where neither is clear. hue: the defect's own, where its colour differs from the ring's by a chroma_shift
    (CIELAB) that counts.
    border: how steeply it sets off; None where it cannot be told.
    """

    contrast: float
    spread: float
    side: Side | None
    hue: str | None
    chroma_shift: float | None
    border: Border | None


class Described(Line):
    """One defect. visibility: in [0, 1], 0 what an eye just sees over the noise; level: its word."""

    defect: str
    place: Place
    extent: Extent
    outline: Outline | None = None
    tone: Tone | None = None
    visibility: float | None = None
    level: str | None = None


class Surface(Line):
    """A picture as a whole. brightness: mean. unevenness: spread of the means over an 8 x 8 grid on the part."""

    brightness: float
    unevenness: float
    hue: str | None
    part_percent: float | None


class Description(Line):
    """One picture.

    defects: by area, the largest first. counted: whether each is one defect for certain, or only a piece of the mask.
    frame: [x0, y0, x1, y1] in pixels, what the nine cells divide: the part's bounding box, or the image.
    causes: of the largest defect's type, from the recipes; never measured. family: of that type.
    """

    file_name: str
    annotation: Annotation
    product: str | None
    material: str | None
    width: int
    height: int
    defect: str
    family: str | None
    defects: tuple[Described, ...]
    counted: bool
    frame: tuple[int, int, int, int]
    causes: tuple[str, ...]
    surface: Surface

    @property
    def count(self) -> int:
        return len(self.defects)
