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

MOST_ARMS = 2
"""Arms whose pictures are shown beside those of real only."""


def telling_pictures(result: GainResult, test: Pool, cells: Path) -> tuple[Gallery, ...]:
    """What real only misses and others find, and the reverse, task by task.

    test: the study's test pictures, in its order; cells: the folder of its cached trainings.
    """
    if tuple(test.names) != result.test.names:
        raise InputError(f"{len(test)} test pictures are not those of the study; name the set that it was run on")
    cache = CellCache(cells)
    found: list[Gallery] = []
    for view in views_of(result):
        here = [one for one in result.cells if (one.task, one.model) == (view.task, view.model)]
        base = _seen([one for one in here if one.arm == REAL_ONLY], cache)
        for arm in _shown_arms(view, subjects_of(result)):
            ours = _seen([one for one in here if one.arm == arm and one.ratio in (0, view.ratio)], cache)
            if set(base) & set(ours):
                pair = disagreements(test, base, ours, (arm_term(REAL_ONLY).title, arm_term(arm).title))
                where = task_term(view.task).title
                found += [Gallery(f"{where}: {one.title}", one.strips, one.empty) for one in pair]
    return tuple(found)


def _shown_arms(view: TaskView, subjects: tuple[str, ...]) -> list[str]:
    """The subjects, then the arm with the best effect."""
    arms = [one.arm for one in view.verdicts if not one.zero_shot]
    return list(dict.fromkeys([*(one for one in arms if one in subjects), *arms]))[:MOST_ARMS]


def _seen(lines: list[CellLine], cache: CellCache) -> dict[tuple[int, int], Seen]:
    found = {}
    for line in lines:
        try:
            arrays = cache.arrays(line.key)
        except OSError:
            continue
        found[line.draw, line.seed] = Seen(arrays["scores"], arrays.get("maps"))
    return found
