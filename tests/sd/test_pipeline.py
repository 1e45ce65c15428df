"""Pipelines of tiny real components: every kind opens and samples, in every way that this machine can."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from defectgen.errors import InputError, WeightsError
from defectgen.sd.attention import check_attention
from defectgen.sd.checkpoint import SdSpec, inspect
from defectgen.sd.hold import Held, encoded, touched
from defectgen.sd.options import SCHEDULERS, SdOptions, check_sd_options
from defectgen.sd.pipeline import dtype_name, open_pipeline, recorded, sd_device
from defectgen.sd.sampling import Sampling, Scene, inpaint
from defectgen.sd.tokens import check_captions, check_tokens
from tests.sd.original import save_original
from tests.sd.tiny import SIDE, save_tiny, save_tiny_controlnet, tiny_flux, tiny_pipeline, tiny_scheduler

QUICK = Sampling(steps=4, guidance=4.0, strength=0.75)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folders by name, each made once: sd9, sdxl4, sd-control, flux, fill, sd9.safetensors, and so on."""
    root = tmp_path_factory.mktemp("models")

    def make(name: str) -> Path:
        path = root / name
        if path.exists():
            return path
        if name.endswith("control"):
            return save_tiny_controlnet(path, "sdxl" if "xl" in name else "sd")
        if name in ("flux", "fill"):
            tiny_flux(name == "fill").save_pretrained(path)
        elif name.endswith(".safetensors"):
            folder = name.removesuffix(".safetensors")
            make(folder)
            save_original(tiny_pipeline("sdxl" if "xl" in name else "sd", int(folder[-1])), path)
        else:
            save_tiny(path, "sdxl" if "xl" in name else "sd", int(name[-1]))
        return path

    return make


def scene(count: int = 1, control: bool = False) -> Scene:
    rng = np.random.default_rng(0)
    good = torch.from_numpy(rng.uniform(0.3, 0.7, (count, 3, SIDE, SIDE)).astype(np.float32))
    where = torch.zeros(count, 1, SIDE, SIDE)
    where[:, :, 50:70, 30:90] = 1
    drawn = torch.from_numpy(rng.uniform(0, 1, (count, 3, SIDE, SIDE)).astype(np.float32)) if control else None
    return Scene(good, where, drawn, ["a scratch on steel"] * count, list(range(1, count + 1)))


def opened(path: Path, **changes: Any) -> tuple[Any, SdSpec]:
    spec = inspect(str(path))
    return open_pipeline(spec, SdOptions(str(path), device="cpu", **changes)), spec


CLASSES = {
    "sd9": "StableDiffusionInpaintPipeline", "sd4": "StableDiffusionInpaintPipeline",
    "sdxl9": "StableDiffusionXLInpaintPipeline", "sdxl4": "StableDiffusionXLInpaintPipeline",
    "sd9.safetensors": "StableDiffusionInpaintPipeline", "sd4.safetensors": "StableDiffusionInpaintPipeline",
    "sdxl9.safetensors": "StableDiffusionXLInpaintPipeline",
    "flux": "FluxInpaintPipeline", "fill": "FluxFillPipeline",
}  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
def test_every_kind_opens_and_samples(models: Callable[[str], Path], name: str) -> None:
    pipe, spec = opened(models(name))
    assert type(pipe).__name__ == CLASSES[name]
    out = inpaint(pipe, spec, scene(), QUICK)
    assert out.shape == (1, 3, SIDE, SIDE) and out.dtype == torch.float32
    assert float(out.min()) >= 0 and float(out.max()) <= 1 and float(out.std()) > 0.01
    assert torch.equal(out, inpaint(pipe, spec, scene(), QUICK))
    assert not torch.equal(out, inpaint(pipe, spec, replace(scene(), seeds=[7]), QUICK))


@pytest.mark.parametrize("name", ["sd9", "sdxl4"])
def test_a_single_file_holds_the_same_weights(models: Callable[[str], Path], name: str) -> None:
    one, spec = opened(models(f"{name}.safetensors"))
    folder, other = opened(models(name))
    for part in ("unet", "vae", "text_encoder"):
        state, wanted = getattr(one, part).state_dict(), getattr(folder, part).state_dict()
        assert state.keys() == wanted.keys() and all(torch.equal(state[key], wanted[key]) for key in wanted)
    difference = inpaint(one, spec, scene(), QUICK) - inpaint(folder, other, scene(), QUICK)
    assert float(difference.abs().max()) * 255 < 0.1


@pytest.mark.parametrize(
    ("model", "control"), [("sd9", "sd-control"), ("sd4", "sd-control"), ("sdxl4", "sdxl-control")]
)
def test_a_controlnet_steers(models: Callable[[str], Path], model: str, control: str) -> None:
    pipe, spec = opened(models(model), controlnet=str(models(control)))
    one, two = scene(control=True), scene(control=True)
    two = replace(two, control=torch.zeros_like(two.good))
    assert float((inpaint(pipe, spec, one, QUICK) - inpaint(pipe, spec, two, QUICK)).abs().max()) * 255 > 2


@pytest.mark.parametrize("name", SCHEDULERS)
def test_each_scheduler_samples_and_holds(models: Callable[[str], Path], name: str) -> None:
    pipe, _ = opened(models("sd9"), scheduler=name)
    last: dict[str, torch.Tensor] = {}
    kept = encoded(pipe, 2 * scene().good - 1)

    held = Held(kept, torch.randn(kept.shape, generator=torch.Generator().manual_seed(0)), torch.zeros(1, 1, 16, 16))

    def hold(p: Any, step: int, t: Any, values: dict[str, Any]) -> dict[str, Any]:
        last.update(held(p, step, t, values))
        last[f"noise {step}"] = (last["latents"] - kept).std()
        return {"latents": last["latents"]}

    pipe(
        prompt="a", image=scene().good, mask_image=scene().where, height=SIDE, width=SIDE, num_inference_steps=6,
        strength=1.0, generator=torch.Generator().manual_seed(0), callback_on_step_end=hold, output_type="latent",
    )  # fmt: skip
    assert torch.equal(last["latents"], kept), "what is held ends as the good window's own latents"
    noise = [float(last[f"noise {step}"]) for step in range(6)]
    assert noise == sorted(noise, reverse=True) and noise[0] > 0.3


def test_only_the_mask_changes_between_the_latents(models: Callable[[str], Path]) -> None:
    pipe, spec = opened(models("sd9"))
    cells = touched(scene().where, spec.vae_factor)
    seen: list[torch.Tensor] = []

    class Spy(Held):
        def __call__(self, *args: Any) -> dict[str, Any]:
            out = super().__call__(*args)
            seen.append(out["latents"])
            return out

    kept = encoded(pipe, 2 * scene().good - 1)
    pipe(
        prompt="a", image=scene().good, mask_image=scene().where, height=SIDE, width=SIDE, num_inference_steps=4,
        strength=0.9, callback_on_step_end=Spy(kept, torch.zeros_like(kept), cells), output_type="latent",
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    outside = cells.expand_as(kept) == 0
    assert torch.equal(seen[-1][outside], kept[outside])
    assert not torch.allclose(seen[-1][~outside], kept[~outside], atol=0.1)


def test_a_hairline_touches_every_latent_that_it_crosses() -> None:
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 11, :] = 1
    cells = touched(mask, 8)
    assert cells[0, 0, 1].all() and cells.sum() == 8


def test_company_changes_no_pixel_by_more_than_two_grey_levels(models: Callable[[str], Path]) -> None:
    for name in ("sd9", "sdxl4"):
        pipe, spec = opened(models(name), scheduler="dpm++")
        many = scene(2)
        together = inpaint(pipe, spec, many, QUICK)
        for i in range(2):
            alone = Scene(many.good[i : i + 1], many.where[i : i + 1], None, many.texts[:1], [many.seeds[i]])
            assert float((inpaint(pipe, spec, alone, QUICK)[0] - together[i]).abs().max()) * 255 <= 2


def test_every_option_changes_something(models: Callable[[str], Path]) -> None:
    pipe, spec = opened(models("sd4"))
    base = inpaint(pipe, spec, scene(), QUICK)
    for other in (replace(QUICK, steps=8), replace(QUICK, guidance=1.0), replace(QUICK, strength=0.5)):
        assert not torch.equal(base, inpaint(pipe, spec, scene(), other))
    assert not torch.equal(base, inpaint(pipe, spec, replace(scene(), texts=["rust"]), QUICK))
    half, spec = opened(models("sd4"), dtype="bf16")
    assert half.unet.dtype == torch.bfloat16
    assert not torch.equal(base, inpaint(half, spec, scene(), QUICK))


def test_slicing_changes_no_pixel_that_one_could_see(models: Callable[[str], Path]) -> None:
    pipe, spec = opened(models("sd9"))
    sliced, _ = opened(models("sd9"), slicing=True)
    assert sliced.vae.use_slicing
    difference = inpaint(pipe, spec, scene(2), QUICK) - inpaint(sliced, spec, scene(2), QUICK)
    assert float(difference.abs().max()) * 255 <= 2


def test_a_half_precision_variant_opens(models: Callable[[str], Path], tmp_path: Path) -> None:
    tiny_pipeline().to(torch.float16).save_pretrained(tmp_path / "half", variant="fp16")
    pipe, spec = opened(tmp_path / "half")
    assert spec.variant == "fp16" and pipe.unet.dtype == torch.float32


def test_v_prediction_is_kept_by_every_scheduler(tmp_path: Path) -> None:
    pipe = tiny_pipeline()
    pipe.scheduler.register_to_config(prediction_type="v_prediction")
    pipe.save_pretrained(tmp_path / "v")
    opened_, spec = opened(tmp_path / "v", scheduler="unipc")
    assert spec.prediction_type == "v_prediction" == opened_.scheduler.config.prediction_type
    assert tiny_scheduler().config.prediction_type == "epsilon"


def test_a_fetched_hub_model_opens_offline(
    models: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    cache = tmp_path / "models--owner--tiny"
    shutil.copytree(models("sd9"), cache / "snapshots" / "abc")
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text("abc")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("diffusers.pipelines.pipeline_utils.HF_HUB_CACHE", str(tmp_path), raising=False)
    spec = inspect("owner/tiny", offline=True)
    pipe = open_pipeline(spec, SdOptions("owner/tiny", device="cpu", offline=True))
    assert type(pipe).__name__ == "StableDiffusionInpaintPipeline"


def test_the_record_says_how(models: Callable[[str], Path]) -> None:
    spec = inspect(str(models("sd9")))
    options = SdOptions(str(models("sd9")), controlnet=str(models("sd-control")))
    said = recorded(spec, options, "cpu")
    assert (said["model"], said["dtype"], said["attention"]) == ("sd9", "fp32", "sdpa")
    assert (said["scheduler"], said["control"], said["controlnet"]) == ("DDIMScheduler", "canny", "sd-control")
    assert len(said["controlnet_sha256"]) == 64
    assert recorded(spec, SdOptions("x", scheduler="lcm"), "cpu")["scheduler"] == "lcm"
    assert not any("/" in value for value in said.values()), "no path of this machine goes on record"


def test_number_formats() -> None:
    for kind, device, expected in (("sd", "cuda", "fp16"), ("flux", "cuda", "bf16"), ("sdxl", "cpu", "fp32")):
        assert dtype_name(SdOptions("m"), kind, device) == expected
    with pytest.raises(InputError, match="fp16 is not computed on a CPU"):
        dtype_name(SdOptions("m", dtype="fp16"), "sd", "cpu")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"attention": "xformers"}, "CUDA only"), ({"offload": "model"}, "offload model is for a GPU"),
        ({"device": "openvino"}, "openvino runs engine compact only"),
    ],
)  # fmt: skip
def test_what_this_machine_cannot_do(changes: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("defectgen.sd.attention.find_spec", lambda name: object())
    with pytest.raises(InputError, match=words):
        sd_device(replace(SdOptions("m", device="cpu"), **changes))


def test_xformers_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("defectgen.sd.attention.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'defectgen\[gpu\]'"):
        check_attention("xformers", "cuda")
    assert check_attention("auto", "cuda") == "sdpa"


@pytest.mark.parametrize(
    "changes",
    [
        {"dtype": "int8"}, {"attention": "flash"}, {"scheduler": "ddpm"}, {"offload": "disk"}, {"control": "sketch"},
        {"control": "hed"}, {"control": "canny:x.pth"}, {"control": "lineart"}, {"steps": 2, "strength": 0.3},
    ],
    ids=str,
)  # fmt: skip
def test_what_no_run_can_use(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        check_sd_options(SdOptions("m", **changes))
    assert any(name in str(refused.value) for name in changes) and "\n" not in str(refused.value)


def test_a_caption_that_would_be_cut_off_is_refused(models: Callable[[str], Path]) -> None:
    pipe, _ = opened(models("sd9"))
    check_tokens(pipe, ["a scratch"])
    with pytest.raises(InputError, match="tokens, and the model reads 77"):
        check_tokens(pipe, ["zzzz " * 40])
    with pytest.raises(InputError, match="tokens, and the model reads 77"):
        check_captions(inspect(str(models("sd9"))), ["zzzz " * 40])


def test_schedulers_of_flow_models_are_their_own(models: Callable[[str], Path]) -> None:
    with pytest.raises(InputError, match="flow-matching"):
        opened(models("flux"), scheduler="ddim")


@pytest.mark.parametrize(("model", "control"), [("sdxl4", "sd-control"), ("sd9", "sdxl-control")])
def test_a_controlnet_of_another_family(models: Callable[[str], Path], model: str, control: str) -> None:
    with pytest.raises(InputError, match="one of the model's own family"):
        opened(models(model), controlnet=str(models(control)))


def test_a_controlnet_that_is_none(models: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is no ControlNet"):
        opened(models("sd9"), controlnet=str(tmp_path / "nothing"))
    with pytest.raises(WeightsError, match="is a pickle"):
        opened(models("sd9"), controlnet=str(tmp_path / "control.pth"))
    shutil.copytree(models("sd-control"), tmp_path / "c")
    (tmp_path / "c" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(WeightsError, match="holds no weights"):
        opened(models("sd9"), controlnet=str(tmp_path / "c"))


def test_a_single_file_that_lacks_a_weight(models: Callable[[str], Path], tmp_path: Path) -> None:
    weights = load_file(models("sd9.safetensors"))
    del weights["cond_stage_model.transformer.text_model.final_layer_norm.bias"]
    save_file(weights, tmp_path / "part.safetensors")
    spec = inspect(str(tmp_path / "part.safetensors"), config=str(models("sd9")))
    with pytest.raises(WeightsError, match=r"lacks final_layer_norm.bias of text_encoder"):
        open_pipeline(spec, SdOptions("m", device="cpu"))
