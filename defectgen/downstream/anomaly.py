"""Anomaly detection from good pictures alone, whose threshold known defects may set.

A memory of good patches ranks pictures and pixels; nothing that is known of defects changes that ranking. What defects
are for is the *threshold*: without any, it is the lowest that raises an alarm on at most 5 % of val's good pictures;
with shots or synthetic defects of the trial, it is the one that tells them best from val's good pictures (balanced
accuracy, each source of defects weighted by its share). Numbers at the threshold from good pictures alone stand beside,
ending in `_good_only`.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from defectgen.downstream.backbone import parse_model
from defectgen.downstream.fit import seeded
from defectgen.downstream.intake import require, require_masks, require_multiple
from defectgen.downstream.patch_memory import PatchMemory
from defectgen.downstream.pixel_score import MapScores, Thresholds, picture_scores
from defectgen.downstream.pool import Pool
from defectgen.downstream.ranking import alarm_threshold, rank
from defectgen.downstream.task import LEADS, Outcome, TrainOptions, Trial, Watch

__all__ = ["Anomaly", "best_threshold"]

STRIDE = 32
AT_THRESHOLD = ("found", "false_per_good", "balanced_accuracy")

F32 = NDArray[np.float32]


def best_threshold(good: F32, defective: F32, weights: NDArray[np.float64]) -> float:
    """The threshold of the highest balanced accuracy; a score >= threshold is an alarm.

    weights: of each defective score, adding up to 1. Halfway between two scores, so that neither side is favoured.
    """
    values = np.unique(np.concatenate([good, defective]))
    cuts = np.append((values[1:] + values[:-1]) / 2, np.nextafter(values[-1], np.float32(np.inf)))
    found = np.array([weights[defective >= cut].sum() for cut in cuts])
    spared = np.array([np.mean(good < cut) for cut in cuts])
    return float(cuts[int((found + spared).argmax())])


class Anomaly:
    """The task. `steps` mean nothing to it: it learns by remembering."""

    name = "anomaly"
    lead = LEADS["anomaly"]
    presets = ("patchcore",)

    def check(self, train: Pool, val: Pool, test: Pool) -> None:
        require(train, val, test, every_class_in_train=False)
        require_masks(val, test, task=self.name)
        require_multiple(train.side, STRIDE, self.name)

    def run(self, trial: Trial, options: TrainOptions, watch: Watch) -> Outcome:
        parse_model(options.model, self.presets)
        began = time.monotonic()
        with seeded(options.seed):
            memory = PatchMemory(trial.real.pixels[trial.real.good], seed=options.seed, device=options.device)
        on_val = memory.maps(trial.val.pixels)
        val_scores = picture_scores(on_val)
        good = val_scores[trial.val.good]
        plain = alarm_threshold(good)
        alarm = calibrated(memory, good, trial) or plain
        mask = rank(on_val, trial.val.masks > 0).f1_max()[1]
        maps = memory.maps(trial.test.pixels)
        seen = [_scores(maps, trial.test, Thresholds(mask, one)) for one in (alarm, plain)]
        metrics, per_class = seen[0]
        beside = {f"{name}_good_only": seen[1][0][name] for name in AT_THRESHOLD}
        val = rank(val_scores, trial.val.labels > 0).auroc()
        return Outcome(
            metrics | beside, per_class, ({"step": 0, "loss": 0.0, "val": val},), 0, val, time.monotonic() - began,
            scores=picture_scores(maps), maps=shown(maps, float(np.median(on_val[trial.val.good])), plain),
        )  # fmt: skip


def shown(maps: F32, usual: float, alarm: float) -> NDArray[np.uint8]:
    """Distances as if they were chances x 255: 0 at what is usual on good pictures, half at the alarm threshold."""
    share = (maps - usual) / (2 * max(alarm - usual, 1e-9))
    return np.round(255 * share.clip(0, 1)).astype(np.uint8)


def calibrated(memory: PatchMemory, good: F32, trial: Trial) -> float | None:
    """The threshold that the trial's defects set; None where it has none. good: scores of val's good pictures."""
    shares = (1.0 - trial.extra_share, trial.extra_share)
    sources = (trial.real, trial.extra)
    scores, weights = [], []
    for pool, share in zip(sources, shares, strict=True):
        if pool is not None and len(pool.defective) and share > 0:
            scores.append(picture_scores(memory.maps(pool.pixels[pool.defective])))
            weights.append(np.full(len(pool.defective), share / len(pool.defective)))
    if not scores:
        return None
    weight = np.concatenate(weights)
    return best_threshold(good, np.concatenate(scores), weight / weight.sum())


def _scores(maps: F32, test: Pool, thresholds: Thresholds) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    scores = MapScores(maps, test, thresholds)
    alarms = scores.pictures >= np.float32(thresholds.alarm)
    spared = 1.0 - float(np.mean(alarms[test.good]))
    rows = {"balanced_accuracy": (float(np.mean(alarms[test.defective])) + spared) / 2, **scores.overall()}
    classes = scores.per_class()
    for k, name in enumerate(test.classes, 1):
        if name in classes:
            classes[name]["balanced_accuracy"] = (float(np.mean(alarms[test.labels == k])) + spared) / 2
    return rows, classes
