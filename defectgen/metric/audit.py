"""The audit: how good is this set? One call from two folders to a report.

Cheap things come first: paths, every file, who is a test picture, what can be compared with what. Only then is a
network loaded. What cannot be measured stands in the report with its reason; one odd file stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import defectgen
from defectgen.blocked import Blocked
from defectgen.dataset.defect_set import is_defect_set
from defectgen.errors import InputError
from defectgen.metric.audit_evidence import find_copies, find_leaks, judge_labels, look_for_drift, probe, reproduce
from defectgen.metric.audit_stage import Bench, compare_defects, score, score_domain
from defectgen.metric.choose_extractor import open_extractor
from defectgen.metric.domain_classifier import AUTO
from defectgen.metric.intake import Intake, Role, check_apart, check_paths, count_side, take_in
from defectgen.metric.protocol import published
from defectgen.metric.result import AuditReport, Side
from defectgen.metric.type_match import match_types
from defectgen.metric.view import VIEWS, View

__all__ = ["AuditOptions", "Progress", "audit", "measure", "parse_views"]

Progress = Callable[[str, int, int], None]
LEAST_RESAMPLES = 100


@dataclass(frozen=True)
class AuditOptions:
    """What is asked. synth: the set to judge. train: what its generator learned from. features: see `open_extractor`.

    classifier: file of a domain classifier for the inception score, "auto" to train one on real pictures. compat: a
    published protocol to compute beside. probes, copies: whether to. estimate: whether a segmenter may be trained for
    want of good pictures. strict: refuse files that cannot be read, instead of leaving them out. command: what makes
    the report again.
    """

    synth: Path
    real: Path
    train: Path | None = None
    views: tuple[View, ...] = VIEWS
    features: str | None = None
    weights: Path | None = None
    classifier: str | None = None
    compat: str | None = None
    seed: int = 0
    resamples: int = 1000
    probes: bool = True
    copies: bool = True
    estimate: bool = True
    strict: bool = False
    command: str = ""


def parse_views(text: str) -> tuple[View, ...]:
    """ "image,window" to views, in reading order; InputError for others."""
    asked = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [part for part in asked if part not in VIEWS]
    if unknown or not asked:
        raise InputError(f"unknown view {(unknown or [text])[0]!r}; expected some of {', '.join(VIEWS)}")
    return tuple(view for view in VIEWS if view in asked)


def audit(options: AuditOptions, progress: Progress = lambda stage, done, total: None) -> AuditReport:
    """Measures everything that `options` ask for; a DefectgenError, before any network is loaded, for bad input.

    progress: called with the name of a stage, and how many of how many things are done in it.
    """
    _check(options)
    synth, real, train, notes = _intakes(options, progress)
    match = match_types(synth.collection, real.collection)
    bench = Bench(
        match.synth, match.real, real.test, None if train is None else train.collection,
        open_extractor(options.features, options.weights), options.seed, options.resamples, progress,
    )  # fmt: skip
    sides = tuple(
        count_side(side, kept, left_out)
        for side, kept, left_out in zip((synth.side, real.side), (match.synth, match.real), match.left_out, strict=True)
    )
    return measure(bench, options, (*sides, None if train is None else train.side), (*notes, *match.notes))


def measure(
    bench: Bench, options: AuditOptions, sides: tuple[Side | None, ...], notes: tuple[str, ...]
) -> AuditReport:
    """Stage after stage; what was asked for and cannot be had comes first."""
    domain = score_domain(bench, options.classifier)
    scored = score(bench, options.views)
    truth = judge_labels(bench, options.estimate)
    source = options.train or options.real
    return AuditReport.model_validate({
        "version": defectgen.__version__, "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": options.command, "seed": options.seed, "synth": sides[0], "real": sides[1], "train": sides[2],
        "fingerprints": (bench.extractor.fingerprint,), "scores": (*scored.scores, *domain),
        "neighbours": scored.neighbours, "distributions": compare_defects(bench),
        "copies": find_copies(bench) if options.copies else (),
        "copies_against": str(source) if options.copies else None,
        "leaks": find_leaks(bench) if options.copies else (), "drift": look_for_drift(bench),
        "label_truth": truth.label_truth, "probes": probe(bench) if options.probes else (),
        "protocol": reproduce(bench, options.compat), "notes": (*notes, *scored.notes, *truth.notes),
    })  # fmt: skip


def _check(options: AuditOptions) -> None:
    check_paths(options.synth, options.real)
    if options.weights is not None and not options.weights.is_file():
        raise InputError(f"{options.weights} is not a file; expected the weights of {options.features or 'lite0'}")
    if options.classifier not in (None, AUTO) and not Path(options.classifier).is_file():
        raise InputError(f"{options.classifier} is not a file; expected a domain classifier, or {AUTO} to train one")
    if options.compat is not None:
        published(options.compat)
    if options.resamples < LEAST_RESAMPLES:
        raise InputError(f"{options.resamples} resamples give no 95% interval; expected at least {LEAST_RESAMPLES}")
    if not options.views:
        raise InputError(f"no view was asked for; expected some of {', '.join(VIEWS)}")


def _intakes(options: AuditOptions, progress: Progress) -> tuple[Intake, Intake, Intake | None, list[str]]:
    """Both sides, and the training pictures, read and checked."""
    paths = [options.synth, options.real, *([options.train] if options.train else [])]

    def take(path: Path, role: Role) -> Intake:
        # The lines of a defect set say themselves what its own split holds back.
        near = [other for other in paths if other != path or not is_defect_set(path)]
        blocked = Blocked.load(near=near)
        return take_in(path, role, blocked, options.strict, lambda done, of: progress(f"reading {role}", done, of))

    synth, real = take(options.synth, "SET"), take(options.real, "REAL")
    shared = check_apart(synth, real)
    train = None if options.train is None else take(options.train, "TRAIN")
    every = [side for side in (synth, real, train) if side is not None]
    return synth, real, train, [*(note for side in every for note in side.notes), *([shared] if shared else [])]
