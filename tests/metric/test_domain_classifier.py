"""The domain classifier: what it learns, what it refuses, and that files give the same answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from defectgen.errors import InputError, WeightsError
from defectgen.image import encode_png
from defectgen.metric.collection import Collection, open_collection
from defectgen.metric.domain_classifier import (
    DomainClassifier,
    domain_probabilities,
    domain_scores,
    train_classifier,
)
from defectgen.metric.domain_stage import judge_domain
from defectgen.metric.extractor import Features
from defectgen.metric.result import Fingerprint

PLAIN = Fingerprint(extractor="plain", weights_sha256="ab", resize="none", input_px=1, dtype="float32", dimensions=8)
TYPES = ("crack", "dent", "good")


def make(n: int, seed: int = 0, apart: float = 4.0, types: tuple[str, ...] = TYPES, per_group: int = 2) -> Features:
    rng = np.random.default_rng(seed)
    kind = (np.arange(n) // per_group) % len(types)
    vectors = rng.standard_normal((n, 8))
    vectors[np.arange(n), kind] += apart
    groups = tuple(f"{seed}-{i // per_group}" for i in range(n))
    names = tuple(str(i) for i in range(n))
    return Features(vectors.astype(np.float32), None, groups, names, tuple(types[k] for k in kind), PLAIN)


def test_separate_types_score_the_number_of_classes() -> None:
    told, classifier = domain_probabilities(make(120, 1, 30.0), "auto", make(120, 0, 30.0), label="T")
    assert told.probabilities is not None
    np.testing.assert_allclose(told.probabilities.sum(1), 1, atol=1e-5)
    scores = {(one.metric, one.defect): one for one in domain_scores(told, classifier, "image")}
    assert scores[("IS-domain-T", None)].value.value > 2.5
    assert scores[("accuracy-domain-T", "crack")].value.value == 1
    assert [key[1] for key in scores] == [None, None, "crack", "dent", "good"]


def test_a_set_of_one_type_scores_one() -> None:
    ours = make(60, 1, 30.0)
    one_type = ours.take(np.array([i for i, name in enumerate(ours.defects) if name == "crack"]))
    told, classifier = domain_probabilities(one_type, "auto", make(120, 0, 30.0), label="T")
    assert domain_scores(told, classifier, "image")[0].value.value < 1.1


def test_types_that_are_alike_are_told_by_chance_and_the_card_says_so() -> None:
    card = train_classifier(make(240, 0, 0.0, per_group=4), label="T").card
    assert abs(np.mean(list(card.accuracy.values())) - 1 / 3) < 0.12
    assert card.real_score < 1.3


def test_accuracy_is_of_groups_that_were_held_out() -> None:
    """Rows that only repeat their group's own noise are known by heart, and no use for other groups."""
    rng = np.random.default_rng(0)
    plain = make(180, 0, 0.0, per_group=6)
    centres = 5 * rng.standard_normal((30, 8))
    vectors = (centres[np.arange(180) // 6] + 0.1 * plain.vectors).astype(np.float32)
    features = Features(vectors, None, plain.groups, plain.names, plain.defects, PLAIN)
    classifier = train_classifier(features, label="T")
    known = np.asarray(classifier.card.classes)[classifier.probabilities(features).argmax(1)]
    assert (known == np.asarray(features.defects)).mean() > np.mean(list(classifier.card.accuracy.values())) + 0.15


def test_a_file_gives_the_same_answers(tmp_path: Path) -> None:
    path = tmp_path / "mt.safetensors"
    classifier = train_classifier(make(90), path, label="T", seed=3)
    loaded = DomainClassifier.load(path)
    assert loaded.card == classifier.card
    np.testing.assert_array_equal(loaded.probabilities(make(30, 1)), classifier.probabilities(make(30, 1)))
    told, again = domain_probabilities(make(30, 1), path, label="T")
    assert told.probabilities is not None and again.card.seed == 3


def test_training_is_repeatable() -> None:
    first, second = (train_classifier(make(90), label="T", seed=1) for _ in range(2))
    np.testing.assert_array_equal(first.weight, second.weight)
    assert first.card == second.card


def test_rare_types_are_left_out_and_named() -> None:
    plenty, few = make(120), make(2, 5, types=("burn",))
    both = Features(
        np.concatenate([plenty.vectors, few.vectors]), None, plenty.groups + few.groups, (*plenty.names, "x", "y"),
        plenty.defects + few.defects, PLAIN,
    )  # fmt: skip
    told, classifier = domain_probabilities(both, "auto", both, label="T")
    assert classifier.card.left_out == {"burn": 2}
    assert "left out, too few real pictures: burn (2)" in domain_scores(told, classifier, "image")[0].flags


def test_one_type_is_refused() -> None:
    with pytest.raises(InputError, match=r"needs at least 2 defect types .* got crack \(20 in 10 groups\), good"):
        train_classifier(make(40, types=("crack", "good")), label="T")
    with pytest.raises(InputError, match="needs real pictures"):
        domain_probabilities(make(30), "auto", label="T")


def test_other_features_are_refused() -> None:
    classifier = train_classifier(make(90), label="T")
    other = make(30, 1)
    other = Features(
        other.vectors, None, other.groups, other.names, other.defects, PLAIN.model_copy(update={"weights_sha256": "cd"})
    )
    with pytest.raises(InputError, match="features with weights_sha256 'ab', these have 'cd'"):
        classifier.probabilities(other)


def test_few_pictures_are_refused_with_the_smallest_n() -> None:
    told, classifier = domain_probabilities(make(12, 1), "auto", make(90), label="T")
    assert domain_scores(told, classifier, "image")[0].refused == "12 in the set; at least 20 are needed"


def test_damaged_files_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "mt.safetensors"
    train_classifier(make(90), path, label="T")
    card = path.with_suffix(".json")
    good = json.loads(card.read_text())
    for fields, message in (
        ({**good, "classes": ["crack", "dent"]}, "its card says"),
        ({**good, "format": "other"}, "says format 'other'"),
        ({**good, "extra": 1}, "no classifier's card: extra"),
    ):
        card.write_text(json.dumps(fields))
        with pytest.raises(WeightsError, match=message):
            DomainClassifier.load(path)
    card.unlink()
    with pytest.raises(WeightsError, match="card there"):
        DomainClassifier.load(path)
    with pytest.raises(WeightsError, match="do not exist"):
        DomainClassifier.load(tmp_path / "nothing.safetensors")


class MeanColour:
    """A tiny extractor: mean and spread of each channel."""

    label = "Mean"
    fingerprint = PLAIN.model_copy(update={"extractor": "mean", "dimensions": 6})

    def extract(self, pictures: Sequence[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], None]:
        rows = [np.concatenate([one.mean((0, 1)), one.std((0, 1))]) for one in pictures]
        return np.array(rows, np.float32).reshape(-1, 6), None


def painted(folder: Path, n: int, seed: int) -> Collection:
    """Red, green and blue pictures in folders of their own."""
    rng = np.random.default_rng(seed)
    for channel, defect in enumerate(TYPES):
        (folder / defect).mkdir(parents=True)
        for i in range(n):
            pixels = rng.integers(0, 40, (32, 32, 3)).astype(np.uint8)
            pixels[..., channel] += 150
            (folder / defect / f"{i}.png").write_bytes(encode_png(pixels))
    return open_collection(folder)


def test_the_stage_of_an_audit_goes_from_folders_to_scores(tmp_path: Path) -> None:
    synth, real = painted(tmp_path / "set", 12, 0), painted(tmp_path / "real", 12, 1)
    scores = judge_domain(synth, real, MeanColour(), "auto")
    assert [one.n_set for one in scores] == [24, 24, 12, 12]
    assert scores[1].value is not None and scores[1].value.value == 1
    assert scores[0].value is not None and 1.7 < scores[0].value.value < 2.01
