from __future__ import annotations

import hashlib
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from defectgen.errors import InputError, WeightsError
from defectgen.metric.ic_lpips import VARIANTS, Variant, cluster_of, diversity, ic_lpips
from defectgen.metric.perceptual import (
    BACKBONE_FILES,
    Backbone,
    PerceptualDistance,
    lite0_distance,
    lpips_distance,
)

U8 = NDArray[np.uint8]
DFMGAN = VARIANTS["dfmgan"]


def flat(*levels: int) -> list[U8]:
    return [np.full((8, 8, 3), level, np.uint8) for level in levels]


def grey_distance() -> PerceptualDistance:
    """A squared difference of grey values over 100: sums that can be done by hand."""

    def layers(pixels: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor | None]]:
        # Two channels on a circle: unit length leaves the angle alone
        angle = pixels[:, :1] / 1000
        return [(torch.cat([angle.cos(), angle.sin()], dim=1), None)]

    return PerceptualDistance("grey", 8, "0" * 64, layers)


def chord(a: int, b: int) -> float:
    """What `grey_distance` gives for two flat pictures."""
    return float(2 - 2 * np.cos((a - b) / 1000))


@pytest.fixture(scope="module")
def lite0() -> PerceptualDistance:
    return lite0_distance()


def noise(seed: int, spread: float, base: int = 0) -> U8:
    """A smooth picture of its own, the same for each `base`, and noise of `spread` grey levels on it."""
    rough = np.random.default_rng(base).integers(60, 200, (6, 6, 3), np.uint8)
    smooth = cv2.resize(rough, (64, 64), interpolation=cv2.INTER_CUBIC).astype(np.float64)
    return np.clip(smooth + np.random.default_rng(seed + 1000).normal(0, spread, smooth.shape), 0, 255).astype(np.uint8)


def test_each_picture_belongs_to_the_nearest_real_one() -> None:
    assert cluster_of(flat(10, 90, 130, 240), flat(0, 100, 250), grey_distance()).tolist() == [0, 1, 1, 2]


def test_singletons_by_hand() -> None:
    """Clusters {10, 30}, {120} and none: zeros count in one rule, and are left out in the other."""
    generated, real = flat(10, 30, 120), flat(0, 110, 250)
    pair = chord(10, 30)
    zero = ic_lpips(generated, real, DFMGAN, grey_distance())
    assert zero.value == pytest.approx(pair / 3, rel=1e-4)
    assert zero.without_empty == pytest.approx(pair, rel=1e-4)
    assert zero.sizes == (2, 1, 0)
    assert np.isnan(zero.of_clusters[1:]).all()
    drop = ic_lpips(generated, real, VARIANTS["magic"], grey_distance())
    assert drop.value == pytest.approx(pair, rel=1e-4)


def test_the_cap_keeps_the_first_or_draws() -> None:
    generated, real = flat(0, 20, 200, 40, 160), flat(100)
    first = ic_lpips(generated, real, replace(DFMGAN, most=2), grey_distance())
    assert first.value == pytest.approx(chord(0, 20), rel=1e-4)
    assert first.sizes == (5,)
    drawn = replace(DFMGAN, most=2, pick="random")
    values = {round(ic_lpips(generated, real, drawn, grey_distance(), seed=seed).value, 6) for seed in range(8)}
    assert len(values) > 2
    assert ic_lpips(generated, real, drawn, grey_distance(), seed=3) == ic_lpips(
        generated, real, drawn, grey_distance(), seed=3
    )


def test_the_three_definitions_are_those_published() -> None:
    assert {
        "dfmgan": Variant("dfmgan", "alex", 200, "first", "zero"),
        "seas": Variant("seas", "vgg", 140, "first", "zero"),
        "magic": Variant("magic", "vgg", 50, "random", "drop"),
    } == VARIANTS


def test_identical_samples_have_no_diversity_and_more_noise_has_more(lite0: PerceptualDistance) -> None:
    real = [noise(0, 0, base) for base in (0, 1)]
    same, little, much = ([noise(i, spread, i % 2) for i in range(8)] for spread in (0.0, 6.0, 25.0))
    values = [ic_lpips(generated, real, DFMGAN, lite0) for generated in (same, little, much)]
    assert values[0].value == 0
    assert 0 < values[1].value < values[2].value
    assert {value.metric for value in values} == {"IC-LPIPS-Lite0 (dfmgan)"}
    assert values[1].sizes == (4, 4)
    assert diversity(same[::2], lite0) == 0 < diversity(little, lite0) < diversity(much, lite0)


def test_distances_are_symmetric_and_blocks_do_not_matter(
    lite0: PerceptualDistance, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [noise(i, 10, i) for i in range(5)]
    whole, pairs = lite0.cross(pictures, pictures), lite0.within(pictures)
    assert np.abs(whole - whole.T).max() < 1e-6 and not np.diag(whole).any()
    assert np.allclose(whole[np.triu_indices(5, 1)], pairs, rtol=1e-5)
    monkeypatch.setattr("defectgen.metric.perceptual.MOST_BYTES", 3_000_000)
    assert np.allclose(lite0.within(pictures), pairs, rtol=1e-4)
    assert np.allclose(lite0.cross(pictures, pictures[:3]), whole[:, :3], rtol=1e-4)


def backbone_file(folder: Path, backbone: Backbone) -> tuple[Path, str]:
    """Random weights under torchvision's names, and their sha256; without the classifier, 500 MB that none needs."""
    from torchvision import models

    torch.manual_seed(0)
    network = {"alex": models.alexnet, "vgg": models.vgg16}[backbone]
    with torch.device("meta"):
        features = network(weights=None).features
    tensors = {f"features.{key}": torch.randn(value.shape) * 0.05 for key, value in features.state_dict().items()}
    path = folder / BACKBONE_FILES[backbone]
    torch.save(tensors, path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def reference(path: Path, backbone: Backbone) -> Any:
    """lpips' own model with these weights, put in by its own slices."""
    import lpips

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = lpips.LPIPS(net=backbone, pnet_rand=True, verbose=False).eval()
    tensors = torch.load(path, weights_only=True)
    for slice_name in ("slice1", "slice2", "slice3", "slice4", "slice5"):
        for number, layer in getattr(model.net, slice_name).named_children():
            if hasattr(layer, "weight"):
                layer.load_state_dict({key: tensors[f"features.{number}.{key}"] for key in ("weight", "bias")})
    return model


def test_lpips_is_that_of_its_own_package(tmp_path: Path) -> None:
    path, sha256 = backbone_file(tmp_path, "alex")
    distance, model = lpips_distance("alex", path, expected_sha256=sha256), reference(path, "alex")
    pictures = [np.random.default_rng(i).integers(0, 256, (256, 256, 3), np.uint8) for i in range(3)]
    batch = torch.stack([torch.from_numpy(one).permute(2, 0, 1) for one in pictures]) / 127.5 - 1
    with torch.inference_mode():
        wanted = [[float(model(a[None], b[None])) for b in batch] for a in batch]
    assert np.allclose(distance.cross(pictures, pictures), wanted, rtol=1e-4, atol=1e-7)
    assert (distance.name, distance.weights_sha256) == ("LPIPS-alex", sha256)
    found = ic_lpips([pictures[0]] * 3, pictures[1:], DFMGAN, distance)
    assert found.metric == "IC-LPIPS (dfmgan)" and found.value == 0


@pytest.mark.slow
def test_vgg_too(tmp_path: Path) -> None:
    path, sha256 = backbone_file(tmp_path, "vgg")
    distance, model = lpips_distance("vgg", path, expected_sha256=sha256[:8]), reference(path, "vgg")
    pictures = [np.random.default_rng(i).integers(0, 256, (256, 256, 3), np.uint8) for i in range(2)]
    batch = torch.stack([torch.from_numpy(one).permute(2, 0, 1) for one in pictures]) / 127.5 - 1
    with torch.inference_mode():
        wanted = float(model(batch[:1], batch[1:]))
    assert distance.within(pictures)[0] == pytest.approx(wanted, rel=1e-4)
    for name in ("seas", "magic"):
        assert ic_lpips(pictures, pictures[:1], VARIANTS[name], distance).metric == f"IC-LPIPS ({name})"


def test_weights_in_the_cache_must_be_torchvisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFECTGEN_CACHE", str(tmp_path))
    folder = tmp_path / "weights"
    with pytest.raises(WeightsError, match=re.escape(f"no alex backbone at {folder / BACKBONE_FILES['alex']}; put")):
        lpips_distance("alex")
    folder.mkdir()
    path, sha256 = backbone_file(folder, "alex")
    with pytest.raises(WeightsError, match=f"have sha256 {sha256}, expected 7be5be79"):
        lpips_distance("alex")
    assert lpips_distance("alex", expected_sha256=sha256).name == "LPIPS-alex"
    with pytest.raises(WeightsError, match="does not fit the backbone of LPIPS"):
        lpips_distance("vgg", path, expected_sha256=sha256)


def test_too_few_and_the_wrong_backbone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1 generated and 1 real pictures; at least 2 and 1 are needed"):
        ic_lpips(flat(1), flat(1), DFMGAN, grey_distance())
    with pytest.raises(InputError, match="no cluster has two of 2 pictures"):
        ic_lpips(flat(0, 250), flat(0, 250), DFMGAN, grey_distance())
    with pytest.raises(InputError, match="diversity: 1 pictures; at least 2"):
        diversity(flat(1), grey_distance())
    wrong = replace(grey_distance(), name="LPIPS-vgg")
    with pytest.raises(InputError, match="defined on LPIPS-alex, not LPIPS-vgg; give the weights of alex"):
        ic_lpips(flat(1, 2), flat(1), DFMGAN, wrong)
