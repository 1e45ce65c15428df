"""A study of gain: sets are made, trainings are run, and what they say is judged.

Everything is kept in the study's folder as soon as it is there, so that a study that was stopped, killed or out of its
budget goes on where it was when it is run again. Studies may share all but shots/ and gain.json:

    shots/            what the arms' makers start from, by draw
    arms/             what they made
    pools/  cells/    pictures in memory's form; finished trainings by the hash of all that decides them
    gain.json         the result, written after each round
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from defectgen.arm.options import ArmOptions
from defectgen.atomic import write_atomic
from defectgen.errors import OutputError
from defectgen.gain.cell import Cell, Spot
from defectgen.gain.cell_cache import CellCache, CellNumbers
from defectgen.gain.forecast import Forecast, Paces, measure_paces, pace_key, train_options
from defectgen.gain.grid import Arm
from defectgen.gain.jobs import MakeArm, TrainCell
from defectgen.gain.options import TaskModel
from defectgen.gain.outcome import assemble
from defectgen.gain.plan import Plan
from defectgen.gain.result import GainResult
from defectgen.gain.user_set import cut, of_ratio
from defectgen.gain.workers import Event, run_jobs

__all__ = ["Progress", "Stage", "forecast_study", "run_study"]

Stage = Literal["timing", "sets", "trainings"]
RESULT = "gain.json"


@dataclass(frozen=True)
class Progress:
    """How far a stage is: done of total, with shares of what is running; left_s: seconds to its end, where known."""

    stage: Stage
    done: float
    total: int
    left_s: float | None = None
    note: str = ""


Watch = Callable[[Progress], None]


@dataclass
class _Clock:
    """The budget, which counts from the start of the study's command."""

    budget_s: float | None
    began: float = field(default_factory=time.monotonic)

    def allows(self, seconds: float) -> bool:
        return self.budget_s is None or time.monotonic() - self.began + seconds <= self.budget_s


def forecast_study(plan: Plan, watch: Watch = lambda progress: None) -> Forecast:
    """The forecast, from finished cells of the same name where there are any. Trains a few steps and makes no sets."""
    cache = CellCache(plan.folder("cells"))
    watch(Progress("timing", 0, 1))
    seen = {plan.real(draw, zero).sha256 for draw in range(plan.options.draws) for zero in (False, True)}
    kept = [one for one in cache.spots() if one["test"] == plan.test.sha256 and one["real"] in seen]
    done = {Spot(**one["spot"]) for one in kept if _same_options(plan, one)}
    left = [spot for spot in plan.spots if spot not in done]
    paces = measure_paces(plan, cache) if left else {}
    return Forecast.of(left, len(plan.spots), paces, plan.options.jobs, len(_arm_jobs(plan)) if left else 0)


def _same_options(plan: Plan, cell: Mapping[str, Any]) -> bool:
    spot = Spot(**cell["spot"])
    return bool(cell["options"] == asdict(train_options(plan, TaskModel(spot.task, spot.model), spot.training_seed)))


def run_study(
    plan: Plan, watch: Watch = lambda progress: None, told: Callable[[Forecast], None] = lambda forecast: None
) -> GainResult:
    """Run what is left of a study, as far as its budget goes, and judge what is there.

    told: the forecast, first by the names of finished trainings; again where sets that changed leave more to do.
    """
    clock = _Clock(plan.options.budget_s)
    with _held(plan):
        cache = CellCache(plan.folder("cells"))
        forecast = forecast_study(plan, watch)
        told(forecast)
        sets = _make_sets(plan, clock, watch)
        cells = _cells(plan, sets)
        left = [cell for cell in {one.key: one for one in cells}.values() if cache.get(cell.key) is None]
        paces = forecast.paces or (measure_paces(plan, cache) if left else {})
        if len(left) > forecast.left:
            told(Forecast.of(left, len(plan.spots), paces, plan.options.jobs, 0))
        _train(plan, left, paces, clock, watch)
        finished = _finished(cells, cache)
        result = assemble(plan, finished, sets)
        write_atomic(plan.options.out / RESULT, (result.model_dump_json(indent=1) + "\n").encode())
    return result


@contextmanager
def _held(plan: Plan) -> Iterator[None]:
    """The study's folder, made and held against a second run."""
    from filelock import FileLock, Timeout

    out = plan.options.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        with FileLock(out / ".lock", timeout=0):
            yield
    except Timeout:
        raise OutputError(f"{out} is in use by another run; wait for it, or choose another folder with --out") from None
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}; choose another with --out") from None


def _arm_jobs(plan: Plan) -> list[tuple[Arm, int]]:
    """The sets that are made for the study: makers, each with a draw."""
    made = {arm.maker: arm for arm in reversed(plan.arms) if arm.kind == "made"}
    return [(arm, draw) for draw in range(plan.options.draws) for arm in reversed(made.values())]


def _make_sets(plan: Plan, clock: _Clock, watch: Watch) -> dict[tuple[str, int], str]:
    """Pool keys of the sets of each maker and draw; those that the budget left no time to make are missing."""
    wanted = _arm_jobs(plan)
    shots = {draw: plan.shots_set(draw).path for draw in sorted({draw for _, draw in wanted})}
    options, n = ArmOptions(device=plan.options.device), max(plan.wanted.values())
    jobs = [
        MakeArm(arm.maker, draw, shots[draw], n, plan.folder("arms"), plan.folder("pools"), plan.split.classes,
                plan.options.side, options)
        for arm, draw in wanted
    ]  # fmt: skip
    brought = {name: plan.pools.put(one.pool) for name, one in plan.sets.items()}
    found = {(name, draw): key for name, key in brought.items() for draw in range(plan.options.draws)}
    tracker = _Tracker("sets", len(jobs), plan.options.jobs, watch, [f"{a.maker}, draw {d}" for a, d in wanted])

    def tell(event: Event) -> None:
        tracker.tell(event)
        if event.kind == "done":
            found[wanted[event.job][0].maker, wanted[event.job][1]] = event.value

    run_jobs(jobs, plan.options.jobs, tell, lambda job: clock.allows(0) or jobs[job].is_made())
    return found


def _cells(plan: Plan, sets: Mapping[tuple[str, int], str]) -> list[Cell]:
    """The cells of all spots whose sets are there, in order."""
    pools = plan.pools
    val, test = pools.put(plan.val), pools.put(plan.test)
    real = {draw: pools.put(plan.real(draw)) for draw in range(plan.options.draws)}
    good = pools.put(plan.real(0, zero_shot=True))
    arms = {arm.name: arm for arm in plan.arms}
    cells = []
    for spot in plan.spots:
        arm = arms[spot.arm]
        if arm.has_set and (arm.maker, spot.draw) not in sets:
            continue
        extra = _extra(plan, sets[arm.maker, spot.draw], spot) if arm.has_set else ""
        share = 1.0 if arm.zero_shot else spot.ratio / (1 + spot.ratio)
        options = train_options(plan, TaskModel(spot.task, spot.model), spot.training_seed)
        seen = good if arm.zero_shot else real[spot.draw]
        augment = arm.kind == "augmented"
        cells.append(Cell(spot, options, augment, share, plan.options.side, seen, extra, val, test))
    return cells


def _extra(plan: Plan, key: str, spot: Spot) -> str:
    """The arm's pictures cut to the spot's ratio."""
    shots: dict[str, int] = {}
    for record in plan.shots(spot.draw):
        shots[record.defect] = shots.get(record.defect, 0) + 1
    counts = {name: of_ratio(count, spot.ratio) for name, count in shots.items()}
    return plan.pools.put(cut(plan.pools.get(key), counts, spot.draw, spot.seed))


def _train(plan: Plan, left: Sequence[Cell], paces: Paces, clock: _Clock, watch: Watch) -> None:
    jobs = [TrainCell(cell, plan.folder("pools"), plan.folder("cells")) for cell in left]
    names = [f"{one.spot.task} {one.spot.arm}, draw {one.spot.draw}, seed {one.spot.seed}" for one in left]
    tracker = _Tracker("trainings", len(jobs), plan.options.jobs, watch, names)
    run_jobs(jobs, plan.options.jobs, tracker.tell, lambda job: clock.allows(paces[pace_key(left[job])]))


def _finished(cells: Sequence[Cell], cache: CellCache) -> list[tuple[Cell, CellNumbers]]:
    found = {cell.key: cache.get(cell.key) for cell in cells}
    return [(cell, numbers) for cell in cells if (numbers := found[cell.key]) is not None]


class _Tracker:
    """Turns events of jobs into progress of a stage; the time left is from the pace since its start."""

    def __init__(self, stage: Stage, total: int, workers: int, watch: Watch, names: Sequence[str]) -> None:
        self._stage, self._total, self._watch, self._names = stage, total, watch, names
        self._done, self._running = 0, dict[int, float]()
        self._began = time.monotonic()

    def tell(self, event: Event) -> None:
        if event.kind == "done":
            self._done += 1
            self._running.pop(event.job, None)
        else:
            self._running[event.job] = float(event.value or 0.0)
        at = self._done + sum(self._running.values())
        elapsed = time.monotonic() - self._began
        left = elapsed / at * (self._total - at) if at > 0.2 else None
        note = "; ".join(self._names[job] for job in sorted(self._running))
        self._watch(Progress(self._stage, at, self._total, left, note))
