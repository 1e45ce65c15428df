"""Which pictures of a trial tell most, read from the cache of its trainings."""

from __future__ import annotations

from pathlib import Path

from defectgen.downstream.pool import Pool
from defectgen.errors import InputError
from defectgen.gain.cell_cache import CellCache
from defectgen.gain.result import CellLine, GainResult
from defectgen.gain.row import REAL_ONLY
from defectgen.report.gain_gallery import Gallery, Seen, disagreements
from defectgen.report.gain_study import subjects_of
from defectgen.report.gain_terms import arm_term, task_term
from defectgen.report.gain_view import TaskView, views_of

__all__ = ["telling_pictures"]

MOST_SUBJECTS = 2
"""Arms that are looked at: ours and those that were brought, else the one with the best effect."""


def telling_pictures(result: GainResult, test: Pool, cells: Path) -> tuple[Gallery, ...]:
    """What one arm misses and the other finds, and the reverse, task by task.

    The subjects stand against real only, the best of them also against the best of the other arms. Where arms change
    no score there is nothing to show. test: the study's test pictures, in its order; cells: the folder of its cached
    trainings.
    """
    if tuple(test.names) != result.test.names:
        raise InputError(f"{len(test)} test pictures are not those of the study; name the set that it was run on")
    cache = CellCache(cells)
    found: list[Gallery] = []
    for view in (one for one in views_of(result) if not one.calibrated):
        where = task_term(view.task).title
        for base, arm in _duels(view, subjects_of(result)):
            sides = [_seen(_lines(result, view, name), cache) for name in (base, arm)]
            if set(sides[0]) & set(sides[1]):
                pair = disagreements(test, sides[0], sides[1], (arm_term(base).title, arm_term(arm).title))
                found += [Gallery(f"{where}: {one.title}", one.strips, one.empty) for one in pair]
    return tuple(found)


def _duels(view: TaskView, subjects: tuple[str, ...]) -> list[tuple[str, str]]:
    """Pairs of arms to look at; verdicts come with the best effect first."""
    arms = [one.arm for one in view.verdicts if not one.zero_shot]
    shown = ([arm for arm in arms if arm in subjects] or arms)[:MOST_SUBJECTS if subjects else 1]
    rival = next((arm for arm in arms if arm not in shown), None)
    return [(REAL_ONLY, arm) for arm in shown] + ([(rival, shown[0])] if rival is not None else [])


def _lines(result: GainResult, view: TaskView, arm: str) -> list[CellLine]:
    return [
        one for one in result.cells
        if (one.task, one.model, one.arm) == (view.task, view.model, arm) and one.ratio in (0, view.ratio)
    ]  # fmt: skip


def _seen(lines: list[CellLine], cache: CellCache) -> dict[tuple[int, int], Seen]:
    found = {}
    for line in lines:
        try:
            arrays = cache.arrays(line.key)
        except OSError:
            continue
        found[line.draw, line.seed] = Seen(arrays["scores"], arrays.get("maps"))
    return found
