"""A domain classifier: tells the defect types of one real set, and good, apart, so that an IS means something there.

ImageNet's 1,000 classes know no blowhole. A logistic head on frozen features of the real training pictures does; the
inception score (Salimans et al. 2016) of its answers runs from 1 to the number of its classes, and the share of
generated pictures that it takes for their own type is told beside it. Its own accuracy on groups of real pictures that
it was not trained on says how far to believe it.

    NAME.safetensors    mean, scale (D,), weight (K, D), bias (K,), float32
    NAME.json           the card: classes, features, strength, what it was trained on, held-out accuracy by class
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from defectgen.atomic import write_atomic
from defectgen.errors import InputError, WeightsError
from defectgen.metric.bootstrap import FEWEST_GROUPS, draw_groups, group_index, interval_of
from defectgen.metric.extractor import Features
from defectgen.metric.inception_score import SMALLEST, inception_score, score_draws
from defectgen.metric.optional_package import load_optional
from defectgen.metric.result import Fingerprint, Interval, Score
from defectgen.metric.weights_file import read_tensors
from defectgen.record import GOOD

__all__ = [
    "AUTO", "LEAST_ROWS", "Card", "DomainClassifier", "domain_probabilities", "domain_scores", "train_classifier",
]  # fmt: skip

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

AUTO = "auto"
LEAST_ROWS, LEAST_GROUPS = 5, 3  # of a class; smaller ones are left out
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0)
FOLDS, RESAMPLES = 5, 1000
FORMAT = "defectgen domain classifier"


class Card(BaseModel):
    """What a classifier is. accuracy: share of held-out real rows of each class that it gets right. real_score: the
    inception score of its held-out answers on real rows. left_out: types with too few rows, with their number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = FORMAT
    label: str
    classes: tuple[str, ...]
    fingerprint: Fingerprint
    strength: float
    rows: dict[str, int]
    groups: int
    accuracy: dict[str, float]
    real_score: float
    left_out: dict[str, int] = {}
    seed: int


@dataclass(frozen=True)
class DomainClassifier:
    """A linear softmax on standardised features. mean, scale: (D,), weight: (K, D), bias: (K,) float32."""

    card: Card
    mean: F32
    scale: F32
    weight: F32
    bias: F32

    def probabilities(self, features: Features) -> F32:
        """(n, K) float32 of these features; InputError where they are of another network or resize."""
        ours, theirs = self.card.fingerprint, features.fingerprint
        if ours != theirs:
            name = next(key for key in Fingerprint.model_fields if getattr(ours, key) != getattr(theirs, key))
            raise InputError(
                f"the domain classifier was trained on features with {name} {getattr(ours, name)!r}, these have "
                f"{getattr(theirs, name)!r}; use the same --features, or train one with --classifier {AUTO}"
            )
        logits = ((np.asarray(features.vectors) - self.mean) * self.scale) @ self.weight.T + self.bias
        return _softmax(np.asarray(logits, np.float64)).astype(np.float32)

    def save(self, path: Path) -> None:
        """The weights at `path`, the card beside them."""
        from safetensors.numpy import save

        tensors = {"mean": self.mean, "scale": self.scale, "weight": self.weight, "bias": self.bias}
        write_atomic(path.with_suffix(".json"), (self.card.model_dump_json(indent=2) + "\n").encode())
        write_atomic(path, save({name: np.ascontiguousarray(one) for name, one in tensors.items()}))

    @staticmethod
    def load(path: Path) -> DomainClassifier:
        """WeightsError where the weights or their card are missing, damaged, or do not fit each other."""
        tensors = {name: np.asarray(one, np.float32) for name, one in read_tensors(path).items()}
        card = _read_card(path.with_suffix(".json"))
        k, d = len(card.classes), card.fingerprint.dimensions
        wanted = {"mean": (d,), "scale": (d,), "weight": (k, d), "bias": (k,)}
        found = {name: one.shape for name, one in tensors.items()}
        if found != wanted:
            raise WeightsError(f"{path} holds {found}, its card says {wanted}; train it again with --classifier {AUTO}")
        return DomainClassifier(card, **tensors)


def train_classifier(features: Features, path: Path | None = None, *, label: str, seed: int = 0) -> DomainClassifier:
    """From real training rows, good ones among them (defect "good"); saved where a path (*.safetensors) is given.

    label: of the extractor, for metric names. InputError with fewer than two defect types of LEAST_ROWS rows and
    LEAST_GROUPS groups.
    """
    groups = group_index(features.groups, features.names)
    classes, left_out = _classes(features.defects, groups)
    rows = np.flatnonzero(np.isin(np.asarray(features.defects), classes))
    targets = np.array([classes.index(features.defects[row]) for row in rows], np.int64)
    vectors = np.asarray(features.vectors[rows], np.float64)
    mean, spread = vectors.mean(0), vectors.std(0)
    scale = np.where(spread > 1e-6 * max(1e-12, float(spread.max())), 1 / np.maximum(spread, 1e-30), 0)
    whitened = (vectors - mean) * scale
    strength, held_out = _choose(whitened, targets, groups[rows], len(classes), seed)
    weight, bias = _fit(whitened, targets, strength, len(classes))
    right = held_out.argmax(1) == targets
    card = Card(
        label=label, classes=classes, fingerprint=features.fingerprint, strength=strength,
        rows={name: int((targets == k).sum()) for k, name in enumerate(classes)}, groups=len(np.unique(groups[rows])),
        accuracy={name: round(float(right[targets == k].mean()), 4) for k, name in enumerate(classes)},
        real_score=round(inception_score(held_out).mean, 4), left_out=left_out, seed=seed,
    )  # fmt: skip
    parts = [np.asarray(one, np.float32) for one in (mean, scale, weight, bias)]
    found = DomainClassifier(card, *parts)
    if path is not None:
        found.save(path)
    return found


def domain_probabilities(
    features: Features, source: str | Path, training: Features | None = None, *, label: str, seed: int = 0
) -> tuple[Features, DomainClassifier]:
    """The same features with the probabilities of a domain classifier, and the classifier.

    source: its file, or "auto" to train one on `training`.
    """
    if str(source) == AUTO:
        if training is None:
            raise InputError(f"--classifier {AUTO} needs real pictures with at least two defect types to train on")
        classifier = train_classifier(training, label=label, seed=seed)
    else:
        classifier = DomainClassifier.load(Path(source))
    probabilities = classifier.probabilities(features)
    told = Features(
        features.vectors, probabilities, features.groups, features.names, features.defects, features.fingerprint
    )
    return told, classifier


def domain_scores(told: Features, classifier: DomainClassifier, view: str, *, seed: int = 0) -> list[Score]:
    """IS-domain-<label>, and accuracy-domain-<label> over all and by type, of features of `domain_probabilities`."""
    assert told.probabilities is not None
    card = classifier.card
    index = group_index(told.groups, told.names)
    scores = [_inception(told, index, card, view, seed)]
    known = np.isin(np.asarray(told.defects), card.classes)
    taken = np.asarray(card.classes)[told.probabilities.argmax(1)] == np.asarray(told.defects)
    for defect in (None, *(name for name in card.classes if name in set(told.defects))):
        rows = known if defect is None else np.asarray(told.defects) == defect
        scores.append(_accuracy(taken[rows], index[rows], card, view, defect, seed))
    return scores


def _inception(told: Features, index: I64, card: Card, view: str, seed: int) -> Score:
    n, name, real = len(told), f"IS-domain-{card.label}", sum(card.rows.values())
    if n < SMALLEST:
        return Score(
            metric=name, view=view, defect=None, better="neither", n_set=n, n_real=real, seed=seed,
            refused=f"{n} in the set; at least {SMALLEST} are needed",
        )  # fmt: skip
    assert told.probabilities is not None
    found = inception_score(told.probabilities)
    value = Interval(value=found.mean)
    if 1 + int(index.max()) >= FEWEST_GROUPS:
        weights = draw_groups(index, RESAMPLES, np.random.default_rng(seed))
        drawn = score_draws(told.probabilities, weights.of_rows[:, 1:])
        value = interval_of(found.mean, drawn, 1.0, (1.0, float(len(card.classes))))
    flags = (
        f"{found.splits} split{'s' if found.splits > 1 else ''} of n = {n:,}",
        f"at most {len(card.classes)}, the classes: {', '.join(card.classes)}",
        f"{real:,} real images score {card.real_score:.4g}, held out by groups",
        *_left_out(card),
    )
    return Score(
        metric=name, view=view, defect=None, better="neither", n_set=n, n_real=real, value=value, flags=flags, seed=seed
    )


def _accuracy(right: NDArray[np.bool_], index: I64, card: Card, view: str, defect: str | None, seed: int) -> Score:
    name, n = f"accuracy-domain-{card.label}", len(right)
    real = sum(card.rows.values()) if defect is None else card.rows[defect]
    common: dict[str, Any] = {"metric": name, "view": view, "defect": defect, "better": "higher", "n_real": real}
    if not n:
        return Score(**common, n_set=0, seed=seed, refused="no picture of the set has a type that the classifier knows")
    value = Interval(value=float(right.mean()))
    codes = np.unique(index, return_inverse=True)[1].astype(np.int64)
    if codes.max() + 1 >= FEWEST_GROUPS:
        weights = draw_groups(codes, RESAMPLES, np.random.default_rng(seed)).of_rows[:, 1:]
        value = interval_of(value.value, (right @ weights) / weights.sum(0), 1.0, (0.0, 1.0))
    real_right = np.mean(list(card.accuracy.values())) if defect is None else card.accuracy[defect]
    flags = (f"real images, held out by groups: {real_right:.4g}{' (mean of classes)' if defect is None else ''}",)
    return Score(**common, n_set=n, value=value, flags=flags, seed=seed)


def _left_out(card: Card) -> tuple[str, ...]:
    if not card.left_out:
        return ()
    return ("left out, too few real pictures: " + ", ".join(f"{name} ({n})" for name, n in card.left_out.items()),)


def _classes(defects: Sequence[str], groups: I64) -> tuple[tuple[str, ...], dict[str, int]]:
    """Classes with enough rows and groups, sorted; the others with their rows. InputError with fewer than two types."""
    counts = Counter(defects)
    spread = {name: len({int(g) for g, one in zip(groups, defects, strict=True) if one == name}) for name in counts}
    kept = tuple(sorted(name for name, n in counts.items() if n >= LEAST_ROWS and spread[name] >= LEAST_GROUPS))
    types = [name for name in kept if name != GOOD]
    if len(types) < 2:
        seen = ", ".join(f"{name} ({n} in {spread[name]} groups)" for name, n in sorted(counts.items())) or "none"
        raise InputError(
            f"a domain classifier needs at least 2 defect types of {LEAST_ROWS} pictures in {LEAST_GROUPS} groups, "
            f"got {seen}; leave out --classifier"
        )
    return kept, {name: n for name, n in sorted(counts.items()) if name not in kept}


def _choose(rows: F64, targets: I64, groups: I64, classes: int, seed: int) -> tuple[float, F64]:
    """The strength with the least log loss on held-out groups, each class counting alike, and its answers there.

    That answers were held out for both makes the accuracy a little high: one of a few strengths was chosen by them.
    """
    splitter = load_optional("sklearn.model_selection").StratifiedGroupKFold(
        _folds(targets, groups), shuffle=True, random_state=seed
    )
    splits = list(splitter.split(rows, targets, groups))
    weights = 1 / np.bincount(targets, minlength=classes)[targets]
    best: tuple[float, float, F64] | None = None
    for strength in STRENGTHS:
        answers = np.zeros((len(rows), classes))
        for train, test in splits:
            weight, bias = _fit(rows[train], targets[train], strength, classes)
            answers[test] = _softmax(rows[test] @ weight.T + bias)
        loss = float(-(weights * np.log(np.maximum(answers[np.arange(len(rows)), targets], 1e-12))).sum())
        if best is None or loss < best[0]:
            best = loss, strength, answers
    assert best is not None
    return best[1], best[2]


def _folds(targets: I64, groups: I64) -> int:
    return min(FOLDS, *(len(np.unique(groups[targets == k])) for k in np.unique(targets)))


def _fit(rows: F64, targets: I64, strength: float, classes: int) -> tuple[F64, F64]:
    """(K, D) and (K,); a class that is not among the targets gets no chance."""
    model = load_optional("sklearn.linear_model").LogisticRegression(C=strength, max_iter=2000, class_weight="balanced")
    model.fit(rows, targets)
    weight, bias = np.zeros((classes, rows.shape[1])), np.full(classes, -1e3)
    if len(model.classes_) == 2:
        weight[model.classes_[1]], bias[model.classes_] = model.coef_[0], (0.0, model.intercept_[0])
    else:
        weight[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return weight, bias


def _softmax(logits: F64) -> F64:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def _read_card(path: Path) -> Card:
    try:
        card = Card.model_validate_json(path.read_bytes())
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}; expected the classifier's card there") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise WeightsError(f"{path} is no classifier's card: {where}: {first['msg'].lower()}") from None
    if card.format != FORMAT:
        raise WeightsError(f"{path} says format {card.format!r}, expected {FORMAT!r}; give another classifier")
    return card
