"""The result of an audit, as audit.json holds it: a stable schema with a version.

Every number carries what it takes to make it again: n, the fingerprint of the features, the seed. Where a metric cannot
be had, its score is there all the same, with the reason.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = [
    "SCHEMA", "AuditReport", "Better", "CopyPair", "Distribution", "Drift", "Fingerprint", "Interval", "LabelRow",
    "LabelTruth", "Leak", "Neighbour", "NeighbourKind", "ProbeResult", "Protocol", "Score", "Side",
]  # fmt: skip

SCHEMA = 1
Better = Literal["lower", "higher", "neither"]
NeighbourKind = Literal["nearest", "farthest", "missed"]


class Frozen(BaseModel):
    """A frozen part of the report; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(Frozen):
    """A value with its 95% interval; the bounds are None where there is no way to have one."""

    value: float
    low: float | None = None
    high: float | None = None


class Fingerprint(Frozen):
    """What made the features. weights_sha256: of the weights file. resize: how pictures came to input_px."""

    extractor: str
    weights_sha256: str
    resize: str
    input_px: int
    dtype: str
    dimensions: int


class Score(Frozen):
    """One metric of one view of one defect; defect None is over all of them.

    floor: the same distance between two halves of the real set at the same n; None where the metric has none.
    flags: what a reader must know ("177 real images, fewer than 2,048"). refused: why there is no value, with the
    smallest n that would do. leading: whether a verdict may rest on it. fingerprint: index into the report's list.
    """

    metric: str
    view: str
    defect: str | None
    better: Better
    n_set: int
    n_real: int
    value: Interval | None = None
    floor: Interval | None = None
    leading: bool = False
    flags: tuple[str, ...] = ()
    refused: str | None = None
    fingerprint: int | None = None
    seed: int = 0


class CopyPair(Frozen):
    """A picture of the set beside the training picture that it is near to, both by name.

    distance: of their features, 1 - cosine. correlation: after alignment, in [-1, 1]. copy: whether it counts as one.
    """

    name: str
    train: str
    view: str
    box: tuple[int, int, int, int]
    train_box: tuple[int, int, int, int]
    distance: float
    correlation: float
    is_copy: bool


class Leak(Frozen):
    """A test picture that is found among the training pictures, or where `where` is "set" among those of the set.

    how: by "sha256", "pixels", "source" or "near-duplicate".
    """

    test: str
    train: str
    how: str
    correlation: float
    where: str = "train"


class Neighbour(Frozen):
    """A crop beside the one of the other side that is nearest to it by features; both by name and box.

    kind: "nearest" and "farthest" are crops of the set with their nearest real one; "missed" is a real crop that the
    set is farthest from, with the nearest of the set. distance: 1 - cosine.
    """

    kind: NeighbourKind
    view: str
    defect: str
    name: str
    box: tuple[int, int, int, int]
    other: str
    other_box: tuple[int, int, int, int]
    distance: float


class Distribution(Frozen):
    """How often a measure of the defects takes which values: shares of `n_set` and `n_real` defects between the edges.

    The first and the last bin also hold what lies beyond them. ks: the greatest difference of the two cumulative
    distributions (Kolmogorov-Smirnov), in [0, 1]; floor: the same between two halves of the real defects.
    """

    measure: str
    unit: str
    defect: str | None
    n_set: int
    n_real: int
    edges: tuple[float, ...]
    share_set: tuple[float, ...]
    share_real: tuple[float, ...]
    median_set: float
    median_real: float
    ks: float
    floor: Interval | None = None


class Drift(Frozen):
    """How far pictures moved from their good twins outside the mask, grown by its band.

    changed_share: of background pixels that changed at all. mean_change, worst_change: grey levels.
    worst: names of the pictures that drifted most, worst first.
    """

    n: int
    changed_share: Interval
    mean_change: Interval
    worst_change: float
    worst: tuple[str, ...]


class LabelRow(Frozen):
    """The masks of one picture; None where it cannot be known. estimated: whether a segmenter stood in for truth."""

    name: str
    defect: str
    prescribed_iou: float | None = None
    recovered_iou: float | None = None
    leakage: float | None = None
    fill: float | None = None
    in_mask_delta: float | None = None
    blank: bool | None = None


class LabelTruth(Frozen):
    """Whether the masks say where the pictures changed.

    blanks: share of masks under which nothing can be seen. leakage: share of the visible change that lies outside the
    delivered mask. fill: share of the mask that visibly changed. estimated: True where no good pictures were there.
    """

    n: int
    estimated: bool
    blanks: Interval
    recovered_iou: Interval
    leakage: Interval | None
    fill: Interval
    prescribed_iou: Interval | None = None
    defect: str | None = None
    rows: tuple[LabelRow, ...] = ()
    notes: tuple[str, ...] = ()


class ProbeResult(Frozen):
    """Whether a small classifier can tell two kinds of windows apart; AUROC 0.5 is what one hopes for.

    kind: "realism" (generated against real defect windows) or "artefact" (background windows against untouched good
    ones). floor: the same classifier between two halves of the real windows. heat_maps: names of the windows that gave
    it away most, with PNG bytes in base64 of window and heat map side by side.
    """

    kind: str
    auroc: Interval | None
    floor: Interval | None
    n_set: int
    n_real: int
    groups_real: int
    defect: str | None = None
    refused: str | None = None
    flags: tuple[str, ...] = ()
    heat_maps: tuple[tuple[str, str], ...] = ()


class Protocol(Frozen):
    """Numbers as a published protocol computes them. flaws: what is known to be wrong with that protocol."""

    name: str
    paper: str
    settings: dict[str, str]
    scores: tuple[Score, ...]
    flaws: tuple[str, ...]


class Side(Frozen):
    """One collection of the audit. left_out: pictures that were not judged, by reason. problems: files by reason."""

    path: str
    kind: str
    pictures: int
    defective: int
    good: int
    with_mask: int
    with_good: int
    defects: dict[str, int]
    left_out: dict[str, int] = {}
    problems: tuple[str, ...] = ()


class AuditReport(Frozen):
    """All that was measured. command: what makes it again. created: ISO 8601.

    copies_against: the collection that copies were looked for in; None where nobody looked.
    """

    schema_version: int = SCHEMA
    version: str
    created: str
    command: str
    seed: int
    synth: Side
    real: Side
    train: Side | None = None
    fingerprints: tuple[Fingerprint, ...] = ()
    scores: tuple[Score, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    copies: tuple[CopyPair, ...] = ()
    copies_against: str | None = None
    leaks: tuple[Leak, ...] = ()
    drift: Drift | None = None
    label_truth: tuple[LabelTruth, ...] = ()
    probes: tuple[ProbeResult, ...] = ()
    protocol: Protocol | None = None
    notes: tuple[str, ...] = ()
