"""Engine runs: samples of our own engines by the tool's own flow, the shots' masks as the mask bank.

The type's name is the prompt, all else is the defaults of `synth`. One engine is loaded for all types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from defectgen.arm.type_name import prompt_of, recipes_of
from defectgen.engine.choose import make_engine
from defectgen.engine.window import Engine
from defectgen.errors import InputError
from defectgen.generate import generate
from defectgen.options import Options
from defectgen.run import Plan, make_plan

__all__ = ["EngineRuns"]


@dataclass
class EngineRuns:
    """Runs of one engine. goods: folder of good pictures. masks_from: set of the shots. recipe: what they teach.
    Both are None where the words alone decide."""

    engine: str
    goods: Path
    masks_from: Path | None
    recipe: Path | None
    adapter: Path | None
    device: str
    materials: Mapping[str, str | None]
    _made: Engine | None = None

    def make(self, defect: str, n: int, seed: int, out: Path) -> None:
        """The first n samples of a type, or those that an earlier run has not made yet."""
        plan = self._plan(defect, n, seed, out)
        if self._made is None:
            self._made = make_engine(plan.options)
        generate(plan.job, self._made)

    def _plan(self, defect: str, n: int, seed: int, out: Path) -> Plan:
        learned = self.adapter is None
        plan = make_plan(Options(
            prompt_of(defect, self.materials.get(defect)), on=self.goods, n=n, seed=seed, engine=self.engine, out=out,
            device=self.device, recipe=self.recipe if learned else None, masks_from=self.masks_from,
            adapter=() if self.adapter is None else (str(self.adapter),),
        ))  # fmt: skip
        meant = recipes_of(defect, plan.book)
        if plan.job.defect.name not in meant:
            own = f"not as {' or '.join(meant)!r}" if meant else "and no recipe has its name"
            raise InputError(
                f"the type {defect!r} reads as {plan.job.defect.name!r} in a prompt, {own}; "
                "rename it with import --class"
            )
        return plan
