"""Probes: can a small classifier tell what was generated from what was photographed? AUROC 0.5 is what one hopes for.

    realism    windows around generated defects against windows around real ones
    artefact   background windows of the set's pictures against untouched good surface (`background`)

Each is asked of two eyes: a network's features, which see shapes and materials, and residual statistics, which see
blur, resampling, JPEG blocks and noise (kind "realism-noise", "artefact-noise"). Both are reported; the worse counts.
The classifier and its folds are in `separation`. Both sides have equally many windows, at most MOST. What tells the
sides apart for a trivial reason is measured by itself and told in the flags; where the size of windows is such a
reason, both sides are thinned to the same sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.background import BackgroundPair, Spot, background_pairs, untouched
from defectgen.metric.bootstrap import group_index
from defectgen.metric.cached_extractor import CachedExtractor
from defectgen.metric.collection import Collection
from defectgen.metric.cue import LIMIT, Cues, cue_flag, same_sizes, size_cue
from defectgen.metric.extractor import Extractor, Features
from defectgen.metric.group_link import link_groups
from defectgen.metric.heat_map import evidence, heat_png, mapping_of
from defectgen.metric.probe_window import provenance_flags, read_windows
from defectgen.metric.residual import ResidualExtractor
from defectgen.metric.result import Interval, ProbeResult
from defectgen.metric.separation import Separation, even_rows, halves, separate

__all__ = ["LEAST_GROUPS", "LEAST_WINDOWS", "MOST", "READ", "artefact_probe", "probes", "realism_probe"]

I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]
Look = Callable[[int], U8]

LEAST_WINDOWS, LEAST_GROUPS, MOST = 20, 5, 200
SHOWN, READ = 6, 250


def realism_probe(
    synth: Features,
    real: Features,
    *,
    cues: tuple[Cues, Cues] | None = None,
    look: Look | None = None,
    extractor: Extractor | None = None,
    kind: str = "realism",
    defect: str | None = None,
    seed: int = 0,
) -> ProbeResult:
    """Generated windows against real ones, both by the same extractor, groups linked beforehand (`link_groups`).

    cues: of the rows of `synth` and `real`; without them sizes are not matched. look: pixels of a row of `synth`, for
    heat maps, with the extractor. Fewer than LEAST_WINDOWS windows or LEAST_GROUPS groups a side are refused.
    """
    rng = np.random.default_rng(seed)
    every = np.arange(len(synth)), np.arange(len(real))
    rows, flags = (every, ["window sizes were not matched"]) if cues is None else _matched_rows(*cues, rng)
    ours, theirs = synth.take(rows[0]), real.take(rows[1])
    case = _Case(kind, defect, seed, tuple(flags))
    seen = None if look is None else (lambda row: look(int(rows[0][row])))
    return _judge(case, ours, theirs, seen, extractor)


def artefact_probe(
    synth: Collection, real_good: Collection | None, extractor: Extractor, *, kind: str = "artefact", seed: int = 0
) -> ProbeResult:
    """Background windows of the set's pictures against untouched good surface at the same places of other pictures.

    Untouched are the set's own good twins; without any, the good pictures of `real_good`.
    """
    if real_good is not None:
        synth, _ = link_groups(synth, real_good)
    pairs = list(background_pairs(synth, real_good, MOST, np.random.default_rng(seed)))
    return _judge_pairs(pairs, _origin_flags(synth, real_good), extractor, kind, seed)


def probes(
    synth: Collection,
    real: Collection,
    extractor: Extractor,
    *,
    defect: str | None = None,
    seed: int = 0,
    cache: Path | None = None,
) -> tuple[ProbeResult, ...]:
    """All four: both probes, each with the extractor's features and with residual statistics. Windows are read once.

    defect: only for the record; pass collections of that type alone. cache: folder of features computed before.
    """
    extractor = extractor if cache is None else CachedExtractor(extractor, cache)
    synth, linked = link_groups(synth, real)
    eyes: tuple[tuple[str, Extractor], ...] = (("", extractor), ("-noise", ResidualExtractor()))
    windows = [read_windows(side, [eye for _, eye in eyes], READ, seed) for side in (synth, real)]
    notes = [*provenance_flags(synth, real), *_link_flags(synth, linked)]
    found = []
    for at, (suffix, eye) in enumerate(eyes):
        result = realism_probe(
            windows[0].features[at], windows[1].features[at], cues=(windows[0].cues, windows[1].cues),
            look=windows[0].pixels, extractor=eye, kind=f"realism{suffix}", defect=defect, seed=seed,
        )  # fmt: skip
        found.append(result.model_copy(update={"flags": (*result.flags, *notes)}))
    pairs = list(background_pairs(synth, real.good, MOST, np.random.default_rng(seed)))
    for suffix, eye in eyes:
        result = _judge_pairs(pairs, _origin_flags(synth, real.good), eye, f"artefact{suffix}", seed)
        found.append(result.model_copy(update={"defect": defect}))
    return tuple(found)


@dataclass(frozen=True)
class _Case:
    """What is asked, and what is known of it beforehand."""

    kind: str
    defect: str | None
    seed: int
    flags: tuple[str, ...]


def _judge(
    case: _Case, ours: Features, theirs: Features, look: Look | None, extractor: Extractor | None
) -> ProbeResult:
    result = ProbeResult(
        kind=case.kind, auroc=None, floor=None, n_set=len(ours), n_real=len(theirs),
        groups_real=len(set(theirs.groups)), defect=case.defect, flags=case.flags,
    )  # fmt: skip
    refused = _refusal(ours, theirs)
    if refused is not None:
        return result.model_copy(update={"refused": refused})
    groups = _group_numbers(ours, theirs)
    first = np.arange(len(groups)) < len(ours)
    vectors = np.concatenate([ours.vectors, theirs.vectors])
    rows = even_rows(groups, first, MOST, np.random.default_rng(case.seed))
    told = separate(vectors[rows], first[rows], groups[rows], case.seed)
    n = len(rows) // 2
    floor, least = halves(theirs.vectors, groups[len(ours) :], n, case.seed, told.strength)
    shown = _shown(told, rows[:n], ours, look, extractor)
    flags = [*case.flags, *_plain_flags(told.auroc, n, least, ours.fingerprint.extractor, bool(shown))]
    used = len(np.unique(groups[rows[n:]]))
    found = {"auroc": told.auroc, "floor": floor, "n_set": n, "n_real": n, "groups_real": used}
    return result.model_copy(update={**found, "flags": tuple(flags), "heat_maps": shown})


def _group_numbers(ours: Features, theirs: Features) -> I64:
    """Numbers of the groups of both sides; rows without a group are one each."""
    names = [f"{side} {name}" for side, one in (("set", ours), ("real", theirs)) for name in one.names]
    return group_index((*ours.groups, *theirs.groups), names)


def _refusal(ours: Features, theirs: Features) -> str | None:
    if min(len(ours), len(theirs)) < LEAST_WINDOWS:
        return f"{len(ours)} windows of the set and {len(theirs)} real ones; the smallest n is {LEAST_WINDOWS} a side"
    groups = len(set(ours.groups)), len(set(theirs.groups))
    if min(groups) < LEAST_GROUPS:
        return f"{groups[0]} groups in the set and {groups[1]} real ones; at least {LEAST_GROUPS} a side are needed"
    return None


def _plain_flags(found: Interval, n: int, least: int, extractor: str, shown: bool) -> list[str]:
    flags = [f"logistic regression on {extractor}, {n} windows a side"]
    if least < n:
        flags.append(f"floor at {least} windows a side")
    assert found.low is not None
    if shown and found.low <= 0.5:
        flags.append("the interval holds 0.5 or lies below it: the heat maps show chance")
    return flags


def _shown(
    told: Separation, rows: I64, ours: Features, look: Look | None, extractor: Extractor | None
) -> tuple[tuple[str, str], ...]:
    """Heat maps of the windows that were held out and taken for generated most surely, one a group."""
    if look is None or extractor is None:
        return ()
    mapping = mapping_of(extractor)
    found: list[tuple[str, str]] = []
    seen: set[str] = set()
    for at in np.argsort(-told.scores[: len(rows)], kind="stable"):
        row = int(rows[at])
        if ours.groups[row] in seen:
            continue
        seen.add(ours.groups[row])
        picture = look(row)
        heat = evidence(picture, told.heads[int(told.folds[at])], mapping)
        found.append((ours.names[row], heat_png(picture, heat)))
        if len(found) == SHOWN:
            break
    return tuple(found)


def _matched_rows(ours: Cues, theirs: Cues, rng: np.random.Generator) -> tuple[tuple[I64, I64], list[str]]:
    """Rows of both sides, thinned to the same window sizes where sizes alone give them away, and what to say of it."""
    every = np.arange(len(ours.side)), np.arange(len(theirs.side))
    if not len(every[0]) or not len(every[1]):
        return every, []
    size = size_cue(ours, theirs)
    if size < LIMIT:
        return every, [cue_flag(ours, theirs)]
    rows = same_sizes(ours, theirs, rng)
    if len(rows[0]) < LEAST_WINDOWS:
        why = f"window sizes alone tell them apart (AUROC {size:.2f}); too few are of equal sizes"
        return every, [why, cue_flag(ours, theirs)]
    kept = cue_flag(ours.take(rows[0]), theirs.take(rows[1]))
    return rows, [f"window sizes alone told them apart (AUROC {size:.2f}): only windows of equal sizes were kept", kept]


def _judge_pairs(
    pairs: Sequence[BackgroundPair], notes: Sequence[str], extractor: Extractor, kind: str, seed: int
) -> ProbeResult:
    ours, theirs = [pair.ours for pair in pairs], [pair.untouched for pair in pairs]
    if not pairs:
        why = f"no background windows with untouched ones beside them; the smallest n is {LEAST_WINDOWS} a side"
        return ProbeResult(
            kind=kind, auroc=None, floor=None, n_set=0, n_real=0, groups_real=0, refused=why, flags=tuple(notes)
        )
    cues = Cues.of([spot.pixels for spot in ours]), Cues.of([spot.pixels for spot in theirs])
    case = _Case(kind, None, seed, (*notes, cue_flag(*cues)))
    features = [_spot_features(side, extractor) for side in (ours, theirs)]
    return _judge(case, features[0], features[1], lambda row: ours[row].pixels, extractor)


def _spot_features(spots: Sequence[Spot], extractor: Extractor) -> Features:
    chunks = [extractor.extract([spot.pixels for spot in spots[at : at + 16]])[0] for at in range(0, len(spots), 16)]
    return Features(
        np.concatenate(chunks), None, tuple(spot.group for spot in spots), tuple(spot.name for spot in spots),
        ("good",) * len(spots), extractor.fingerprint,
    )  # fmt: skip


def _origin_flags(synth: Collection, real_good: Collection | None) -> list[str]:
    _, own = untouched(synth, real_good)
    if own:
        return ["untouched surface: the set's own good pictures"]
    flags = ["untouched surface: good pictures of the real set; another origin or compression tells them apart too"]
    return flags + ([] if real_good is None else provenance_flags(synth, real_good))


def _link_flags(synth: Collection, linked: int) -> list[str]:
    if linked:
        return [f"{linked} of {len(synth)} pictures share a group with the real set"]
    return ["no picture of the set could be linked to a group of the real set"]
