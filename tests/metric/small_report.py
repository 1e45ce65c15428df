"""A whole report in seconds: everything is computed for real, on small sets, with pixels for a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from defectgen.blocked import Blocked
from defectgen.metric.audit import AuditOptions, measure
from defectgen.metric.audit_stage import Bench
from defectgen.metric.intake import count_side, take_in
from defectgen.metric.result import AuditReport, Fingerprint
from defectgen.metric.type_match import match_types


class PixelExtractor:
    """8 x 8 pixels of a picture, and how bright it is as the chances of two classes."""

    label = "Pixels"
    fingerprint = Fingerprint(
        extractor="pixels", weights_sha256="0" * 64, resize="area", input_px=8, dtype="float32", dimensions=192
    )

    def extract(self, pictures: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        small = [cv2.resize(one, (8, 8), interpolation=cv2.INTER_AREA) for one in pictures]
        vectors = np.asarray(small, np.float32).reshape(len(small), -1) / 255
        bright = vectors.mean(axis=1)
        return vectors, np.stack([bright, 1 - bright], axis=1).astype(np.float32)


def small_report(synth: Path, real: Path, train: Path | None = None, **options: object) -> AuditReport:
    """The audit of one folder against another, with all its stages."""
    sides = take_in(synth, "SET", Blocked()), take_in(real, "REAL", Blocked())
    trained = None if train is None else take_in(train, "TRAIN", Blocked())
    match = match_types(sides[0].collection, sides[1].collection)
    asked = AuditOptions(synth, real, train, command="defectgen audit", resamples=100, **options)  # type: ignore[arg-type]
    bench = Bench(
        match.synth, match.real, sides[1].test, None if trained is None else trained.collection, PixelExtractor(), 0,
        asked.resamples, lambda stage, done, of: None,
    )  # fmt: skip
    counted = (
        count_side(sides[0].side, match.synth, match.left_out[0]),
        count_side(sides[1].side, match.real, match.left_out[1]),
        None if trained is None else trained.side,
    )
    return measure(bench, asked, counted, match.notes)
