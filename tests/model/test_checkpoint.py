"""A model folder round trip, and what is refused."""

import json
from pathlib import Path

import pytest
import torch

from defectgen.errors import WeightsError
from defectgen.model.captioner import ImplicitCaptioner
from defectgen.model.checkpoint import load_captioner, load_unet, read_info, save_model, verify
from defectgen.model.network import build_unet
from defectgen.model.reference import REFERENCE_DIM


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "m", build_unet((32, 32), 32), 7, {"any": (0.1, 0.2, 0.3, 0.4, 0.5)})
    return tmp_path / "m"


def test_round_trip_keeps_weights_and_card(folder: Path) -> None:
    info = verify(folder)
    assert (info.window_px, info.steps_trained) == (32, 7)
    unet = load_unet(folder, torch.float32, "cpu")
    assert next(unet.parameters()).dtype == torch.float32
    assert not list(folder.rglob("*.bin")) and not list(folder.rglob("*.pt"))


def test_the_captioner_comes_along(tmp_path: Path) -> None:
    captioner = ImplicitCaptioner()
    captioner.mean.fill_(0.3)
    save_model(tmp_path, build_unet((32, 32), 32), 7, {"any": (0.1,) * 5}, captioner)
    loaded = load_captioner(tmp_path, torch.float32, "cpu")
    assert loaded is not None
    vectors = torch.randn(2, REFERENCE_DIM)
    assert torch.allclose(loaded(vectors)[0], captioner(vectors)[0], atol=0.01)
    path = tmp_path / "captioner.safetensors"
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(WeightsError, match="sha256"):
        load_captioner(tmp_path, torch.float32, "cpu")


def test_a_model_without_captioner_is_sound(folder: Path) -> None:
    assert load_captioner(folder, torch.float32, "cpu") is None


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"model\.json is missing"):
        verify(tmp_path)


def test_missing_weights_are_refused(folder: Path) -> None:
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(WeightsError, match="no weights"):
        verify(folder)


def test_wrong_hash_is_refused(folder: Path) -> None:
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(WeightsError, match="sha256"):
        load_unet(folder, torch.float32, "cpu")


@pytest.mark.parametrize("change", [{"format": 99}, {"unknown": 1}, {"window_px": "wide"}])
def test_other_cards_are_refused(folder: Path, change: dict[str, object]) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(WeightsError):
        read_info(folder)
