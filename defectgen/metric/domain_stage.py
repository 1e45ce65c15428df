"""The domain classifier's part of an audit: trained on whole real pictures, good ones too, and asked about the set's.

Whole pictures are looked at, since a good one has no window.
"""

from __future__ import annotations

from pathlib import Path

from defectgen.metric.collection import Collection
from defectgen.metric.domain_classifier import AUTO, domain_probabilities, domain_scores
from defectgen.metric.extractor import Extractor
from defectgen.metric.feature import features_of
from defectgen.metric.result import Score
from defectgen.metric.view import View

__all__ = ["judge_domain"]

VIEW: View = "image"


def judge_domain(
    synth: Collection, real: Collection, extractor: Extractor, source: str, *, cache: Path | None = None, seed: int = 0
) -> list[Score]:
    """IS-domain-<label> and accuracy-domain-<label> of the set's defective pictures.

    source: a classifier's file, or "auto" to train one on `real`, which must hold no test pictures. InputError with
    fewer than two defect types to train on, or where the file is of other features; WeightsError for a damaged file.
    """
    training = features_of(real, VIEW, extractor, cache=cache) if source == AUTO else None
    asked = features_of(synth.defective, VIEW, extractor, cache=cache)
    told, classifier = domain_probabilities(asked, source, training, label=extractor.label, seed=seed)
    return domain_scores(told, classifier, VIEW, seed=seed)
