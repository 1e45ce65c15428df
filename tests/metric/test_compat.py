from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor

from defectgen.errors import InputError
from defectgen.metric.collection import Collection, open_collection
from defectgen.metric.compat import compat
from defectgen.metric.ic_lpips import VARIANTS, ic_lpips
from defectgen.metric.inception_score import inception_score
from defectgen.metric.kid import kid_subsets
from defectgen.metric.network_extractor import NetworkExtractor
from defectgen.metric.perceptual import PerceptualDistance
from defectgen.metric.protocol import PROTOCOLS
from defectgen.metric.result import Protocol, Score
from tests.metric.feature_pieces import PRINT


def network(label: str = "Tiny", classes: bool = True) -> NetworkExtractor:
    """Eight means of rows of pixels; the first three are its classes' logits."""

    def forward(pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        rows = pixels.mean((1, 3)) / 16
        return rows, rows[:, :3] if classes else None

    return NetworkExtractor(label, PRINT.model_copy(update={"resize": "clean", "input_px": 8}), forward)


def folder(root: Path, counts: dict[str, int], rng: np.random.Generator) -> Collection:
    for defect, count in counts.items():
        (root / defect).mkdir(parents=True)
        for i in range(count):
            cv2.imwrite(str(root / defect / f"{i:03}.png"), rng.integers(0, 256, (8, 8, 3)).astype(np.uint8))
    return open_collection(root)


@pytest.fixture
def synth(tmp_path: Path, rng: np.random.Generator) -> Collection:
    return folder(tmp_path / "synth", {"crack": 30, "hole": 12, "own": 3, "good": 2}, rng)


@pytest.fixture
def real(tmp_path: Path, rng: np.random.Generator) -> Collection:
    return folder(tmp_path / "real", {"crack": 10, "hole": 7, "other": 4, "good": 5}, rng)


def by_key(found: Protocol) -> dict[tuple[str, str | None], Score]:
    return {(score.metric, score.defect): score for score in found.scores}


def vectors(found: Collection, defect: str) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    return network().extract([item.pixels() for item in found.of(defect).items])


def test_kid_is_torch_fidelitys_by_type_then_the_mean(synth: Collection, real: Collection) -> None:
    found = by_key(compat("seas", synth, real, network(), seed=0))
    by_type = {
        defect: kid_subsets(vectors(synth, defect)[0], vectors(real, defect)[0], size=size).mean
        for defect, size in (("crack", 10), ("hole", 7))
    }
    for defect, value in by_type.items():
        one = found["KID-Tiny", defect].value
        assert one is not None and one.value == pytest.approx(value)
    mean = found["KID-Tiny", None]
    assert mean.value is not None and mean.value.value == pytest.approx(np.mean(list(by_type.values())))
    assert mean.flags == ("mean over 2 of 2 types",)
    assert found["KID-Tiny", "crack"].flags == ("30 generated, not 1,000", "subsets of 10, not 1,000")


def test_is_has_ten_splits_of_each_type(synth: Collection, real: Collection) -> None:
    found = by_key(compat("anomalydiffusion", synth, real, network(), seed=0))
    chances = vectors(synth, "hole")[1]
    one = found["IS-Tiny", "hole"].value
    assert chances is not None and one is not None
    assert one.value == pytest.approx(inception_score(chances, 10).mean)


def grey_distance(name: str = "LPIPS-vgg") -> PerceptualDistance:
    """How far the mean colours of two pictures are apart."""

    def layers(pixels: Tensor) -> list[tuple[Tensor, Tensor | None]]:
        return [(pixels.mean((2, 3), keepdim=True), None)]

    return PerceptualDistance(name, 8, "0" * 64, layers)


def test_diversity_is_the_papers_variant_on_its_references(synth: Collection, real: Collection) -> None:
    distance = grey_distance()
    for name, references in (("seas", 10), ("magic", 3)):
        found = by_key(compat(name, synth, real, network(), seed=5, distance=distance))
        generated, originals = ([item.pixels() for item in side.of("crack").items] for side in (synth, real))
        expected = ic_lpips(generated, originals[:references], VARIANTS[name], distance, seed=5).value
        one = found[f"IC-LPIPS ({name})", "crack"].value
        assert one is not None and one.value == expected
    stand_in = by_key(compat("seas", synth, real, network(), seed=5, distance=grey_distance("Lite0")))
    assert stand_in["IC-LPIPS-Lite0 (seas)", None].value is not None
    assert compat("seas", synth, real, network(), seed=5, distance=distance).settings["LPIPS here"] == "LPIPS-vgg"


def test_each_protocol_reports_its_own_numbers_and_flaws(synth: Collection, real: Collection) -> None:
    magic = "IC-LPIPS (magic)"
    expected = {
        "anomalydiffusion": ["IS", magic], "seas": ["IS", "KID", "IC-LPIPS (seas)"], "magic": ["KID", magic],
    }  # fmt: skip
    for how in PROTOCOLS:
        found = compat(how.name, synth, real, network(""), seed=0)
        assert list(dict.fromkeys(score.metric for score in found.scores)) == expected[how.name]
        assert len(found.flaws) >= 4 and found.paper and found.settings["types"] == "crack, hole"
    flaws = " ".join(compat("anomalydiffusion", synth, real, network(), seed=0).flaws)
    for words in ("one picture a type is in both", "best on the test pictures", "21 thresholds"):
        assert words in flaws


def test_says_which_network_stands_in(synth: Collection, real: Collection) -> None:
    assert "compare with no published number" in compat("seas", synth, real, network(), seed=0).settings["network here"]
    assert "compare" not in compat("seas", synth, real, network(""), seed=0).settings["network here"]


def test_what_cannot_be_had_is_refused_with_its_reason(tmp_path: Path, rng: np.random.Generator) -> None:
    few = folder(tmp_path / "few", {"crack": 5}, rng)
    pair = folder(tmp_path / "pair", {"crack": 2}, rng)
    found = by_key(compat("anomalydiffusion", few, pair, network(), seed=0, distance=grey_distance()))
    assert found["IS-Tiny", "crack"].refused == "5 in the set and 2 real; at least 10 and 0 are needed"
    assert found["IC-LPIPS (magic)", "crack"].refused == "5 in the set and 2 real; at least 2 and 3 are needed"
    assert found["IC-LPIPS (magic)", None].refused == found["IC-LPIPS (magic)", "crack"].refused
    without = by_key(compat("seas", few, few, network(), seed=0, why_not="no VGG weights"))
    assert without["IC-LPIPS (seas)", "crack"].refused == "no VGG weights"
    many = folder(tmp_path / "many", {"crack": 12}, rng)
    no_classes = by_key(compat("seas", many, many, network(classes=False), seed=0))["IS-Tiny", "crack"]
    assert no_classes.refused == "these features have no classes; take a classifier"
    strangers = by_key(compat("magic", few, folder(tmp_path / "x", {"dent": 4}, rng), network(), seed=0))
    assert strangers["KID-Tiny", None].refused == "no type is on both sides"


def test_only_the_first_thousand_are_taken(
    synth: Collection, real: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    import defectgen.metric.protocol as protocol

    cut = [protocol.Published(one.name, one.paper, one.numbers, one.diversity, 1, {}, (), 20) for one in PROTOCOLS]
    monkeypatch.setattr(protocol, "PROTOCOLS", tuple(cut))
    found = by_key(compat("seas", synth, real, network(), seed=0))
    assert found["IS-Tiny", "crack"].n_set == 20 and "generated" not in " ".join(found["IS-Tiny", "crack"].flags)


def test_an_unknown_protocol_is_named_with_the_known_ones(synth: Collection, real: Collection) -> None:
    with pytest.raises(InputError, match="unknown protocol 'sees'; expected one of anomalydiffusion, seas, magic"):
        compat("sees", synth, real, network(), seed=0)
