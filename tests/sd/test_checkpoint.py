"""Checkpoints by their files: what is read from configurations, and every file that can be wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from defectgen.errors import DefectgenError, InputError, WeightsError
from defectgen.sd.checkpoint import inspect
from defectgen.sd.hub import is_hub_name
from tests.sd.original import save_original
from tests.sd.tiny import SECOND_WIDTH, SIDE, TEXT_WIDTH, save_tiny, tiny_flux, tiny_pipeline


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("sd") / "whole")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_folder_tells_its_shape(whole: Path) -> None:
    spec = inspect(str(whole))
    assert (spec.kind, spec.unet_channels, spec.latent_channels, spec.vae_factor) == ("sd", 9, 4, 8)
    assert (spec.side, spec.text_width, spec.prediction_type, spec.variant) == (SIDE, TEXT_WIDTH, "epsilon", None)
    assert set(spec.parameters) == {"unet", "vae", "text_encoder"}
    unet = tiny_pipeline().unet
    assert spec.parameters["unet"] == sum(p.numel() for p in unet.parameters())
    assert spec.name == "whole" and len(spec.sha256) == 64


@pytest.mark.parametrize(("kind", "channels"), [("sd", 4), ("sdxl", 9), ("sdxl", 4)])
def test_kinds_and_channels(tmp_path: Path, kind: str, channels: int) -> None:
    spec = inspect(str(save_tiny(tmp_path / "m", kind, channels)))  # type: ignore[arg-type]
    assert (spec.kind, spec.unet_channels) == (kind, channels)
    assert spec.text_width == TEXT_WIDTH + (SECOND_WIDTH if kind == "sdxl" else 0)


@pytest.mark.parametrize(("fill", "channels"), [(False, 64), (True, 384)])
def test_flux(tmp_path: Path, fill: bool, channels: int) -> None:
    tiny_flux(fill).save_pretrained(tmp_path / "m")
    spec = inspect(str(tmp_path / "m"))
    assert (spec.kind, spec.unet_channels, spec.side, spec.prediction_type) == ("flux", channels, SIDE, "flow")


def test_the_digest_is_of_the_weights(whole: Path, folder: Path) -> None:
    assert inspect(str(folder)).sha256 == inspect(str(whole)).sha256
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    assert inspect(str(folder)).sha256 != inspect(str(whole)).sha256


def test_a_single_file_takes_its_configuration_from_a_folder(whole: Path, tmp_path: Path) -> None:
    path = save_original(tiny_pipeline(), tmp_path / "one.safetensors")
    with pytest.raises(WeightsError, match="--model-config"):
        inspect(str(path))
    spec = inspect(str(path), config=str(whole))
    assert spec.single_file and (spec.kind, spec.unet_channels) == ("sd", 9)
    assert spec.parameters == inspect(str(whole)).parameters
    shutil.copytree(whole, tmp_path / "one")
    assert inspect(str(path)).folder == tmp_path / "one"


def test_a_single_file_needs_a_configuration_of_its_kind(tmp_path: Path) -> None:
    path = save_original(tiny_pipeline(), tmp_path / "one.safetensors")
    text = save_tiny(tmp_path / "four", "sd", 4)
    with pytest.raises(InputError, match=r"9 input channels.* of 4; name one of an inpainting"):
        inspect(str(path), config=str(text))
    with pytest.raises(InputError, match=r"of kind sd, its configuration .* of sdxl"):
        inspect(str(path), config=str(save_tiny(tmp_path / "xl", "sdxl", 9)))


def test_a_half_precision_folder_is_taken_as_such(folder: Path) -> None:
    for part, name in (("unet", "diffusion_pytorch_model"), ("vae", "diffusion_pytorch_model")):
        (folder / part / f"{name}.safetensors").rename(folder / part / f"{name}.fp16.safetensors")
    (folder / "text_encoder" / "model.safetensors").rename(folder / "text_encoder" / "model.fp16.safetensors")
    assert inspect(str(folder)).variant == "fp16"


def drop(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def pickled(folder: Path) -> None:
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    torch.save({}, folder / "unet" / "diffusion_pytorch_model.bin")


def cut(folder: Path) -> None:
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def shard(folder: Path) -> None:
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    path.rename(path.with_name("diffusion_pytorch_model-00001-of-00002.safetensors"))


BROKEN = {
    "no index": (drop("model_index.json"), "model_index.json is missing"),
    "no scheduler": (drop("scheduler/scheduler_config.json"), "scheduler_config.json is missing"),
    "no config": (drop("vae/config.json"), "config.json is missing"),
    "no vocabulary": (drop("tokenizer/tokenizer.json"), "no vocabulary"),
    "no weights": (drop("vae/diffusion_pytorch_model.safetensors"), "holds no weights"),
    "pickle": (pickled, "is a pickle, which can run code"),
    "cut off": (cut, "cut off"),
    "half of the shards": (shard, "1 of 2 files"),
    "no JSON": (lambda f: (f / "unet" / "config.json").write_text("{"), "is no JSON"),
    "another class": (lambda f: edit(f / "model_index.json", _class_name="KandinskyPipeline"), "KandinskyPipeline"),
    "eight channels": (lambda f: edit(f / "unet" / "config.json", in_channels=8), "InstructPix2Pix.*expected 9"),
    "five channels": (lambda f: edit(f / "unet" / "config.json", in_channels=5), "depth map"),
    "six channels": (lambda f: edit(f / "unet" / "config.json", in_channels=6), "no pipeline here takes it"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_of_a_folder_is_named(folder: Path, name: str) -> None:
    spoil, words = BROKEN[name]
    spoil(folder)
    with pytest.raises(DefectgenError, match=words) as refused:
        inspect(str(folder))
    assert "\n" not in str(refused.value)


def test_files_that_are_no_checkpoint(tmp_path: Path) -> None:
    pickle = tmp_path / "model.ckpt"
    pickle.write_bytes(b"\x80\x04")
    with pytest.raises(WeightsError, match=r"is a pickle.*converted to \.safetensors"):
        inspect(str(pickle))
    save_file({"unet.to_q.lora_A.weight": torch.zeros(1, 1)}, tmp_path / "lora.safetensors")
    with pytest.raises(InputError, match="is a LoRA; name its base"):
        inspect(str(tmp_path / "lora.safetensors"))
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match="no Stable Diffusion checkpoint"):
        inspect(str(tmp_path / "x.safetensors"))
    save_file({"model.diffusion_model.input_blocks.0.0.weight": torch.zeros(8, 4, 3, 3)}, tmp_path / "u.safetensors")
    with pytest.raises(InputError, match="lacks vae and text_encoder"):
        inspect(str(tmp_path / "u.safetensors"))
    (tmp_path / "t.safetensors").write_bytes(b"no header")
    with pytest.raises(WeightsError, match="no safetensors file"):
        inspect(str(tmp_path / "t.safetensors"))


def test_a_hub_is_not_asked_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match="--offline asks no hub"):
        inspect("nobody/nothing-here", offline=True)
    with pytest.raises(WeightsError, match="nor to be had from the hub"):
        inspect("nobody/nothing-here")
    with pytest.raises(WeightsError, match=r"there is no \./nothing"):
        inspect("./nothing")
    assert is_hub_name("owner/name-1.5") and not is_hub_name("a/b/c") and not is_hub_name("a/b.safetensors")


def test_what_the_hub_gave_before_is_used_offline(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache's own layout: snapshots by revision, and a reference that names one."""
    from huggingface_hub import constants

    cache = tmp_path / "models--owner--tiny"
    shutil.copytree(whole, cache / "snapshots" / "abc")
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text("abc")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    spec = inspect("owner/tiny", offline=True)
    assert spec.hub and spec.name == "owner/tiny" and spec.unet_channels == 9
