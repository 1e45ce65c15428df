"""The stages of an audit that look for what no distance shows: copies, leaks, false labels, drift, traces."""

from __future__ import annotations

from dataclasses import dataclass

from defectgen.errors import InputError, WeightsError
from defectgen.metric.audit_stage import Bench, feature_cache
from defectgen.metric.compat import compat
from defectgen.metric.copies import copies
from defectgen.metric.drift import drift
from defectgen.metric.ic_lpips import VARIANTS
from defectgen.metric.label_truth import has_truth, label_truth
from defectgen.metric.leak import leaks
from defectgen.metric.perceptual import PerceptualDistance, lite0_distance, lpips_distance
from defectgen.metric.probe import probes
from defectgen.metric.protocol import published
from defectgen.metric.result import CopyPair, Drift, LabelTruth, Leak, ProbeResult, Protocol
from defectgen.metric.segmenter import estimate_truth, train_segmenter
from defectgen.metric.view import View, has_view

__all__ = ["Truth", "find_copies", "find_leaks", "judge_labels", "look_for_drift", "probe", "reproduce"]


@dataclass(frozen=True)
class Truth:
    """What is known of the labels, and why where nothing is."""

    label_truth: tuple[LabelTruth, ...]
    notes: tuple[str, ...] = ()


def find_copies(bench: Bench) -> tuple[CopyPair, ...]:
    """Defects of the set that repeat one of the training pictures, or of the real side where those are not known."""
    name, source = ("TRAIN", bench.train) if bench.train is not None else ("REAL", bench.real)
    masked = has_view(bench.synth.defective, "mask") and has_view(source.defective, "mask")
    view: View = "window" if masked else "image"
    ours, theirs = bench.features("SET", bench.synth, view), bench.features(name, source, view)
    bench.progress("looking for copies", 0, 1)
    return copies(bench.synth, source, ours, theirs, view=view, seed=bench.seed)


def find_leaks(bench: Bench) -> tuple[Leak, ...]:
    """Test pictures of the real side in the training pictures, or in the set, which will be trained on."""
    if not bench.test.items:
        return ()
    found: list[Leak] = []
    for where, side in (("train", bench.train), ("set", bench.synth)):
        if side is not None:
            bench.progress(f"looking for test pictures in {'TRAIN' if where == 'train' else 'SET'}", 0, 1)
            found += [one.model_copy(update={"where": where}) for one in leaks(bench.test, side)]
    return tuple(found)


def judge_labels(bench: Bench, estimate: bool) -> Truth:
    """Whether masks are true: by the good pictures, or without any by a segmenter, where `estimate` allows one."""
    bench.progress("comparing masks with what changed", 0, 1)
    if has_truth(bench.synth):
        return Truth(label_truth(bench.synth, seed=bench.seed))
    if not has_view(bench.synth.defective, "mask"):
        return Truth((), ("labels were not judged: SET has no masks",))
    if not estimate:
        return Truth((), ("labels were not judged: SET has no good pictures, and no segmenter was asked for",))
    try:
        segmenter = train_segmenter(
            bench.real, seed=bench.seed, on_step=lambda done, of: bench.progress("training a segmenter", done, of)
        )
    except InputError as error:
        return Truth((), (f"labels were not judged: {error}",))
    return Truth(estimate_truth(bench.synth, segmenter, seed=bench.seed))


def look_for_drift(bench: Bench) -> Drift | None:
    """How far the background moved, where good pictures say so."""
    bench.progress("looking for drift", 0, 1)
    return drift(bench.synth.defective, seed=bench.seed)


def probe(bench: Bench) -> tuple[ProbeResult, ...]:
    """Whether a classifier can tell the sides apart."""
    bench.progress("training classifiers to tell SET from REAL", 0, 1)
    return probes(bench.synth, bench.real, bench.extractor, seed=bench.seed, cache=feature_cache())


def reproduce(bench: Bench, name: str | None) -> Protocol | None:
    """The numbers of a published protocol, where one is asked for."""
    if name is None:
        return None
    bench.progress(f"numbers as {name} computes them", 0, 1)
    return compat(
        name, bench.synth.defective, bench.real.defective, bench.extractor, seed=bench.seed, distance=_distance(name),
        cache=feature_cache(),
    )  # fmt: skip


def _distance(name: str) -> PerceptualDistance:
    """The protocol's own LPIPS where its weights are there; else one whose scores go by another name."""
    try:
        return lpips_distance(VARIANTS[published(name).diversity].backbone)
    except WeightsError:
        return lite0_distance()
