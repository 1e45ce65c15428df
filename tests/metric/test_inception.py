"""Inception-v3 from a file: a locally made one of the same layout goes the whole way, its hash checked."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from defectgen.errors import WeightsError
from defectgen.metric.inception import FID_SHA256, FILE_NAMES, find_weights, inception
from defectgen.metric.weights_file import sha256_of
from tests.metric.small_picture import picture


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights as torch-fidelity stores them, lively enough that pictures differ at the end."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    path = tmp_path_factory.mktemp("weights") / "made.pth"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        shapes = {}

        class Layout(FeatureExtractorInceptionV3):
            def load_state_dict(self, *_: object) -> None:  # type: ignore[override]
                shapes.update(self.state_dict())

        torch.save({}, path)
        Layout("layout", ["2048"], feature_extractor_weights_path=path)
        torch.save({name: lively(name, value) for name, value in shapes.items()}, path)
    return path


def lively(name: str, value: torch.Tensor) -> torch.Tensor:
    if name.endswith("conv.weight"):
        return torch.randn_like(value) * (2 / value[0].numel()) ** 0.5
    return value.clone()


def test_a_file_of_the_same_layout_goes_the_whole_way(made: Path) -> None:
    sha256 = sha256_of([made])
    found = inception(made, expected_sha256=sha256[:12])
    assert found.label == f"Inception-{sha256[:8]}", "only the FID weights may be called plain FID"
    assert found.fingerprint.weights_sha256 == sha256
    assert (found.fingerprint.input_px, found.fingerprint.dimensions) == (299, 2048)
    vectors, chances = found.extract([picture(0), picture(1)])
    assert vectors.shape == (2, 2048) and np.abs(vectors[0] - vectors[1]).max() > 0
    assert chances is not None and chances.shape == (2, 1008)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)


def test_at_torch_fidelitys_resize_it_is_torch_fidelitys_network(made: Path) -> None:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    theirs = FeatureExtractorInceptionV3("x", ["2048", "logits_unbiased"], feature_extractor_weights_path=made)
    pixels = picture(3, 90, 120)
    with torch.inference_mode():
        pooled, logits = theirs(torch.from_numpy(pixels).permute(2, 0, 1)[None])
    sha256 = sha256_of([made])
    vectors, chances = inception(made, expected_sha256=sha256, resize="tf-bilinear").extract([pixels])
    np.testing.assert_allclose(vectors, pooled.numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(chances, torch.softmax(logits, 1).numpy(), rtol=1e-4)
    clean = inception(made, expected_sha256=sha256).extract([pixels])[0]
    assert np.abs(clean - vectors).max() > 1e-3


def test_a_wrong_hash_names_both(made: Path) -> None:
    with pytest.raises(WeightsError, match=f"have sha256 {sha256_of([made])}, expected {FID_SHA256}; fetch"):
        inception(made)


def test_weights_come_from_the_cache_by_their_public_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Path
) -> None:
    monkeypatch.setenv("DEFECTGEN_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=re.escape(f"no Inception-v3 weights in {tmp_path / 'weights'}; put")):
        find_weights()
    place = tmp_path / "weights" / FILE_NAMES[1]
    place.parent.mkdir()
    place.write_bytes(made.read_bytes())
    assert find_weights() == place
    with pytest.raises(WeightsError, match="expected 6726825d"):
        inception()


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="do not exist; expected a file whose sha256 begins with 6726825d"):
        inception(tmp_path / "none.pth")


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path(self.mark),)  # type: ignore[attr-defined]


def test_no_code_in_a_file_is_run_even_where_the_caller_vouches_for_it(tmp_path: Path) -> None:
    trap, path, mark = Trap(), tmp_path / "trap.pth", tmp_path / "ran"
    trap.mark = str(mark)  # type: ignore[attr-defined]
    for write in (lambda: torch.save({"fc.weight": trap}, path), lambda: path.write_bytes(pickle.dumps(trap))):
        write()
        with pytest.raises(WeightsError, match="holds no plain weights"):
            inception(path, expected_sha256=sha256_of([path]))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"other": torch.zeros(1)}, "does not fit Inception-v3"),
        ([torch.zeros(1)], "holds a list; expected tensors by name"),
    ],
)
def test_another_layout_is_refused_in_one_line(tmp_path: Path, content: object, message: str) -> None:
    path = tmp_path / "other.pth"
    torch.save(content, path)
    with pytest.raises(WeightsError, match=message) as caught:
        inception(path, expected_sha256=sha256_of([path]))
    assert "\n" not in str(caught.value)
