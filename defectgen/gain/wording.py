"""Wording: whether the arms that go by words can be asked for the types of a set, found before anything is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from defectgen.arm.options import BASES, WORDS
from defectgen.arm.type_name import misread, unknown
from defectgen.book import load_book
from defectgen.dataset.noun import joined
from defectgen.errors import InputError
from defectgen.gain.draw import RealSplit
from defectgen.gain.grid import Arm

__all__ = ["check_wording"]


def check_wording(arms: Sequence[Arm], split: RealSplit) -> None:
    """InputError where an arm would be asked for a type that it cannot understand."""
    engines = [arm for arm in arms if arm.maker in BASES]
    if not engines:
        return
    types: dict[str, set[str | None]] = {}
    for record in split.train:
        types.setdefault(record.defect, set()).add(record.material)
    book = load_book()
    _check_known([arm for arm in engines if arm.maker in WORDS], types, unknown(types, book), split)
    wrong = misread(types, book)
    if wrong:
        name, taken = next(iter(wrong.items()))
        raise InputError(
            f"{split.owner.path}: a prompt that says {name!r} is taken for {taken!r}; rename the type with import "
            f"--class, {_leave_out(engines)}{_others(types, list(wrong))}"
        )


def _check_known(
    arms: Sequence[Arm], types: Mapping[str, object], missing: Sequence[str], split: RealSplit
) -> None:
    if not arms or not missing:
        return
    what = joined([repr(name) for name in missing])
    raise InputError(
        f"{joined([arm.name for arm in arms])} know{'s' * (len(arms) == 1)} a type by the recipes alone, and "
        f"{split.owner.path} has {what}, which no recipe names; {_leave_out(arms)}{_others(types, missing)}"
    )


def _leave_out(arms: Sequence[Arm]) -> str:
    """How to do without these arms."""
    named = [arm.name for arm in arms if not arm.zero_shot]
    ways = [f"leave {joined(named)} out of --arms"] if named else []
    return joined(ways + ["leave out --zero-shot"] * any(arm.zero_shot for arm in arms))


def _others(types: Mapping[str, object], without: Sequence[str]) -> str:
    rest = [name for name in types if name not in without]
    return f", or study --defects {','.join(rest)}" if rest else ""
