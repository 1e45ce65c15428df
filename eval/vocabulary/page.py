"""A page of labelled pictures: cells in rows, a name and a second line under each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

GAP, LABEL = 8, 34
INK, FAINT, RED = (20, 20, 20), (110, 110, 110), (200, 30, 30)


@dataclass(frozen=True)
class Cell:
    """One picture (H, W, 3) uint8, or None where there is none, and what is written under it."""

    picture: NDArray[np.uint8] | None
    name: str
    second: str


def draw_page(title: str, cells: Sequence[Cell], side: int, columns: int) -> Image.Image:
    """All cells under a title; names that are too long are cut."""
    columns = min(columns, max(3, len(cells)))
    rows = -(-len(cells) // columns)
    top = 40
    page = Image.new("RGB", (GAP + columns * (side + GAP), top + rows * (side + LABEL + GAP)), "white")
    pen = ImageDraw.Draw(page)
    pen.text((GAP, 8), title, INK, ImageFont.load_default(20))
    for i, cell in enumerate(cells):
        x, y = GAP + (i % columns) * (side + GAP), top + (i // columns) * (side + LABEL + GAP)
        if cell.picture is None:
            pen.rectangle((x, y, x + side, y + side), outline=RED)
        else:
            page.paste(Image.fromarray(cell.picture).resize((side, side), Image.Resampling.LANCZOS), (x, y))
        write(pen, (x, y + side + 1), cell.name, 14, INK, side)
        write(pen, (x, y + side + 17), cell.second, 11, RED if cell.picture is None else FAINT, side)
    return page


def write(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, colour: tuple[int, int, int], width: int
) -> None:
    font = ImageFont.load_default(size)
    while text and pen.textlength(text, font) > width:
        text = text[:-2] + "…"
    pen.text(at, text, colour, font)


def save(page: Image.Image, path: Path) -> None:
    """Writes the page as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path)
