"""Stable Diffusion fine-tuning for real on tiny checkpoints: it learns, resumes bit for bit, and diffusers takes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from defectgen.blocked import SPLIT_FILE, SPLIT_FORMAT, mark_of
from defectgen.cli import app
from defectgen.dataset.defect_set import DefectSet
from defectgen.errors import InputError, WeightsError
from defectgen.sd.card import SdAdapterInfo, read_sd_card, spoken
from defectgen.sd.checkpoint import inspect
from defectgen.sd.options import SdOptions
from defectgen.sd.pipeline import open_pipeline
from defectgen.train import sd_strip
from defectgen.train.sd_finetune import SdLap
from defectgen.train.sd_job import SdFinetuneJob
from defectgen.train.sd_options import SdFinetuneOptions
from tests.sd.tiny import save_tiny
from tests.train.test_finetune import write_set

LORA = "pytorch_lora_weights.safetensors"


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bars")
    for name in ("images", "masks"):
        (folder / name).mkdir()
    return write_set(folder, 6, defect="scratch")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny") / "sd9")


@pytest.fixture(autouse=True)
def short_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps of sampling show as well that a strip is made."""
    monkeypatch.setattr(sd_strip, "STEPS", 2)


def job(bars: Path, model: Path, out: Path, *, resume: bool = False, **changes: Any) -> SdFinetuneJob:
    values: dict[str, Any] = {"steps": 4, "windows": 12, "batch": 2, "accumulate": 2, "size": 64, "rank": 4, "lr": 3e-3}
    options = SdFinetuneOptions(str(model), **(values | changes))
    return SdFinetuneJob(bars, out, options, resume=resume)


def trained(made: SdFinetuneJob) -> tuple[list[SdLap], SdAdapterInfo]:
    laps = list(made.run())
    return laps, made.finish()


def window_of(pipe: Any, text: str = "scratch") -> Any:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, 64, 64, generator=generator)
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48, 16:48] = 1
    return pipe(
        text, image=image, mask_image=mask, height=64, width=64, num_inference_steps=2, strength=1.0,
        generator=torch.Generator().manual_seed(1), output_type="np",
    ).images[0]  # fmt: skip


def plain(model: Path) -> Any:
    return open_pipeline(inspect(str(model)), SdOptions(str(model), device="cpu"))


@pytest.mark.parametrize(("kind", "channels"), [("sd", 9), ("sd", 4), ("sdxl", 9), ("sdxl", 4)])
def test_what_was_learned_loads_in_plain_diffusers(bars: Path, tmp_path: Path, kind: Any, channels: int) -> None:
    model = save_tiny(tmp_path / "model", kind, channels)
    both = channels == 9
    made = job(bars, model, tmp_path / "out", text_encoder=both, speech="new" if both else "plain", checkpointing=both)
    laps, info = trained(made)
    assert [lap.step for lap in laps] == [4] and info.steps_trained == 4 and info.batch == 4
    assert (info.kind, info.unet_channels, info.base_sha256) == (kind, channels, inspect(str(model)).sha256)
    weights = load_file(tmp_path / "out" / LORA)
    parts = {name.split(".")[0] for name in weights}
    texts = {"text_encoder"} | ({"text_encoder_2"} if kind == "sdxl" else set())
    assert parts == {"unet"} | (texts if both else set())
    assert not any("embed" in name for name in weights)
    pipe = plain(model)
    before = window_of(pipe)
    pipe.load_lora_weights(str(tmp_path / "out"), weight_name=LORA)
    after = window_of(pipe)
    assert np.abs(after - before).max() > 1e-4
    pipe.unload_lora_weights()
    np.testing.assert_array_equal(window_of(pipe), before)
    assert (tmp_path / "out" / "strip.png").is_file() and not (tmp_path / "out" / "work").exists()


def test_a_new_word_loads_as_textual_inversion(bars: Path, tiny: Path, tmp_path: Path) -> None:
    _, info = trained(job(bars, tiny, tmp_path / "out", speech="new"))
    assert info.said == {"scratch": "<scratch>"}
    pipe = plain(tiny)
    ids = pipe.tokenizer("scratch", add_special_tokens=False).input_ids
    start = pipe.text_encoder.get_input_embeddings().weight[ids].mean(0)
    pipe.load_textual_inversion(str(tmp_path / "out"), weight_name="learned_embeds.safetensors")
    (token,) = pipe.tokenizer("<scratch>", add_special_tokens=False).input_ids
    learned = pipe.text_encoder.get_input_embeddings().weight[token]
    assert 0 < (learned - start).abs().max() < 1
    assert np.abs(window_of(pipe, "<scratch>") - window_of(pipe, "scratch")).max() > 0
    assert spoken("a long scratch on steel", info) == "a long <scratch> on steel"


@pytest.mark.slow
def test_the_loss_on_kept_windows_falls(bars: Path, tiny: Path, tmp_path: Path) -> None:
    """All weights, since a random network leaves low-rank updates of its attention little to gain."""
    laps, info = trained(job(bars, tiny, tmp_path / "out", method="full", steps=50, rank=None, lr=3e-3))
    assert [lap.step for lap in laps] == [25, 50]
    assert laps[-1].loss < laps[0].loss
    assert info.val_loss is not None and info.val_loss[1] < 0.95 * info.val_loss[0]
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel.from_pretrained(tmp_path / "out" / "unet")
    assert unet.config.in_channels == 9 and info.method == "full" and info.rank is None


def test_a_stopped_run_ends_in_the_same_bytes(bars: Path, tiny: Path, tmp_path: Path) -> None:
    more: dict[str, Any] = {"text_encoder": True, "speech": "new"}
    _, whole = trained(job(bars, tiny, tmp_path / "whole", steps=6, **more))
    first = job(bars, tiny, tmp_path / "parts", steps=3, **more)
    list(first.run())
    assert (tmp_path / "parts" / "work" / "state.safetensors").is_file()
    _, parts = trained(job(bars, tiny, tmp_path / "parts", steps=6, resume=True, **more))
    assert parts.weights_sha256 == whole.weights_sha256 and set(parts.weights_sha256) == {
        LORA, "learned_embeds.safetensors",
    }  # fmt: skip
    assert parts.val_loss == whole.val_loss


def test_the_budget_ends_it_and_the_board_notes_it(bars: Path, tiny: Path, tmp_path: Path) -> None:
    laps, info = trained(job(bars, tiny, tmp_path / "out", steps=None, budget_s=0.3, tensorboard=True))
    assert laps[-1].seconds >= 0.3 and info.seconds < 60
    assert list((tmp_path / "out" / "tensorboard").glob("events*"))




def test_out_of_memory_loses_nothing(bars: Path, tiny: Path, tmp_path: Path) -> None:
    made = job(bars, tiny, tmp_path / "out", preset="12gb", steps=3, batch=2, accumulate=1)
    calls: list[int] = []
    step = SdFinetuneJob._training

    def failing(self: SdFinetuneJob, *parts: Any) -> Any:
        training = step(self, *parts)

        def hook(*_: Any) -> None:
            calls.append(1)
            if training.learner.training and training.state.step == 2:
                raise torch.OutOfMemoryError("CUDA out of memory")

        training.learner.unet.register_forward_pre_hook(hook)
        return training

    made._training = failing.__get__(made)  # type: ignore[method-assign]
    with pytest.raises(InputError, match=r"out of memory at step 2 with batch 2 at 64 px .* --resume and --preset 8gb"):
        list(made.run())
    _, info = trained(job(bars, tiny, tmp_path / "out", preset="8gb", steps=3, batch=1, accumulate=2, resume=True))
    assert info.steps_trained == 3


def test_refusals(bars: Path, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()
    with pytest.raises(InputError, match="is in use"):
        job(bars, tiny, tmp_path / "used")
    with pytest.raises(WeightsError, match=r"there is no .*nowhere"):
        job(bars, tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(InputError, match="only runs a model"):
        job(bars, tiny, tmp_path / "out", device="openvino")
    first = job(bars, tiny, tmp_path / "out", steps=1)
    list(first.run())
    with pytest.raises(InputError, match="was stopped; go on with --resume"):
        job(bars, tiny, tmp_path / "out")
    with pytest.raises(InputError, match="holds a job with another rank, seed, set; name another folder"):
        list(job(bars, tiny, tmp_path / "out", resume=True, rank=2, seed=1).run())


def test_test_pictures_are_refused(tiny: Path, tmp_path: Path) -> None:
    for name in ("images", "masks"):
        (tmp_path / "set" / name).mkdir(parents=True)
    folder = write_set(tmp_path / "set", 6, defect="scratch")
    record = next(DefectSet(folder).records())
    mark = mark_of(DefectSet(folder).image(record), record.file_name, record.source, record.source_sha256)
    manifest = {"format": SPLIT_FORMAT, "test": [mark.model_dump()]}
    (tmp_path / SPLIT_FILE).write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="is a test picture"):
        SdFinetuneJob(folder, tmp_path / "out", SdFinetuneOptions(str(tiny)), blocked=(tmp_path / SPLIT_FILE,))


def test_the_command(bars: Path, tiny: Path, tmp_path: Path) -> None:
    arguments = ["finetune", str(bars), "--out", str(tmp_path / "out"), "--engine", "sd", "--model", str(tiny),
                 "--steps", "1", "--batch", "1", "--accumulate", "1", "--size", "64", "--new-words"]  # fmt: skip
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 0, run.output
    assert "preset 8gb: 64 px, batch 1 x 1, rank 8, fp32, adamw, gradient checkpointing, on cpu" in run.output
    assert "a prompt says <scratch> for scratch" in run.output
    assert run.output.index("forecast: about ") < run.output.index("windows are drawn")
    assert read_sd_card(tmp_path / "out").licences == {"CC0-1.0": 6}
    assert "load_lora_weights" in (tmp_path / "out" / "README.md").read_text()


def test_what_cannot_fit_is_refused_before_anything_is_loaded(
    bars: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the message of `defectgen plan`."""
    monkeypatch.setattr("defectgen.train.sd_job.open_for_training", None)
    made = job(bars, tiny, tmp_path / "out", preset="24gb", batch=None, size=128)
    needed = made.outlook().found.total / 2**30
    monkeypatch.setattr("defectgen.sd.plan_outlook.main_gib", lambda: needed - 0.001)
    arguments = ["finetune", str(bars), "--out", str(tmp_path / "out"), "--engine", "sd", "--model", str(tiny),
                 "--size", "128", "--preset", "24gb", "--device", "cpu"]  # fmt: skip
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 2 and "--preset 12gb would take" in run.stderr, run.output
    assert len(run.stderr.splitlines()) == 1 and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "sd"], "needs --model PATH_OR_HUB_NAME"),
        (["--preset", "8gb"], "preset: for engine sd only"),
        (["--engine", "render"], "engine 'render' cannot be taught"),
        (["--engine", "sd", "--model", "m", "--rare-token", "--new-words"], "exclude each other"),
    ],
)
def test_commands_that_cannot_be(bars: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    run = CliRunner().invoke(app, ["finetune", str(bars), "--out", str(tmp_path / "out"), *arguments])
    assert run.exit_code == 2 and message in run.output + run.stderr
