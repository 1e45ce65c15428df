"""Trials: one defect type on one rendered part, through the whole pipeline but the folder.

For looking at recipes, and for judging them: does a type show, on the part, at its size, differently each time?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.engine.render import RenderEngine
from defectgen.engine.window import Engine
from defectgen.generate import attempt
from defectgen.image import Pixels, luminance, to_rgb
from defectgen.job import ATTEMPTS, GoodPart, Job
from defectgen.label_audit import LabelAudit
from defectgen.mask.draw import shape_extent
from defectgen.mask.placement import MIN_LENGTH_PX, Instance
from defectgen.noise import noise_sigma
from defectgen.recipe import Defect, Material
from defectgen.render.library import lot_of, render_known
from defectgen.sample import Rejected
from defectgen.source import Source
from defectgen.spec import DefectSpec

__all__ = ["Trial", "faults", "make_part", "make_trial"]

SIDE = 192
SEVERITY = (0.15, 1.0)
SIZE_SLACK = 0.2
"""Share by which a shape may miss the length it was asked for."""


@dataclass(frozen=True)
class Trial:
    """The first attempt that may ship. attempts: how many it took."""

    good: Pixels
    image: Pixels
    mask: NDArray[np.bool_]
    instances: tuple[Instance, ...]
    audit: LabelAudit
    foreground: NDArray[np.bool_]
    attempts: int


def make_part(material: Material, side: int, seed: int) -> GoodPart:
    """A rendered good part; where it is, is known and not guessed, so that a recipe alone is judged."""
    return part_of(material.model_dump_json(), side, seed)


@lru_cache(maxsize=256)
def part_of(recipe: str, side: int, seed: int) -> GoodPart:
    material = Material.model_validate_json(recipe)
    picture, foreground = render_known(lot_of(material, 0, seed), side)
    rgb = to_rgb(picture)
    source = Source(Path(f"{material.name}.png"), "0" * 64, (side, side), picture.nbytes)
    return GoodPart(source, picture, foreground, luminance(rgb) * 255, noise_sigma(rgb))


def make_trial(
    defect: Defect,
    material: Material,
    seed: int,
    *,
    side: int = SIDE,
    severity: tuple[float, float] = SEVERITY,
    engine: Engine | None = None,
) -> Trial | Counter[str]:
    """A sample of this type that may ship, or the reasons for which none could.

    severity: range within [0, 1] that the defects are drawn from. engine: `render` if it is not given.
    """
    part = make_part(material, side, seed)
    spec = DefectSpec(
        prompt=f"{defect.name} on {material.name}", defect=defect.name, material=material.name, severity=severity,
        size=defect.size, count=defect.placement.count,
    )  # fmt: skip
    job = Job(spec, defect, material, (part.source,), out=Path("nowhere"), n=1, seed=seed, shipped=True)
    reasons: Counter[str] = Counter()
    for number in range(ATTEMPTS):
        made = attempt(job, engine or RenderEngine(), part, number)
        if isinstance(made, Rejected):
            reasons[made.reason] += 1
        elif made[1].audit.reason is not None:
            reasons[made[1].audit.reason] += 1
        else:
            instances, done = made
            return Trial(part.pixels, done.pixels, done.delivered, instances, done.audit, part.foreground, number + 1)
    return reasons


def faults(defect: Defect, material: Material, seeds: Sequence[int] = (0, 1), side: int = SIDE) -> list[str]:
    """What is wrong with a type on a material: [] where it shows, on the part, at its size, each time differently."""
    trials = [make_trial(defect, material, seed, side=side) for seed in seeds]
    made = [trial for trial in trials if isinstance(trial, Trial)]
    found = [
        f"seed {seed}: no sample in {ATTEMPTS} attempts: {', '.join(f'{n} {why}' for why, n in trial.items())}"
        for seed, trial in zip(seeds, trials, strict=True)
        if not isinstance(trial, Trial)
    ]
    for trial in made:
        found += trial_faults(defect, trial)
    if len(made) > 1 and any(np.array_equal(made[0].mask, other.mask) for other in made[1:]):
        found.append("two seeds gave the same mask")
    return found


def trial_faults(defect: Defect, trial: Trial) -> list[str]:
    """What is wrong with one sample."""
    found = [] if trial.mask.any() else ["the mask is empty"]
    if not (trial.mask & trial.foreground).any():
        found.append("the mask lies off the part")
    rows, cols = np.flatnonzero(trial.foreground.any(axis=1)), np.flatnonzero(trial.foreground.any(axis=0))
    shorter = min(np.ptp(rows), np.ptp(cols)) + 1
    low, high = (max(size * shorter, MIN_LENGTH_PX) for size in defect.size)
    # What bites into the outline loses what lies beyond it, and tries that find no room grow smaller.
    least = MIN_LENGTH_PX / 2 if defect.morphology.kind == "chip" else (1 - SIZE_SLACK) * low - 2
    for one in trial.instances:
        extent = shape_extent(one.shape.alpha >= 0.5)
        if not least <= extent <= (1 + SIZE_SLACK) * high + 2:
            found.append(f"a defect of {extent:.0f} px, stated {low:.0f} to {high:.0f} px")
    return found
