"""LoRAs made by peft on tiny real pipelines: what they do, and those that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.utils import convert_state_dict_to_diffusers
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file

from defectgen.errors import InputError, WeightsError
from defectgen.sd.card import SdAdapterInfo, files_sha256, write_sd_card
from defectgen.sd.checkpoint import inspect
from defectgen.sd.learned import as_taught, check_learned, learned_settings
from defectgen.sd.lora import check_loras, lora_file
from defectgen.sd.options import SdOptions
from defectgen.sd.pipeline import open_pipeline
from tests.sd.tiny import SECOND_WIDTH, TEXT_WIDTH, save_tiny, tiny_pipeline


def save_lora(folder: Path, kind: Any = "sd", channels: int = 9, seed: int = 0) -> Path:
    """A LoRA as diffusers writes it, its second factor not zero, so that it does something."""
    pipe = tiny_pipeline(kind, channels)
    pipe.unet.add_adapter(LoraConfig(r=2, lora_alpha=2, target_modules=["to_q", "to_k", "to_v", "to_out.0"]))
    torch.manual_seed(seed)
    for name, value in pipe.unet.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=0.5)
    layers = convert_state_dict_to_diffusers(get_peft_model_state_dict(pipe.unet))
    type(pipe).save_lora_weights(folder, unet_lora_layers=layers, safe_serialization=True)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("base") / "sd9")


@pytest.fixture(scope="module")
def lora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_lora(tmp_path_factory.mktemp("lora") / "crack")


def predicted(base: Path, *loras: str) -> torch.Tensor:
    pipe = open_pipeline(inspect(str(base)), SdOptions(str(base), device="cpu", loras=loras))
    with torch.no_grad():
        x, words = torch.ones(1, 9, 16, 16), torch.linspace(-1, 1, 4 * TEXT_WIDTH).reshape(1, 4, TEXT_WIDTH)
        return pipe.unet(x, torch.tensor([500]), encoder_hidden_states=words).sample


def test_a_lora_acts_by_its_scale(base: Path, lora: Path) -> None:
    without, half, whole = (predicted(base, *one) for one in ((), (f"{lora}:0.5",), (str(lora),)))
    assert not torch.equal(without, whole)
    assert float((half - without).norm()) < float((whole - without).norm())
    file = lora / "pytorch_lora_weights.safetensors"
    assert torch.equal(whole, predicted(base, str(file))), "named by its file, too"


def test_two_loras_add_up(base: Path, lora: Path, tmp_path: Path) -> None:
    other = save_lora(tmp_path / "other", seed=5)
    both = predicted(base, str(lora), str(other))
    assert not torch.equal(both, predicted(base, str(lora)))
    assert not torch.equal(both, predicted(base, str(other)))


def test_kohya_files_are_recognised(base: Path, lora: Path, tmp_path: Path) -> None:
    """The names of another trainer, whose files diffusers converts by itself."""
    found = {}
    for key, value in load_file(lora / "pytorch_lora_weights.safetensors").items():
        name, _, end = key.removeprefix("unet.").partition(".lora.")
        name = f"lora_unet_{name.replace('.', '_')}"
        found[f"{name}.lora_{end}"] = value
        found[f"{name}.alpha"] = torch.tensor(2.0)
    save_file(found, tmp_path / "kohya.safetensors")
    check_loras([str(tmp_path / "kohya.safetensors")], TEXT_WIDTH)
    assert torch.equal(predicted(base, str(tmp_path / "kohya.safetensors")), predicted(base, str(lora)))
    with pytest.raises(InputError, match="take a LoRA of the same base"):
        check_loras([str(tmp_path / "kohya.safetensors")], 2048)


def test_a_lora_of_another_base_is_refused(base: Path, tmp_path: Path) -> None:
    other = save_lora(tmp_path / "xl", "sdxl", 9)
    wide = TEXT_WIDTH + SECOND_WIDTH
    with pytest.raises(InputError, match=rf"text width {wide}.*text width {TEXT_WIDTH}.*same base"):
        check_learned([str(other)], inspect(str(base)))
    with pytest.raises(InputError, match=r"SDXL .* SD 1.x"):
        save_file({"unet.a.attn2.to_k.lora_A.weight": torch.zeros(2, 2048)}, tmp_path / "x.safetensors")
        check_loras([str(tmp_path / "x.safetensors")], 768)


def test_a_lora_of_other_layers_is_refused(base: Path, tmp_path: Path) -> None:
    save_file(
        {f"unet.nothing.to_q.lora_{x}.weight": torch.zeros(2, 2) for x in "AB"},
        tmp_path / "pytorch_lora_weights.safetensors",
    )
    with pytest.raises(InputError, match="same base"):
        predicted(base, str(tmp_path))


def test_files_that_are_no_lora(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="there is no LoRA"):
        lora_file(tmp_path / "nothing")
    (tmp_path / "a.bin").write_bytes(b"\x80")
    with pytest.raises(WeightsError, match="is a pickle"):
        lora_file(tmp_path)
    with pytest.raises(WeightsError, match="is a pickle"):
        lora_file(tmp_path / "a.bin")
    for name in "ab":
        save_file({"x": torch.zeros(1)}, tmp_path / f"{name}.safetensors")
    with pytest.raises(WeightsError, match=r"2 \.safetensors files; expected"):
        lora_file(tmp_path)
    with pytest.raises(InputError, match="no low-rank update"):
        check_loras([str(tmp_path / "a.safetensors")], TEXT_WIDTH)


def card(base: Path, method: Any = "lora", channels: int = 9, **said: str) -> SdAdapterInfo:
    return SdAdapterInfo(
        method=method, rank=2, text_encoder=False, base=base.name, base_sha256="0", kind="sd", unet_channels=channels,
        side=128, said=said, defects=tuple(said), materials=(), pictures=1, good_pictures=1, licences={}, seed=0,
        set_sha256="0", steps_trained=1, seconds=1.0, dtype="fp32", optimiser="adamw", batch=1, val_loss=None,
        weights_sha256={},
    )  # fmt: skip


def test_what_finetune_made_brings_its_new_word(base: Path, tmp_path: Path) -> None:
    folder = save_lora(tmp_path / "taught")
    save_file({"<fray>": torch.full((1, TEXT_WIDTH), 0.5)}, folder / "learned_embeds.safetensors")
    write_sd_card(folder, card(base, fray="<fray>"))
    assert as_taught("a deep fray on steel", [str(folder)]) == "a deep <fray> on steel"
    pipe = open_pipeline(inspect(str(base)), SdOptions(str(base), device="cpu", loras=(str(folder),)))
    token = pipe.tokenizer.convert_tokens_to_ids("<fray>")
    row = pipe.text_encoder.get_input_embeddings().weight[token]
    assert torch.equal(row, torch.full((TEXT_WIDTH,), 0.5))
    assert len(pipe.tokenizer("a <fray> on").input_ids) == len(pipe.tokenizer("a on").input_ids) + 1


def test_new_words_of_two_text_encoders(tmp_path: Path) -> None:
    base = save_tiny(tmp_path / "xl", "sdxl", 9)
    folder = save_lora(tmp_path / "taught", "sdxl", 9)
    vectors = {"clip_l": torch.full((1, TEXT_WIDTH), 0.5), "clip_g": torch.full((1, SECOND_WIDTH), -0.5)}
    save_file(vectors, folder / "learned_embeds.safetensors")
    write_sd_card(folder, card(base, fray="<fray>").model_copy(update={"kind": "sdxl"}))
    pipe = open_pipeline(inspect(str(base)), SdOptions(str(base), device="cpu", loras=(str(folder),)))
    for tokenizer, encoder, value in (
        (pipe.tokenizer, pipe.text_encoder, 0.5), (pipe.tokenizer_2, pipe.text_encoder_2, -0.5),
    ):  # fmt: skip
        row = encoder.get_input_embeddings().weight[tokenizer.convert_tokens_to_ids("<fray>")]
        assert torch.equal(row, torch.full_like(row, value))


def test_a_whole_unet_replaces_the_checkpoints(base: Path, tmp_path: Path) -> None:
    from tests.sd.tiny import tiny_unet

    folder = tmp_path / "full"
    tiny_unet(seed=9).save_pretrained(folder / "unet")
    write_sd_card(folder, card(base, "full"))
    assert not torch.equal(predicted(base), predicted(base, str(folder)))
    write_sd_card(folder, card(base, "full", channels=4))
    with pytest.raises(InputError, match="name its own base"):
        check_learned([str(folder)], inspect(str(base)))


def test_the_record_has_weights_and_scale(lora: Path) -> None:
    said = learned_settings([f"{lora}:0.5"])["loras"]
    assert said.endswith(":0.5") and len(said) == 64 + 4
    assert said.startswith(next(iter(files_sha256(lora).values())))
