"""The part library: pictures of good parts for every material of the recipes.

    python -m defectgen.render.library samples/good

Lot `n` of a material is a pure function of (material's name, n, SEED): <material>/<lot>.jpg, and metadata.jsonl.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError

from defectgen.errors import InputError, RecipeError
from defectgen.recipe import Material
from defectgen.render.camera import draw_camera, expose
from defectgen.render.material import build_surface
from defectgen.render.shade import draw_light, shade
from defectgen.resources import resource_dir

__all__ = ["LOTS", "SIZE", "Lot", "load_materials", "lot_of", "lots", "main", "render_known", "render_lot"]

SEED = 47
LOTS = 3
SIZE = 512
QUALITY = 93


@dataclass(frozen=True)
class Lot:
    """One picture of the library: its material, lot number and the seed of its generator."""

    material: Material
    number: int
    seed: int

    @property
    def file_name(self) -> str:
        return f"{self.material.name}/{self.number}.jpg"


def load_materials(folder: Path) -> list[Material]:
    """The materials of a folder of YAML recipes, by name. Raises RecipeError for one that breaks the schema."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise InputError(f"'{folder}' holds no *.yaml, expected material recipes; name the folder that does")
    materials = []
    for path in paths:
        try:
            materials.append(Material.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise RecipeError(f"{path}: {key} is {first['input']!r}: {first['msg']}") from error
    return materials


def lots(materials: list[Material]) -> Iterator[Lot]:
    """Every lot of every material, with a seed that depends on nothing but names and numbers."""
    for material in materials:
        for number in range(LOTS):
            yield lot_of(material, number, SEED)


def lot_of(material: Material, number: int, seed: int) -> Lot:
    """One lot, whose own seed depends on nothing but the seed, the material's name and the number."""
    digest = hashlib.sha256(f"{seed}/{material.name}/{number}".encode()).digest()
    return Lot(material, number, int.from_bytes(digest[:6], "big"))


def render_lot(lot: Lot, size: int = SIZE) -> NDArray[np.uint8]:
    """The picture of a lot, (size, size, 3) uint8 sRGB; the library's cameras see colour."""
    return render_known(lot, size)[0]


def render_known(lot: Lot, size: int = SIZE) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The picture of a lot and where its part is, (size, size)."""
    rng = np.random.default_rng(lot.seed)
    surface = build_surface(lot.material, (size, size), rng)
    light, camera = draw_light(rng), draw_camera(rng, mono=False)
    return expose(shade(surface, light), camera, rng), surface.foreground


def main(out: Path) -> None:
    """Write the library to `out`, each file complete or absent."""
    records = []
    for lot in lots(load_materials(resource_dir("recipes") / "materials")):
        buffer = io.BytesIO()
        Image.fromarray(render_lot(lot)).save(buffer, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
        _write(out / lot.file_name, buffer.getvalue())
        records.append(_record(lot))
    _write(out / "metadata.jsonl", "".join(f"{json.dumps(record)}\n" for record in records).encode())


def _record(lot: Lot) -> dict[str, str | int]:
    return {
        "file_name": lot.file_name,
        "material": lot.material.name,
        "seed": lot.seed,
        "lot": lot.number,
        "text": f"a photo of {lot.material.description}",
    }


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_bytes(content)
    partial.replace(path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m defectgen.render.library OUT")
    main(Path(sys.argv[1]))
