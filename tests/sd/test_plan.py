"""Forecasts: parameters exactly, memory within a stated factor of what a process takes, and what does not fit."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from defectgen.cli import app
from defectgen.errors import InputError
from defectgen.sd.checkpoint import SdSpec, inspect
from defectgen.sd.controlnet import controlnet_parameters
from defectgen.sd.memory_trace import parameters_of, trace_unet, trace_vae
from defectgen.sd.options import SdOptions
from defectgen.sd.plan import (
    SLACK,
    Sampling,
    Training,
    check_fits,
    component_parameters,
    forecast_sampling,
    forecast_training,
)  # fmt: skip
from defectgen.sd.plan_measure import SD15_UNET, SD15_VAE
from defectgen.sd.plan_outlook import Outlook, planned_sampling
from defectgen.sd.plan_preset import PRESETS
from defectgen.sd.plan_speed import Speed, device_name, known_speeds, remember, speed_of
from tests.sd.tiny import save_tiny, save_tiny_controlnet, tiny_controlnet, tiny_pipeline, tiny_unet

FACTOR = 1.5
"""How far the traced peak may be from a process's own."""
CLIP = {"vocab_size": 49408, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
        "num_attention_heads": 12, "max_position_embeddings": 77}  # fmt: skip


def sd15() -> SdSpec:
    """Stable Diffusion 1.5 inpainting as its configurations describe it, without weights."""
    return SdSpec(
        "sd", "sd15", Path(), None, False, 9, 4, 8, 512, 768, "epsilon",
        configs={"unet": SD15_UNET, "vae": SD15_VAE, "text_encoder": CLIP},
    )  # fmt: skip


def training(**changes: Any) -> Training:
    return replace(Training(512, "bf16", 1, 4, 8, True), **changes)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny") / "sdxl", "sdxl", 9)


@pytest.mark.parametrize(("kind", "channels"), [("sd", 4), ("sdxl", 9)])
def test_parameters_are_exact(kind: Any, channels: int, tmp_path: Path) -> None:
    pipe = tiny_pipeline(kind, channels)
    real = {name: sum(p.numel() for p in getattr(pipe, name).parameters())
            for name in ("unet", "vae", "text_encoder", *(["text_encoder_2"] if kind == "sdxl" else []))}  # fmt: skip
    pipe.save_pretrained(tmp_path)
    spec = inspect(str(tmp_path))
    assert component_parameters(spec) == real
    assert component_parameters(replace(spec, parameters={})) == real


def test_parameters_of_the_published_model() -> None:
    """As its own weights count: UNet 859,535,364 with 9 channels, autoencoder 83,653,863, text 123,060,480."""
    assert component_parameters(sd15()) == {"unet": 859_535_364, "vae": 83_653_863, "text_encoder": 123_060_480}


MEASURE = """
import resource, sys, torch
torch.set_num_threads(1)
from tests.sd.tiny import tiny_unet
unet = tiny_unet(widths=(64, 128)).requires_grad_({train})
x, t, text = torch.randn({batch}, 9, 64, 64), torch.full(({batch},), 5), torch.randn({batch}, 77, 32)
def run(batch):
    with torch.set_grad_enabled({train}):
        out = unet(x[:batch], t[:batch], text[:batch]).sample
        if {train}:
            out.square().mean().backward()
run(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run({batch})
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.parametrize("train", [False, True])
def test_the_forecast_peak_is_what_a_process_takes(train: bool) -> None:
    """By how much the peak of resident memory grows from batch 1 to 6, of a network of 3 million parameters; the
    forecast is what was traced with the usual slack."""
    batch, config = 6, dict(tiny_unet(widths=(64, 128)).config)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(batch=batch, train=train)], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    before, after = (1024 * int(value) for value in done.stdout.split()[-2:])
    one, many = (trace_unet(config, batch=n, side=64, dtype="fp32", full=train) for n in (1, batch))
    assert 1 / FACTOR < SLACK * (many.peak - one.peak) / (after - before) < FACTOR


def test_operations_are_counted() -> None:
    """A convolution of 3 x 3 takes 2 * 9 * in * out * h * w; twice the batch takes twice as many."""
    config = dict(tiny_unet().config)
    one, two = (trace_unet(config, batch=n, side=16, dtype="fp32").flops for n in (1, 2))
    assert two == 2 * one > 0
    assert trace_unet(SD15_UNET, batch=1, side=64, dtype="bf16").flops == pytest.approx(0.80e12, rel=0.02)


@pytest.mark.slow
def test_memory_follows_what_is_asked_for() -> None:
    config = dict(tiny_unet(widths=(32, 64)).config)

    def peak(**changes: Any) -> int:
        return trace_unet(config, **({"batch": 2, "side": 32, "dtype": "fp32"} | changes)).peak

    assert peak(dtype="bf16") == pytest.approx(peak() / 2, rel=0.1)
    assert peak(side=64) > 3 * peak() and peak(batch=4) > 1.8 * peak()
    assert peak() < peak(rank=4, checkpointing=True) < peak(rank=4) < peak(full=True)
    assert trace_unet(config, batch=1, side=16, dtype="fp32", rank=4).trained < parameters_of(
        type(tiny_unet()), config
    )
    vae = dict(tiny_pipeline().vae.config)
    assert trace_vae(vae, batch=2, side=16, dtype="fp32", decode=True).peak > trace_vae(
        vae, batch=1, side=16, dtype="fp32", decode=True
    ).peak  # fmt: skip


def test_offload_keeps_the_largest_part_alone(tiny: Path) -> None:
    spec = inspect(str(tiny))
    asked = Sampling(128, "fp32")
    every, largest, layers = (
        forecast_sampling(spec, replace(asked, offload=offload), "cuda").total
        for offload in ("none", "model", "sequential")
    )
    assert every > largest > layers


def test_slices_and_a_controlnet_count(tiny: Path, tmp_path: Path) -> None:
    spec, folder = inspect(str(tiny)), save_tiny_controlnet(tmp_path / "control")
    count = sum(p.numel() for p in tiny_controlnet().parameters())
    asked = planned_sampling(
        SdOptions(str(tiny), steps=10, strength=0.5, guidance=1.0, controlnet=str(folder)), spec, "cpu", samples=3
    )
    assert (asked.steps, asked.guided, asked.controlnet, asked.side) == (5, False, count, 128)
    found = forecast_sampling(spec, asked, "cpu")
    assert found.parts["weights of controlnet"] == 4 * count and any("ControlNet" in note for note in found.notes)
    assert controlnet_parameters(SdOptions("m")) == 0
    four = replace(asked, batch=4, controlnet=0, side=512)
    sliced = forecast_sampling(spec, replace(four, slicing=True), "cpu")
    assert sliced.total < forecast_sampling(spec, four, "cpu").total


def test_an_outlook_says_what_ends_a_training(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFECTGEN_CACHE", str(tmp_path))
    outlook = Outlook.of(inspect(str(tiny)), training(side=64, steps=5, budget_s=60.0), "cpu", 0.9)
    unknown = replace(outlook, found=replace(outlook.found, dtype="fp16"))
    assert "was not measured in fp16 (defectgen plan --engine sd --measure); " in unknown.line
    ((_, flops),) = outlook.found.flops
    speed = Speed(
        device=device_name("cpu"), work="train", dtype="bf16", attention="sdpa", batch=1, side=64, checkpointing=True,
        seconds=4.0, flops=flops, traced=1, measured=None, versions="torch",
    )  # fmt: skip
    remember([speed])
    assert outlook.time.startswith("about 20 s: 4 s a step on ")
    for changes in ({"steps": None}, {"steps": 16}):
        longer = replace(outlook, asked=replace(outlook.asked, **changes))
        assert longer.time.startswith("about 15 steps in 1 min: 4 s a step on ")
    assert outlook.line.startswith("about 0.") and " of 0.9 GiB on cpu; time about 20 s" in outlook.line


def small() -> SdSpec:
    """A model whose activations at 512 px outweigh its weights by far."""
    pipe = tiny_pipeline(widths=(32, 64))
    configs = {name: dict(getattr(pipe, name).config) for name in ("unet", "vae")}
    configs["text_encoder"] = pipe.text_encoder.config.to_dict()
    return replace(sd15(), configs=configs)


@pytest.mark.slow
def test_a_training_that_cannot_fit_names_what_would() -> None:
    spec, heavy = small(), training(batch=8, checkpointing=False)
    light = [forecast_training(spec, training(side=side), "cuda").total / 2**30
             for side in (512, 256)]  # fmt: skip
    found = forecast_training(spec, heavy, "cuda")
    with pytest.raises(InputError, match=r"needs about [\d.]+ GiB on cuda, which has .* GiB; --preset \w+ would take"):
        check_fits(spec, heavy, found, "cuda", light[0] + 0.01)
    with pytest.raises(InputError, match=r"no preset fits at 512 px; --preset 8gb --size (384|256) would"):
        check_fits(spec, heavy, found, "cuda", light[1] + 0.01)
    with pytest.raises(InputError, match="no preset fits; take a smaller checkpoint or a larger device"):
        check_fits(spec, heavy, found, "cuda", 0.3)
    check_fits(spec, heavy, found, "cuda", None)
    check_fits(spec, heavy, found, "cuda", 80.0)


def test_sampling_that_cannot_fit_names_what_would() -> None:
    spec, asked = small(), Sampling(512, "fp32", batch=4)
    found = forecast_sampling(spec, asked, "cuda")
    one = forecast_sampling(spec, replace(asked, batch=1), "cuda").total / 2**30
    with pytest.raises(InputError, match="; --batch 1 would fit"):
        check_fits(spec, asked, found, "cuda", one + 0.01)
    with pytest.raises(InputError, match=r"; --(dtype fp16|offload \w+) --batch 1 would fit"):
        check_fits(spec, asked, found, "cuda", one - 0.002)
    with pytest.raises(InputError, match="nothing at this size would fit"):
        check_fits(spec, asked, found, "cuda", 0.5)


@pytest.mark.slow
def test_every_preset_of_the_published_model_fits_its_card() -> None:
    totals = []
    for preset in PRESETS:
        asked = training(batch=preset.batch, rank=preset.rank, checkpointing=preset.checkpointing)
        totals.append(forecast_training(sd15(), asked, "cuda").total / 2**30)
        assert totals[-1] < 0.95 * preset.gib
    assert totals == sorted(totals)
    assert forecast_training(sd15(), training(rank=None), "cuda").total > 17 * 2**30


def test_a_speed_that_was_measured_here_counts_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFECTGEN_CACHE", str(tmp_path))
    name = device_name("cpu")
    speed = Speed(
        device=name, work="infer", dtype="fp32", attention="sdpa", batch=1, side=512, checkpointing=False, seconds=2.0,
        flops=1e12, traced=1, measured=None, versions="torch",
    )  # fmt: skip
    assert speed_of("no such device", "infer", "fp32") is None
    remember([speed])
    assert known_speeds()[0] == speed and speed_of(name, "infer", "fp32").rate >= 0.5e12  # type: ignore[union-attr]
    assert speed_of(name, "infer", "fp16") is None


def test_the_command(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFECTGEN_CACHE", str(tmp_path))
    name = device_name("cpu")
    entry = {"device": name, "attention": "sdpa", "batch": 1, "side": 512, "checkpointing": True, "seconds": 1.0,
             "flops": 1e9, "traced": 1, "measured": None, "versions": "torch", "dtype": "fp32"}  # fmt: skip
    remember([Speed.model_validate(entry | {"work": work}) for work in ("infer", "train", "decode")])
    sampling = CliRunner().invoke(app, ["plan", "--engine", "sd", "--model", str(tiny), "-n", "5", "--device", "cpu"])
    assert sampling.exit_code == 0, sampling.output
    for words in ("sdxl, 9 channels, 128 px", "5 samples of 128 px, batch 1, 27 steps taken, fp32, on cpu",
                  "a window on", "disk        16 MB"):  # fmt: skip
        assert words in sampling.output
    learning = CliRunner().invoke(
        app, ["plan", "--engine", "sd", "--model", str(tiny), "--train", "--preset", "8gb", "--device", "cpu"]
    )
    assert learning.exit_code == 0, learning.output
    assert "batch 1 x 4, rank 8, gradient checkpointing, fp32, on cpu" in learning.output
    assert " steps in 60 min: " in learning.output


def test_the_command_refuses(tiny: Path) -> None:
    run = CliRunner().invoke(app, ["plan", "--engine", "sd", "--model", str(tiny), "--train", "--memory", "0.2"])
    assert run.exit_code == 2 and "no preset fits" in run.stderr and "runtime" in run.output
    assert "not known for a GPU of 0.2 GiB" in run.output
    for arguments, message in (
        (["--train"], "add --engine sd"), (["--measure"], "add --engine sd"), (["--engine", "sd"], "needs --model"),
        (["-n", "0"], "n is 0; expected more"),
        (["--engine", "render"], "engine 'render' has no plan"),
    ):  # fmt: skip
        run = CliRunner().invoke(app, ["plan", *arguments])
        assert run.exit_code == 2 and message in run.stderr


def test_the_compact_engine_has_a_plan() -> None:
    run = CliRunner().invoke(app, ["plan", "-n", "100", "--device", "cpu"])
    assert run.exit_code == 0 and "min for 100 samples" in run.output


def test_the_shipped_table_can_be_read() -> None:
    path = Path(__file__).parents[2] / "defectgen" / "sd" / "speed.json"
    assert all(Speed.model_validate(entry).rate > 0 for entry in json.loads(path.read_text()))
