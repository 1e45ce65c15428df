"""The loop: good part -> mask -> window -> engine -> compose -> label audit -> record -> folder.

Samples are made in fixed chunks of `job.batch`, in order of their index. Each round edits the windows of all samples
of the chunk that have none yet at once; what the audit turns down is tried again with the next attempt's seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.band import grow
from defectgen.candidate import Choice, Judge, better, chosen, with_seeds
from defectgen.caption import canonical_caption
from defectgen.compose import band_px_of, coverage, cut_good, cut_shape, paste
from defectgen.engine.window import Engine, Window
from defectgen.errors import InputError
from defectgen.folder import SetFolder, stem
from defectgen.image import Pixels
from defectgen.job import ATTEMPTS, GoodPart, Job, PartShelf, check_disk, check_job, manifest, place
from defectgen.label_audit import Audited, Reason, settle
from defectgen.mask.placement import Instance
from defectgen.record import Boxes
from defectgen.sample import Outcome, Rejected, Sample
from defectgen.sheet import draw_sheet
from defectgen.window_plan import Group, plan_windows

__all__ = ["Event", "Summary", "attempt", "generate"]

F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Event:
    """Something happened: a sample was kept, found from an earlier run, or given up, or an attempt was rejected."""

    kind: Literal["kept", "resumed", "rejected", "failed"]
    index: int
    reason: Reason | None = None


@dataclass(frozen=True)
class Summary:
    """What a run ended with. failed: indices without a sample. reasons: of rejected attempts, with their counts."""

    folder: Path
    kept: int
    resumed: int
    failed: tuple[int, ...]
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class Draft:
    """One attempt at one sample, ready for the engine. anywhere: the user's own mask may leave the part."""

    index: int
    attempt: int
    part: GoodPart
    instances: tuple[Instance, ...]
    groups: tuple[Group, ...]
    windows: tuple[tuple[Window, ...], ...]
    text: str
    anywhere: bool
    rng: np.random.Generator


def generate(
    job: Job, engine: Engine, on_event: Callable[[Event], None] = lambda event: None, judge: Judge | None = None
) -> Summary:
    """Make the job's defect set; a set that an earlier run left unfinished is completed, byte for byte the same.

    judge: of how like real defects the job's candidates are; without it label truth alone ranks them.
    """
    check_job(job)
    with SetFolder(job.out, manifest(job, engine.info), job.overwrite) as folder:
        if folder.finished:
            return _summary(job, folder, resumed=job.n)
        done = {index: old for index in range(job.n) if (old := folder.outcome(index))}
        check_disk(job, job.n - len(done))
        for outcome in done.values():
            _tell(outcome, on_event, resumed=True)
        resumed, shelf = len(done), PartShelf()
        for first in range(0, job.n, job.batch):
            indices = range(first, min(first + job.batch, job.n))
            if not all(index in done for index in indices):
                for outcome in _make_chunk(job, engine, folder, indices, shelf, judge):
                    if outcome.index not in done:
                        _tell(outcome, on_event)
                folder.flush(indices[-1] + 1)
        folder.gather()
        folder.finish(draw_sheet(folder.path, folder.samples()))
        return _summary(job, folder, resumed)


def attempt(
    job: Job, engine: Engine, part: GoodPart, number: int, index: int = 0
) -> tuple[tuple[Instance, ...], Audited] | Rejected:
    """One attempt at one sample, made and judged but written nowhere."""
    draft = _draft(job, engine, part, index, number)
    if isinstance(draft, Rejected):
        return draft
    return draft.instances, _finish(draft, _edit(engine, [draft])[0])[0]


def _tell(outcome: Outcome, on_event: Callable[[Event], None], resumed: bool = False) -> None:
    for turned_down in outcome.rejected:
        on_event(Event("rejected", outcome.index, turned_down.reason))
    if outcome.sample is None:
        on_event(Event("failed", outcome.index, outcome.rejected[-1].reason))
    else:
        on_event(Event("resumed" if resumed else "kept", outcome.index))


def _summary(job: Job, folder: SetFolder, resumed: int) -> Summary:
    kept = {sample.index for sample in folder.samples()}
    reasons = Counter(attempt.reason for attempt in folder.rejected())
    failed = tuple(index for index in range(job.n) if index not in kept)
    return Summary(folder.path, len(kept), resumed, failed, dict(reasons.most_common()))


def _make_chunk(
    job: Job, engine: Engine, folder: SetFolder, indices: Sequence[int], shelf: PartShelf, judge: Judge | None
) -> Iterator[Outcome]:
    """Make all samples of a chunk, those of an earlier run too: an engine may round differently in other company."""
    rejected: dict[int, list[Rejected]] = {index: [] for index in indices}
    for number in range(ATTEMPTS):
        drafts = []
        for index in rejected:
            draft = _draft(job, engine, shelf.get(job.source_of(index)), index, number)
            if isinstance(draft, Rejected):
                rejected[index].append(draft)
            else:
                drafts.append(draft)
        for draft, (audited, band_px, choice) in zip(drafts, _best(job, engine, drafts, judge), strict=True):
            if audited.audit.reason is not None:
                rejected[draft.index].append(_rejection(draft, audited))
                continue
            sample = _record(job, engine, draft, audited, band_px, choice)
            outcome = Outcome(index=draft.index, sample=sample, rejected=tuple(rejected.pop(draft.index)))
            folder.keep(outcome, _pictures(draft, audited))
            yield outcome
    for index, attempts in rejected.items():
        outcome = Outcome(index=index, sample=None, rejected=tuple(attempts))
        folder.keep(outcome, {})
        yield outcome


def _draft(job: Job, engine: Engine, part: GoodPart, index: int, attempt: int) -> Draft | Rejected:
    rng = np.random.default_rng(np.random.SeedSequence([job.seed, index, attempt]))
    try:
        instances = place(job, part, rng)
    except InputError:
        return Rejected(index=index, attempt=attempt, reason="no room on the part", source=part.source.path.name)
    groups = plan_windows(instances, part.hw, engine.window_px)
    windows = tuple(_windows(job, engine.window_px, part, instances, group, rng) for group in groups)
    text = _caption(job, part, instances)
    return Draft(index, attempt, part, tuple(instances), tuple(groups), windows, text, bool(job.masks), rng)


def _windows(
    job: Job, window_px: int, part: GoodPart, instances: Sequence[Instance], group: Group, rng: np.random.Generator
) -> tuple[Window, ...]:
    members = [instances[index] for index in group.members]
    area = np.array([float(one.shape.alpha.sum()) for one in members])
    severity = float(np.average([one.severity for one in members], weights=area))
    text, seed = _caption(job, part, members), int(rng.integers(2**62))
    return tuple(
        Window(
            good=cut_good(part.pixels, tile, window_px),
            shape=cut_shape(instances, group, tile, window_px),
            text=text, severity=severity, seed=seed + number, defect=job.wanted, material=job.material,
        )
        for number, tile in enumerate(group.tiles)
    )  # fmt: skip


def _caption(job: Job, part: GoodPart, instances: Sequence[Instance]) -> str:
    extents = [max(one.box[2] - one.box[0], one.box[3] - one.box[1]) for one in instances]
    return canonical_caption(
        job.defect,
        job.material,
        severity=float(np.mean([one.severity for one in instances])),
        size=float(np.mean(extents)) / min(part.hw),
        count=len(instances),
        orientation=job.spec.orientation,
        region=job.spec.region,
        looks=(*job.spec.shape, *job.spec.adjectives),
    )


def _edit(engine: Engine, drafts: Sequence[Draft]) -> list[list[list[F32]]]:
    """Edited windows of each draft, group by group; one call to the engine."""
    flat = iter(engine.edit([window for draft in drafts for group in draft.windows for window in group]))
    return [[[next(flat) for _ in group] for group in draft.windows] for draft in drafts]


def _best(
    job: Job, engine: Engine, drafts: Sequence[Draft], judge: Judge | None
) -> list[tuple[Audited, int, Choice | None]]:
    """The best candidate of each draft; the first of them is what would be made without any choice."""
    found: list[tuple[Audited, int, Choice | None]] = []
    for number in range(job.candidates):
        tries = [draft if number == 0 else _again(job, draft, number) for draft in drafts]
        made = [_finish(one, edits) for one, edits in zip(tries, _edit(engine, tries), strict=True)]
        if job.candidates == 1:
            return [(audited, band_px, None) for audited, band_px in made]
        for row, (audited, band_px) in enumerate(made):
            new = chosen(number, audited, judge)
            if number == 0:
                found.append((audited, band_px, new))
            elif better(new, found[row][2]):
                found[row] = (audited, band_px, new)
    return found


def _again(job: Job, draft: Draft, number: int) -> Draft:
    """The same defects at the same places, seen by the engine with other seeds."""
    rng = np.random.default_rng(np.random.SeedSequence([job.seed, draft.index, draft.attempt, number]))
    return replace(draft, windows=with_seeds(draft.windows, rng), rng=rng)


def _finish(draft: Draft, edits: Sequence[Sequence[F32]]) -> tuple[Audited, int]:
    part = draft.part
    goods = [[window.good for window in group] for group in draft.windows]
    out = paste(part.pixels, draft.instances, draft.groups, goods, edits, draft.rng).pixels
    band_px = max(band_px_of(group) for group in draft.groups)
    prescribed = coverage(draft.instances, part.hw) >= 0.5
    foreground = None if draft.anywhere else part.foreground
    return settle(part.pixels, out, prescribed, band_px, part.sigma, foreground), band_px


def _rejection(draft: Draft, audited: Audited) -> Rejected:
    audit = audited.audit
    assert audit.reason is not None
    return Rejected(
        index=draft.index, attempt=draft.attempt, reason=audit.reason, source=draft.part.source.path.name,
        text=draft.text, **_measures(audited),
    )  # fmt: skip


def _measures(audited: Audited) -> dict[str, Any]:
    audit = audited.audit
    return {
        "prescribed_iou": round(audit.prescribed_iou, 4),
        "changed_iou": round(audit.changed_iou, 4),
        "in_mask_delta": round(audit.in_mask_delta, 3),
        "outside_changed_px": audit.outside_changed_px,
    }


def _record(
    job: Job, engine: Engine, draft: Draft, audited: Audited, band_px: int, choice: Choice | None
) -> Sample:
    source, info, name = draft.part.source, engine.info, stem(draft.index)
    boxes = _boxes(draft, audited.delivered, band_px)
    return Sample(
        file_name=f"images/{name}.png", mask_file_name=f"masks/{name}.png", good_file_name=f"good/{name}.png",
        text=draft.text, defect=job.defect.name, material=None if job.material is None else job.material.name,
        boxes=boxes, labels=(job.defect.name,) * len(boxes),
        severity=tuple(round(one.severity, 4) for one in draft.instances),
        split="train", group=job.group_of(source), source=source.path.name, source_sha256=source.sha256,
        licence="own" if job.shipped else "user", prompt=job.spec.prompt, seed=job.seed, index=draft.index,
        attempts=draft.attempt + 1, engine=info.name, weights_sha256=info.weights_sha256, steps=info.steps,
        guidance=info.guidance, band_px=band_px, **_measures(audited), **({} if choice is None else choice.record),
    )  # fmt: skip


def _boxes(draft: Draft, delivered: Mask, band_px: int) -> Boxes:
    """Box of the delivered pixels of each defect; a defect of which none is left has none."""
    boxes = []
    height, width = delivered.shape
    for one in draft.instances:
        x0, y0 = max(one.box[0] - band_px, 0), max(one.box[1] - band_px, 0)
        x1, y1 = min(one.box[2] + band_px, width), min(one.box[3] + band_px, height)
        near = np.zeros((y1 - y0, x1 - x0), np.bool_)
        top, left = one.box[1] - y0, one.box[0] - x0
        near[top : top + one.shape.alpha.shape[0], left : left + one.shape.alpha.shape[1]] = one.shape.alpha >= 0.5
        own = grow(near, band_px) & delivered[y0:y1, x0:x1]
        if own.any():
            x, y, w, h = cv2.boundingRect(own.astype(np.uint8))
            boxes.append((x0 + x, y0 + y, x0 + x + w, y0 + y + h))
    return tuple(boxes)


def _pictures(draft: Draft, audited: Audited) -> dict[str, Pixels]:
    mask = audited.delivered.astype(np.uint8) * np.uint8(255)
    return {"images": audited.pixels, "masks": mask, "good": draft.part.pixels}
