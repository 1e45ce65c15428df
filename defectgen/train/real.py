"""Real defect pictures for training: what is read, from where, in which group.

Only sets whose licence lets them train shipped weights are read here. A *group* is what must not be split between
training and validation: a solar module, a place on a ball screw, a roll of cloth.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from defectgen.blocked import Blocked
from defectgen.dataset.layout.ball_screw import places
from defectgen.errors import InputError

__all__ = ["SETS", "RealPicture", "is_held_out", "load_real", "read_rgb"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RealPicture:
    """One picture: rgb (H, W, 3) uint8, and its defects, (name, mask (H, W) bool); none on a good picture."""

    set_name: str
    group: str
    path: Path
    material: str
    rgb: NDArray[np.uint8]
    defects: tuple[tuple[str, Mask], ...]
    barred: Mask | None = None


def read_rgb(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path).convert("RGB"))


def _pv_vision(root: Path) -> Iterator[RealPicture]:
    names = {1: "dark cell area", 2: "cross crack", 3: "cell crack"}
    for ann in sorted(root.glob("*/ann/*.png")):
        picture = ann.parent.parent / "img" / f"{ann.stem}.jpg"
        index = np.asarray(Image.open(ann))
        found = tuple((name, index == value) for value, name in names.items() if (index == value).any())
        module = ann.stem.rsplit("_", 1)[0]
        yield RealPicture(root.name, module, picture, "solar cell", read_rgb(picture), found, index == 4)


def _bsdata(root: Path) -> Iterator[RealPicture]:
    pictures = sorted((root / "data").glob("*.jpg"))
    groups = places([picture.stem for picture in pictures])
    for picture in pictures:
        label = root / "label" / f"{picture.stem}.json"
        rgb = read_rgb(picture)
        canvas = Image.new("L", (rgb.shape[1], rgb.shape[0]))
        if label.exists():
            for shape in json.loads(label.read_text())["shapes"]:
                ImageDraw.Draw(canvas).polygon([tuple(p) for p in shape["points"]], fill=255)
        mask = np.asarray(canvas) > 0
        found = (("pitting", mask),) if mask.any() else ()
        yield RealPicture(root.name, groups.get(picture.stem, picture.stem), picture, "ball screw steel", rgb, found)


def _cookies(root: Path) -> Iterator[RealPicture]:
    for picture in sorted((root / "training-images").glob("*.jpg")):
        rgb = read_rgb(picture)
        path = root / "mask-images" / f"{picture.stem}.png"
        found: tuple[tuple[str, Mask], ...] = ()
        if path.exists():
            mask = np.asarray(Image.open(path).convert("RGBA"))[..., :3].max(-1) > 100
            found = (("crack", mask),) if mask.any() else ()
        yield RealPicture(root.name, picture.stem, picture, "cookie", rgb, found)


def _fabric(root: Path) -> Iterator[RealPicture]:
    for picture in sorted((root / "images").glob("*.jpg")):
        mask = np.asarray(Image.open(root / "annotations" / f"{picture.stem}.png")) > 127
        found = (("weave fault", mask),) if mask.any() else ()
        group = "_".join(picture.stem.split("_")[:5])
        yield RealPicture(root.name, group, picture, "woven fabric", read_rgb(picture), found)


SETS = {"pv-vision": _pv_vision, "bsdata": _bsdata, "aws-cookies": _cookies, "hsst-fabric": _fabric}


def is_held_out(set_name: str, group: str, percent: int = 20) -> bool:
    """Whether a group is kept from training; a fixed hash, so that every run agrees."""
    return zlib.crc32(f"{set_name}/{group}".encode()) % 100 < percent


def load_real(
    root: Path, held_out: bool, manifests: Sequence[Path] = (), sets: Collection[str] = tuple(SETS)
) -> Iterator[RealPicture]:
    """Pictures of one side of the split, from each of the sets below `root`.

    manifests: splits that the training side is held against, beside those that `blocked` finds by itself.

    Raises:
        InputError: `root` lacks a set, or a training picture is a test picture of a split.
    """
    blocked = Blocked() if held_out else Blocked.load(manifests, [root / name for name in sets])
    for name in sets:
        if not (root / name).is_dir():
            raise InputError(f"{root / name}: no such folder; expected the {name} set; see eval/compact/README.md")
        for picture in SETS[name](root / name):
            if is_held_out(name, picture.group) == held_out:
                blocked.check_pixels(picture.rgb, picture.path)
                yield picture
