"""Finished cells on the disk: KEY.json has the numbers, KEY.npz scores and maps; each appears whole or not at all."""

from __future__ import annotations

import io
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from defectgen.atomic import write_atomic
from defectgen.downstream.task import Outcome
from defectgen.errors import InputError
from defectgen.gain.cell import Cell

__all__ = ["CellCache", "CellNumbers", "numbers_of"]


class CellNumbers(BaseModel):
    """The numbers of one training; None where a metric has no value. per_class: by class, then metric.

    seconds: of the whole cell, reading, training and judging.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: dict[str, float | None]
    per_class: dict[str, dict[str, float | None]]
    curve: tuple[dict[str, float | None], ...]
    best_step: int
    val: float | None
    seconds: float


def numbers_of(outcome: Outcome, seconds: float) -> CellNumbers:
    """The outcome without its arrays."""
    return CellNumbers(
        metrics=_finite(outcome.metrics),
        per_class={name: _finite(values) for name, values in outcome.per_class.items()},
        curve=tuple(_finite(one) for one in outcome.curve), best_step=int(outcome.best_step),
        val=_finite({"val": outcome.val})["val"], seconds=round(seconds, 3),
    )  # fmt: skip


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {name: float(value) if math.isfinite(value) else None for name, value in values.items()}


class CellCache:
    """A folder of finished cells."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> CellNumbers | None:
        """The numbers of a cell, None where it was not trained yet. InputError where its file is damaged."""
        content = self._read(key)
        return None if content is None else CellNumbers.model_validate(content["numbers"])

    def put(self, cell: Cell, outcome: Outcome, seconds: float) -> CellNumbers:
        """Keeps a finished cell. Maps are kept for the first seed, which is enough to look at."""
        numbers = numbers_of(outcome, seconds)
        arrays: dict[str, Any] = {"scores": np.asarray(outcome.scores, np.float32)}
        if outcome.maps is not None and cell.spot.seed == 0:
            arrays["maps"] = outcome.maps
        packed = io.BytesIO()
        np.savez_compressed(packed, **arrays)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self.folder / f"{cell.key}.npz", packed.getvalue())
        content = {"cell": asdict(cell), "numbers": numbers.model_dump()}
        write_atomic(self.folder / f"{cell.key}.json", (json.dumps(content, indent=1) + "\n").encode())
        return numbers

    def arrays(self, key: str) -> dict[str, np.ndarray[Any, Any]]:
        """"scores" and, for the first seed of tasks that give them, "maps" of a finished cell."""
        with np.load(self.folder / f"{key}.npz", allow_pickle=False) as held:
            return {name: held[name] for name in held.files}

    def spots(self) -> list[dict[str, Any]]:
        """The cells that are there, as they were asked for, with their seconds."""
        found = [self._read(path.stem) for path in sorted(self.folder.glob("*.json"))]
        return [{**one["cell"], "seconds": one["numbers"]["seconds"]} for one in found if one is not None]

    def _read(self, key: str) -> dict[str, Any] | None:
        path = self.folder / f"{key}.json"
        try:
            content: dict[str, Any] = json.loads(path.read_text("utf-8"))
            CellNumbers.model_validate(content["numbers"])
            return {"cell": content["cell"], "numbers": content["numbers"]}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{path} is damaged ({reason}); delete it, and its cell is trained again") from None
