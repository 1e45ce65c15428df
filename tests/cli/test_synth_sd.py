"""`defectgen synth --engine sd` on a tiny real checkpoint: what it shows, writes, records and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sd.original import save_original
from tests.sd.tiny import save_tiny, save_tiny_controlnet, tiny_pipeline

PROMPT = "deep scratch on brushed aluminum"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("sd") / "tiny")


@pytest.fixture
def sd(defectgen: Any, part: Path, tmp_path: Path, model: Path) -> Any:
    """Runs synth with engine sd on one part; --model is the tiny one unless given."""

    def run(*args: str | Path, prompt: str = PROMPT) -> Any:
        named = () if "--model" in args else ("--model", model)
        common = ("--on", part, "-n", "1", "--out", tmp_path / "set", "--device", "cpu", "--engine", "sd")
        return defectgen("synth", prompt, *common, *named, *args)

    return run


def engine_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "defectgen.json").read_text())["config"]["engine"])


def test_a_set_with_everything_on_record(sd: Any, tmp_path: Path) -> None:
    controlnet = save_tiny_controlnet(tmp_path / "control")
    outcome = sd("--steps", "3", "--scheduler", "unipc", "--controlnet", controlnet, "--control", "canny",
                 "--candidates", "2", "--guidance", "5", "--strength", "0.8")  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("forecast    about ") and outcome.out.index("on the disk") < outcome.out.index("kept")
    said = engine_of(tmp_path / "set")
    assert (said["name"], said["model"], said["scheduler"], said["dtype"]) == ("sd", "tiny", "unipc", "fp32")
    assert (said["steps"], said["guidance"], said["strength"], said["candidates"]) == (3, 5.0, 0.8, 2)
    assert (said["control"], said["controlnet"], said["attention"]) == ("canny", "control", "sdpa")
    assert len(said["weights_sha256"]) == len(said["controlnet_sha256"]) == 64
    (line,) = (tmp_path / "set" / "metadata.jsonl").read_text().splitlines()
    assert json.loads(line)["engine"] == "sd" and json.loads(line)["candidate"] in (0, 1)


def test_dry_run_loads_nothing_and_says_what_would_run(
    sd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("defectgen.sd.pipeline.open_pipeline", None)
    outcome = sd("--dry-run", "--scheduler", "dpm++")
    assert outcome.code == 0, outcome.err
    for word in ("sd", "model tiny", "9 channels", "scheduler dpm++", "dtype fp32", "forecast    about", "GiB on cpu"):
        assert word in outcome.out
    assert not (tmp_path / "set").exists()


def test_what_cannot_fit_is_refused_before_anything_is_loaded(
    sd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("defectgen.sd.pipeline.open_pipeline", None)
    monkeypatch.setattr("defectgen.sd.plan_outlook.main_gib", lambda: 0.3)
    for args in ((), ("--dry-run",)):
        outcome = sd(*args)
        assert outcome.code == 2 and "of 0.3 GiB on cpu" in outcome.out
        assert "GiB on cpu, which has 0.3 GiB; nothing at this size would fit" in outcome.err
    assert not (tmp_path / "set").exists()


def test_a_single_file(sd: Any, model: Path, tmp_path: Path) -> None:
    path = save_original(tiny_pipeline(), tmp_path / "one.safetensors")
    assert sd("--model", path, "--steps", "2").code == 2
    outcome = sd("--model", path, "--model-config", model, "--steps", "2", "--offline")
    assert outcome.code == 0, outcome.err
    assert engine_of(tmp_path / "set")["model"] == "one.safetensors"


REFUSED = {
    "no model": (("--model", ""), "engine sd needs a checkpoint"),
    "nothing there": (("--model", "./nowhere"), "there is no ./nowhere"),
    "hub offline": (("--model", "nobody/nothing", "--offline"), "--offline asks no hub"),
    "xformers": (("--attention", "xformers"), "xformers"),
    "offload": (("--offload", "model"), "is for a GPU"),
    "fp16": (("--dtype", "fp16"), "not computed on a CPU"),
    "scheduler": (("--scheduler", "best"), "use one of auto, ddim"),
    "control alone": (("--control", "lineart"), "--controlnet"),
    "no lora": (("--lora", "nowhere.safetensors"), "there is no LoRA"),
    "like": (("--like", "a.png"), "takes no reference"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_work_is_one_line(sd: Any, tmp_path: Path, name: str) -> None:
    args, words = REFUSED[name]
    outcome = sd(*args)
    assert outcome.code == 2 and words in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1
    assert not (tmp_path / "set").exists()


def test_a_pickle_is_refused(sd: Any, tmp_path: Path) -> None:
    (tmp_path / "model.ckpt").write_bytes(b"\x80\x04")
    outcome = sd("--model", tmp_path / "model.ckpt")
    assert outcome.code == 2 and "pickle" in outcome.err


@pytest.mark.parametrize("args", [("--lora", "x"), ("--scheduler", "ddim"), ("--offline",), ("--model", "m")])
def test_options_of_sd_need_it(defectgen: Any, part: Path, args: tuple[str, ...]) -> None:
    outcome = defectgen("synth", PROMPT, "--on", part, *args)
    assert outcome.code == 2 and args[0] in outcome.err and "engine sd only" in outcome.err


def test_a_caption_that_the_model_cannot_read_is_refused_before_the_start(sd: Any, tmp_path: Path) -> None:
    recipe = tmp_path / "own.yaml"
    name = "-".join(["zyxwvutsrqponmlk"] * 6)
    recipe.write_text(
        f"defects:\n  - name: {name}\n    family: scratch\n    description: Long.\n    size: [0.2, 0.4]\n"
        "    morphology: {kind: scratch}\n    change: {}\n"
    )
    outcome = sd("--recipe", recipe, prompt=name.replace("-", " "))
    assert outcome.code == 2 and "tokens, and the model reads 77" in outcome.err
    assert not (tmp_path / "set").exists()
