"""A folder of rendered good parts: <number>.png and metadata.jsonl, as an imagefolder has them.

Where each part lies in its picture is in foreground/<number>.png, white on the part.

Part i depends on the material's recipe, the seed, i and the size alone.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from defectgen.atomic import write_atomic
from defectgen.errors import OutputError
from defectgen.image import encode_png
from defectgen.recipe import Material
from defectgen.render.library import lot_of, render_known

__all__ = ["FOREGROUND", "check_folder", "write_parts"]

FOREGROUND = "foreground"


def check_folder(folder: Path) -> None:
    """OutputError unless the folder is new or empty, and can be made."""
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError(f"{folder} is not empty; choose another folder with --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {folder}: {error.strerror}; choose another folder with --out") from None


def write_parts(material: Material, folder: Path, *, n: int, seed: int, size: int) -> Iterator[Path]:
    """Renders n parts, each as it is asked for; the list of them is written after the last."""
    records = []
    (folder / FOREGROUND).mkdir(exist_ok=True)
    for number in range(n):
        lot = lot_of(material, number, seed)
        buffer = io.BytesIO()
        picture, inside = render_known(lot, size)
        Image.fromarray(picture).save(buffer, "PNG", optimize=True)
        path = folder / f"{number:04d}.png"
        write_atomic(path, buffer.getvalue())
        write_atomic(folder / FOREGROUND / path.name, encode_png(inside.astype(np.uint8) * np.uint8(255)))
        text = f"a photo of {material.description}"
        records.append({"file_name": path.name, "material": material.name, "seed": lot.seed, "text": text})
        yield path
    write_atomic(folder / "metadata.jsonl", "".join(f"{json.dumps(record)}\n" for record in records).encode())
