"""timm's models from a folder, from a file, by name; each way that they may not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.models import save_for_hf

from defectgen.errors import InputError, WeightsError
from defectgen.metric.resize import resize_to
from defectgen.metric.timm_model import timm_model
from tests.metric.small_picture import picture

NAME = "test_resnet"


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return timm.create_model(NAME, num_classes=5).eval()


@pytest.fixture
def folder(tmp_path: Path, network: torch.nn.Module) -> Path:
    config = {"num_classes": 5, "pretrained_cfg": {"mean": (0.1, 0.2, 0.3), "input_size": (3, 64, 64)}}
    save_for_hf(network, tmp_path / "my-net", model_config=config, safe_serialization=True)
    return tmp_path / "my-net"


def expected(network: torch.nn.Module, side: int, mean: tuple[float, ...], std: tuple[float, ...]) -> torch.Tensor:
    pixels = torch.from_numpy(resize_to(picture(0), side)).permute(2, 0, 1)[None] / 255
    pixels = (pixels - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    with torch.inference_mode():
        return network(pixels)  # type: ignore[no-any-return]


def test_a_folder_with_its_own_preparation(folder: Path, network: torch.nn.Module) -> None:
    found = timm_model(str(folder))
    vectors, chances = found.extract([picture(0)])
    assert found.label == "my-net" and found.fingerprint.input_px == 64
    assert vectors.shape == (1, network.num_features) == (1, found.fingerprint.dimensions)
    logits = expected(network, 64, (0.1, 0.2, 0.3), (0.5, 0.5, 0.5))
    assert chances is not None
    np.testing.assert_allclose(chances, torch.softmax(logits, 1).numpy(), atol=1e-5)
    assert "[0.1 0.2 0.3]" in found.fingerprint.extractor


def test_a_file_for_a_named_model_with_classes_of_its_own_or_none(folder: Path, network: torch.nn.Module) -> None:
    file = folder / "model.safetensors"
    found = timm_model(NAME, file)
    assert found.label == NAME and found.fingerprint.input_px == 160
    assert found.fingerprint.weights_sha256 == timm_model(str(folder)).fingerprint.weights_sha256
    chances = found.extract([picture(0)])[1]
    assert chances is not None and chances.shape == (1, 5)
    headless = {name: value for name, value in network.state_dict().items() if not name.startswith("fc.")}
    save_file(headless, folder / "headless.safetensors")
    vectors, none = timm_model(NAME, folder / "headless.safetensors").extract([picture(0)])
    assert none is None
    np.testing.assert_allclose(vectors, found.extract([picture(0)])[0], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "file", "message"),
    [
        ("test_resnot", "model.safetensors", r"timm has no model 'test_resnot'; near: test_"),
        ("test_vit", "model.safetensors", "does not fit timm's test_vit"),
        (NAME, "none.safetensors", "do not exist; expected a file of weights"),
        (NAME, "config.json", "config.json holds no plain weights"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(folder: Path, name: str, file: str, message: str) -> None:
    with pytest.raises((InputError, WeightsError), match=message) as caught:
        timm_model(name, folder / file)
    assert "\n" not in str(caught.value)


def test_names_without_weights_at_hand(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="timm has no model 'resnot', nor is it a folder"):
        timm_model("resnot")
    with pytest.raises(WeightsError, match=r"model 'timm/resnet18\.\w+' is neither a local folder nor to be had"):
        timm_model("resnet18")
    with pytest.raises(WeightsError, match=r"lacks config\.json or model.safetensors"):
        timm_model(str(tmp_path))


def test_a_broken_configuration_is_told(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architecture": "resnot"}))
    with pytest.raises(WeightsError, match="describes no model of timm"):
        timm_model(str(folder))


def test_a_model_of_grey_pictures_is_refused(tmp_path: Path) -> None:
    grey = timm.create_model(NAME, num_classes=0, in_chans=1)
    config = {"num_classes": 0, "model_args": {"in_chans": 1}, "pretrained_cfg": {"input_size": (1, 64, 64)}}
    save_for_hf(grey, tmp_path / "grey", model_config=config, safe_serialization=True)
    with pytest.raises(InputError, match="takes 1x64x64; expected a square RGB input"):
        timm_model(str(tmp_path / "grey"))
