"""Pools on the disk, by their content, so that every worker maps the same pages into memory and none decodes anything.

    SHA256/pixels.npy masks.npy labels.npy boxes.npy (rows: picture, x0, y0, x1, y1, class) pool.json
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defectgen.downstream.pool import Pool
from defectgen.errors import InputError, OutputError

__all__ = ["PoolStore"]

NAMES = "pool.json"


class PoolStore:
    """A folder of pools."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, pool: Pool) -> str:
        """Its content's sum, by which `get` finds it."""
        target = self.folder / pool.sha256
        part = self.folder / f".{target.name}-{os.getpid()}"
        if not target.is_dir():
            try:
                part.mkdir(parents=True, exist_ok=True)
                self._write(pool, part)
                part.rename(target)
            except OSError as error:
                if not target.is_dir():  # another worker may have been quicker
                    raise OutputError(f"{target} cannot be written: {error.strerror}; free some room") from error
            finally:
                shutil.rmtree(part, ignore_errors=True)
        return target.name

    @staticmethod
    def _write(pool: Pool, target: Path) -> None:
        boxes = [np.column_stack([np.full(len(one), i), one]) for i, one in enumerate(pool.boxes)]
        arrays: dict[str, NDArray[Any]] = {"pixels": pool.pixels, "masks": pool.masks, "labels": pool.labels}
        arrays["boxes"] = np.concatenate([np.zeros((0, 6)), *boxes]).astype(np.float32)
        for name, array in arrays.items():
            np.save(target / f"{name}.npy", array)
        names = {
            "annotations": pool.annotations, "groups": pool.groups, "names": pool.names, "classes": pool.classes,
        }  # fmt: skip
        (target / NAMES).write_text(json.dumps(names), "utf-8")

    def get(self, key: str) -> Pool:
        """The pool, mapped and not read. InputError where it is gone."""
        target = self.folder / key
        try:
            names = {name: tuple(values) for name, values in json.loads((target / NAMES).read_text("utf-8")).items()}
            pixels, masks = (np.load(target / f"{name}.npy", mmap_mode="c") for name in ("pixels", "masks"))
            labels, boxes = np.load(target / "labels.npy"), np.load(target / "boxes.npy")
        except (OSError, ValueError) as error:
            raise InputError(f"{target} cannot be read ({error}); delete it and run again") from None
        of = [np.ascontiguousarray(boxes[boxes[:, 0] == i, 1:]) for i in range(len(labels))]
        return Pool(pixels, masks, labels, tuple(of), **names)
