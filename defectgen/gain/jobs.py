"""The two kinds of work in a study, as workers run them: make the set of an arm, train a cell."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from defectgen.arm.make import is_made, make_arm
from defectgen.arm.options import ArmOptions
from defectgen.dataset.defect_set import DefectSet
from defectgen.downstream.pool import Pool, read_pool
from defectgen.downstream.task import Outcome, Trial, make_task
from defectgen.gain.caught import CAUGHT, caught
from defectgen.gain.cell import Cell
from defectgen.gain.cell_cache import CellCache, CellNumbers
from defectgen.gain.pool_store import PoolStore
from defectgen.gain.row import ALL
from defectgen.record import GOOD

__all__ = ["MakeArm", "TrainCell", "run_cell"]

TOLD = 20
"""How often a training tells how far it is."""


@dataclass(frozen=True)
class MakeArm:
    """The synthetic set of an arm for one draw; gives the key of its pool. shots: the draw's set of real pictures."""

    maker: str
    draw: int
    shots: Path
    n: int
    work: Path
    pools: Path
    classes: tuple[str, ...]
    side: int
    options: ArmOptions

    def run(self, step: Callable[[float], None]) -> str:
        made = make_arm(self.maker, DefectSet(self.shots), self.n, self.draw, self.work, self.options)
        records = [record for record in made.records() if record.defect != GOOD]
        return PoolStore(self.pools).put(read_pool(made, records, self.classes, self.side))

    def is_made(self) -> bool:
        """Whether the set is there, and only has to be read."""
        return is_made(self.maker, DefectSet(self.shots), self.n, self.draw, self.work, self.options)


@dataclass(frozen=True)
class TrainCell:
    """One training, kept as soon as it is finished."""

    cell: Cell
    pools: Path
    cells: Path

    def run(self, step: Callable[[float], None]) -> CellNumbers:
        began = time.monotonic()
        pools = PoolStore(self.pools)
        outcome = with_caught(run_cell(self.cell, pools, step), pools.get(self.cell.test))
        return CellCache(self.cells).put(self.cell, outcome, time.monotonic() - began)


def with_caught(outcome: Outcome, test: Pool) -> Outcome:
    """With the share of defective test pictures that is caught, as one more metric of all defects and of each."""
    shares = caught(outcome.scores, test.labels, test.classes)
    parts = {
        name: {**values, **({CAUGHT: shares[name]} if name in shares else {})}
        for name, values in outcome.per_class.items()
    }
    whole = {**outcome.metrics, CAUGHT: shares[ALL]} if shares else outcome.metrics
    return replace(outcome, metrics=whole, per_class=parts)


def run_cell(cell: Cell, pools: PoolStore, step: Callable[[float], None] = lambda share: None) -> Outcome:
    """The outcome of a cell."""
    trial = Trial(
        real=pools.get(cell.real), extra=pools.get(cell.extra) if cell.extra else None, val=pools.get(cell.val),
        test=pools.get(cell.test), augment=cell.augment, extra_share=cell.extra_share,
    )  # fmt: skip
    steps = max(cell.options.steps, 1)
    every = max(steps // TOLD, 1)

    def watch(at: int, loss: float) -> None:
        if at % every == 0:
            step(at / steps)

    return make_task(cell.spot.task).run(trial, cell.options, watch)
