"""Kinds of arms: what makes the samples of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from defectgen.arm.donor import read_donors
from defectgen.arm.draw import Draw
from defectgen.arm.engine_run import EngineRuns
from defectgen.arm.makers import PASTES, paste_maker, pyimgano_maker
from defectgen.arm.options import BASES, WORDS
from defectgen.arm.picture_run import Maker, PictureRun, run_pictures
from defectgen.arm.pyimgano_tool import preset_of
from defectgen.arm.type_name import known_material
from defectgen.book import load_book
from defectgen.source import load_sources

__all__ = ["MakeRun", "run_maker"]

MakeRun = Callable[[str, int, Path], None]
"""Makes the first n samples of a type in a folder."""


def run_maker(name: str, draw: Draw, adapter: Path | None) -> MakeRun:
    """What makes the runs of an arm; adapter: of the arm "compact"."""
    if name in BASES:
        recipe = None if adapter is not None or name in WORDS else draw.recipes()
        masks = None if name in WORDS else draw.masks.path
        runs = EngineRuns(
            BASES[name], draw.goods.folder, masks, recipe, adapter, draw.options.device, _materials(draw)
        )
        return lambda defect, n, out: runs.make(defect, n, draw.seed_of(defect), out)
    sources = load_sources(draw.goods.folder).good

    def make(defect: str, n: int, out: Path) -> None:
        run = PictureRun(name, defect, _text(draw, defect), sources, out, draw.seed_of(defect), draw.sha256)
        run_pictures(run, _maker(name, draw, defect), n)

    return make


def _materials(draw: Draw) -> dict[str, str | None]:
    """The material of each type's shots, where the recipes know one of that name."""
    book = load_book()
    return {defect: known_material(own[0].material, book) for defect, own in draw.types.items()}


def _maker(name: str, draw: Draw, defect: str) -> Maker:
    donors = read_donors(draw.masks, list(draw.masks.records()), defect)
    return paste_maker(name, donors) if name in PASTES else pyimgano_maker(preset_of(defect, donors))


def _text(draw: Draw, defect: str) -> str:
    material = draw.types[defect][0].material
    return defect if material is None else f"{defect} on {material}"
