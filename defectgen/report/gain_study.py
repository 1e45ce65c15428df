"""What a trial was, in words: what was held against what, on how many pictures, and how it was run."""

from __future__ import annotations

from dataclasses import dataclass

from defectgen.dataset.noun import joined
from defectgen.gain.result import GainResult
from defectgen.record import GOOD
from defectgen.report.number import counted

__all__ = ["StudyView", "study_view", "subjects_of"]

OWN = "compact"
MOST_SHARED = 0.5
"""Of a type's training pictures that a draw may take before it is said."""


@dataclass(frozen=True)
class StudyView:
    """What a trial was, apart from its numbers. counts: pictures by side and class. tested: test pictures by class.

    subjects: the arms that are held against the others. facts, hashes: names with values.
    """

    name: str
    lede: str
    version: str
    command: str
    draws: int
    arms: tuple[str, ...]
    subjects: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    tested: dict[str, int]
    facts: tuple[tuple[str, str], ...]
    hashes: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def study_view(result: GainResult) -> StudyView:
    """What was run."""
    protocol, counts = result.protocol, result.real.counts
    made = [one.name for one in result.arms if not one.zero_shot]
    return StudyView(
        name=result.real.name, lede=_lede(result), version=result.defectgen, command=result.command,
        draws=protocol.draws, arms=tuple(made), subjects=subjects_of(result), counts=counts,
        kinds=(GOOD, *result.real.classes), tested={k: n for k, n in counts["test"].items() if k != GOOD},
        facts=_facts(result), hashes=(("real set", result.real.sha256),), notes=_notes(result),
    )  # fmt: skip


def _lede(result: GainResult) -> str:
    protocol = result.protocol
    shots = "all real defects" if protocol.shots is None else f"{counted(protocol.shots, 'real shot')} of each defect"
    tested = result.real.counts["test"]
    bad = sum(n for kind, n in tested.items() if kind != GOOD)
    arms = sum(not one.zero_shot for one in result.arms)
    return (
        f"{arms} ways to train on {shots}, over {counted(protocol.draws, 'draw')} of the shots with "
        f"{counted(protocol.seeds, 'training')} each, judged on {counted(bad, 'defective')} and "
        f"{counted(tested.get(GOOD, 0), 'good picture')} that none of them saw."
    ).replace("defectives", "defective")


def subjects_of(result: GainResult) -> tuple[str, ...]:
    """The arms that a reader wants to hold against the others: ours, and those that were brought."""
    return tuple(one.name for one in result.arms if (one.kind == "set" or one.name == OWN) and not one.zero_shot)


def _notes(result: GainResult) -> tuple[str, ...]:
    left = f"{len(result.cells):,} of {result.planned:,} trainings are done; run it again to go on"
    return (*(() if result.complete else (left,)), *_shared(result), *result.notes)


def _shared(result: GainResult) -> tuple[str, ...]:
    """Types of which a draw takes so many of the training pictures that draws can hardly differ."""
    shots, have = result.protocol.shots, result.real.counts["train"]
    if shots is None or result.protocol.draws < 2:
        return ()
    named = [f"{shots} of {have[kind]} {kind}" for kind in result.real.classes if shots > MOST_SHARED * have[kind]]
    said = "draws share many of their shots, so that other shots may differ by more than the intervals say"
    return (f"{said}: {joined(named)}",) if named else ()


def _facts(result: GainResult) -> tuple[tuple[str, str], ...]:
    protocol = result.protocol
    steps = ", ".join(f"{one.task} {one.steps:,} steps ({one.model or 'default'})" for one in result.tasks)
    sets = ", ".join(f"{one.name} {one.pictures:,}" for one in result.arms if one.pictures)
    libraries = ", ".join(f"{name} {version}" for name, version in protocol.libraries.items())
    return (
        ("Trainings", f"{len(result.cells):,} of {result.planned:,}, {result.seconds / 3600:.1f} hours of one core"),
        ("Each training", f"{steps}; batches of {protocol.batch}, pictures {protocol.side} px wide, {protocol.device}"),
        ("Synthetic pictures", f"{sets}, over all draws" if sets else "none"),
        ("Ratios", ", ".join(f"{ratio:g} to 1" for ratio in protocol.ratios)),
        ("Protocol", f"version {protocol.version}"),
        ("Made", f"by defectgen {result.defectgen}, {libraries}"),
    )  # fmt: skip
