"""From finished trainings to the result of a study: verdicts, advice, and what each of them says."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

import defectgen
from defectgen.downstream.task import TrainOptions
from defectgen.gain.advisor import Advice, advise
from defectgen.gain.cell import PROTOCOL, Cell
from defectgen.gain.cell_cache import CellNumbers
from defectgen.gain.plan import Plan
from defectgen.gain.result import (
    ArmLine,
    CellLine,
    DrawLine,
    GainResult,
    Protocol,
    RealSide,
    TaskLine,
    TestSide,
    rows_of,
)  # fmt: skip
from defectgen.gain.row import ALL, Row
from defectgen.gain.verdict import Verdict, judge
from defectgen.record import METADATA

__all__ = ["advice_of", "assemble", "say"]

LIBRARIES = ("torch", "torchvision", "timm", "segmentation-models-pytorch", "albumentations", "numpy")


def assemble(
    plan: Plan, finished: Sequence[tuple[Cell, CellNumbers]], sets: Mapping[tuple[str, int], str]
) -> GainResult:
    """The result of the trainings that are finished. sets: pool keys by maker and draw."""
    cells = tuple(_cell_line(cell, numbers) for cell, numbers in finished)
    rows = rows_of(cells)
    leads = {one.task: plan.leads[one.task] for one in plan.tasks}
    verdicts = judge(rows, leads)
    once = {cell.key: numbers.seconds for cell, numbers in finished}
    return GainResult(
        defectgen=defectgen.__version__, command=plan.options.command, protocol=_protocol(plan), real=_real(plan),
        arms=_arms(plan, sets),
        tasks=tuple(
            TaskLine(task=one.task, model=one.model, lead=leads[one.task], steps=plan.steps(one.task))
            for one in plan.tasks
        ),
        draws=tuple(_draw(plan, draw) for draw in range(plan.options.draws)),
        test=TestSide(names=plan.test.names, labels=tuple(plan.test.labels.tolist())),
        planned=len(plan.spots), cells=cells, verdicts=verdicts, said=tuple(say(one) for one in verdicts),
        advice=tuple(advice_of(rows, leads)), notes=plan.notes, seconds=round(sum(once.values()), 1),
    )  # fmt: skip


def say(verdict: Verdict) -> str:
    """A verdict in one sentence."""
    where = verdict.task if verdict.defect == ALL else f"{verdict.task}, {verdict.defect}"
    ends = f" ({verdict.range_words})" if verdict.range_words else ""
    return f"{where}: {verdict.arm} {verdict.ratio:g} to 1: {verdict.level}; {verdict.words}{ends}"


def _cell_line(cell: Cell, numbers: CellNumbers) -> CellLine:
    spot = cell.spot
    return CellLine(
        task=spot.task, model=spot.model, arm=spot.arm, ratio=spot.ratio, draw=spot.draw, seed=spot.seed, key=cell.key,
        numbers=numbers,
    )  # fmt: skip


def advice_of(rows: Sequence[Row], leads: Mapping[str, str]) -> list[Advice]:
    """What `advise` says of each task and model. leads: the leading metric of each task."""
    found = []
    for task, model in dict.fromkeys((row.task, row.model) for row in rows):
        found += advise([row for row in rows if (row.task, row.model) == (task, model)], leads[task])
    return found


def _protocol(plan: Plan) -> Protocol:
    options = plan.options
    return Protocol(
        version=PROTOCOL, shots=options.shots, draws=options.draws, seeds=options.seeds,
        ratios=tuple(sorted(options.ratios)), zero_shot=options.zero_shot, side=options.side,
        batch=options.batch or TrainOptions().batch, device=options.device, libraries=_libraries(),
    )  # fmt: skip


def _libraries() -> dict[str, str]:
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _real(plan: Plan) -> RealSide:
    folder = plan.split.owner.path
    sha256 = hashlib.sha256((folder / METADATA).read_bytes()).hexdigest()
    return RealSide(name=folder.resolve().name, sha256=sha256, classes=plan.split.classes, counts=plan.split.counts())


def _arms(plan: Plan, sets: Mapping[tuple[str, int], str]) -> tuple[ArmLine, ...]:
    sizes = {key: len(plan.pools.get(key)) for key in set(sets.values())}
    return tuple(
        ArmLine(
            name=arm.name, kind=arm.kind, maker=arm.maker, zero_shot=arm.zero_shot,
            pictures=sum(sizes[key] for key in {key for (maker, _), key in sets.items() if maker == arm.maker})
            if arm.has_set else 0,
        )
        for arm in plan.arms
    )  # fmt: skip


def _draw(plan: Plan, draw: int) -> DrawLine:
    shots: dict[str, list[str]] = {}
    for record in plan.shots(draw):
        shots.setdefault(record.defect, []).append(record.file_name)
    return DrawLine(draw=draw, shots={name: tuple(names) for name, names in shots.items()})
