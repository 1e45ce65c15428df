"""Lite0: its file, its meaning, that a picture's company changes nothing, and torch-fidelity on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch_fidelity

from defectgen.metric.collection import open_collection
from defectgen.metric.feature import features_of
from defectgen.metric.fidelity_adapter import register
from defectgen.metric.frechet import frechet_distance
from defectgen.metric.lite0 import lite0
from defectgen.metric.network_extractor import NetworkExtractor
from defectgen.metric.resize import resize_to
from defectgen.model.lite0 import Lite0, lite0_sha256
from tests.metric.small_picture import picture, write_folder


@pytest.fixture(scope="module")
def extractor() -> NetworkExtractor:
    return lite0()


def test_it_says_which_network_it_is(extractor: NetworkExtractor) -> None:
    told = extractor.fingerprint
    assert (extractor.label, told.extractor, told.resize) == ("Lite0", "efficientnet-lite0", "clean")
    assert (told.input_px, told.dimensions, told.dtype) == (224, 1280, "float32")
    assert told.weights_sha256 == lite0_sha256() and told.weights_sha256.startswith("57934424")


def test_it_is_the_packages_network_with_its_norms_folded_in(extractor: NetworkExtractor) -> None:
    network, pictures = Lite0(), [picture(0), picture(1, 300, 200)]
    pixels = torch.from_numpy(np.stack([resize_to(one, 224) for one in pictures])).permute(0, 3, 1, 2).contiguous()
    with torch.inference_mode():
        pooled = network.maps(pixels)[0].mean((2, 3))
        expected = torch.softmax(network.logits(pooled), 1).numpy()
    vectors, chances = extractor.extract(pictures)
    assert chances is not None
    np.testing.assert_allclose(vectors, pooled.numpy(), atol=2e-5)
    np.testing.assert_allclose(chances, expected, atol=1e-5)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)


def test_it_knows_what_it_sees(extractor: NetworkExtractor) -> None:
    from skimage.data import astronaut, coffee

    chances = extractor.extract([coffee()])[1]
    assert chances is not None
    assert {504, 967} & set(chances[0].argsort()[-3:].tolist())  # coffee mug, espresso
    turned = extractor.extract([np.ascontiguousarray(astronaut()[::-1, :, ::-1])])[0]
    assert np.linalg.norm(turned - extractor.extract([astronaut()])[0]) > 1


def test_a_picture_has_one_vector_whatever_its_company(extractor: NetworkExtractor) -> None:
    pictures = [picture(seed, 48 + seed, 64) for seed in range(19)]
    together, backwards = extractor.extract(pictures)[0], extractor.extract(pictures[::-1])[0][::-1]
    alone = np.concatenate([extractor.extract([one])[0] for one in pictures[::6]])
    size = np.linalg.norm(together, axis=1, keepdims=True)
    assert (np.abs(backwards - together) / size).max() < 1e-5
    assert (np.abs(alone - together[::6]) / size[::6]).max() < 1e-5


def test_no_pictures_give_no_rows(extractor: NetworkExtractor) -> None:
    vectors, chances = extractor.extract([])
    assert vectors.shape == (0, 1280) and chances is None


def test_the_resize_changes_the_vectors_and_the_fingerprint(extractor: NetworkExtractor) -> None:
    other = lite0("tf-bilinear")
    assert other.fingerprint != extractor.fingerprint
    pixels = [picture(0, 500, 500)]
    assert np.abs(other.extract(pixels)[0] - extractor.extract(pixels)[0]).max() > 0.05


def test_torch_fidelity_takes_it_and_sees_the_same_vectors(tmp_path: Path, extractor: NetworkExtractor) -> None:
    a, b = write_folder(tmp_path / "a", range(12)), write_folder(tmp_path / "b", range(20, 32), 32, 40)
    name = register(extractor)
    assert register(lite0()) == name != register(lite0("tf-bilinear"))
    found = torch_fidelity.calculate_metrics(
        input1=str(a), input2=str(b), fid=True, kid=True, isc=True, isc_splits=2, kid_subset_size=6, kid_subsets=3,
        feature_extractor=name, cuda=False, cache=False, save_cpu_ram=True, batch_size=5, verbose=False,
    )  # fmt: skip
    ours = [features_of(open_collection(folder), "image", extractor, cache=None).vectors for folder in (a, b)]
    assert found["frechet_inception_distance"] == pytest.approx(frechet_distance(*ours), rel=1e-3)
    assert found["inception_score_mean"] >= 1
