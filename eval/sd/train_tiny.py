"""Does the Stable Diffusion trainer learn? A tiny model of the real classes, trained on one class of real windows.

    DEFECTGEN_DATA=../shared/data nice -n 5 python eval/sd/train_tiny.py --out out/sd-tiny --minutes 5
    python eval/sd/report.py out/sd-tiny/result.json

`--minutes` are of processor time, on one thread; a run that was stopped goes on where it was. The second command writes
RESULT.md. Steps:

    set        pv-vision's cracks and good cells, split by solar module; nothing of the test split is trained on
    vae        an AutoencoderKL of 64 px windows and 16 x 16 latents is trained first: a random one decodes noise
    unet       9 channels, all weights, by the job behind `defectgen finetune --engine sd --method full`
    samples    good test windows with real test masks in them, filled by plain diffusers' own pipeline
    measure    KID on EfficientNet-Lite0 features against windows of real test defects, drawn by solar module

The pictures stay in --out: real data is not committed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

from defectgen.band import BAND_PX  # noqa: E402
from defectgen.dataset.defect_set import DefectSet  # noqa: E402
from defectgen.image import to_rgb8  # noqa: E402
from defectgen.record import METADATA  # noqa: E402
from defectgen.train.real import RealPicture  # noqa: E402
from defectgen.train.sd_window import SdWindow, cut_anywhere, cut_out, defect_window, draw_window  # noqa: E402
from defectgen.train.sd_words import Words  # noqa: E402
from defectgen.train.shots import Shot, read_shots  # noqa: E402

SIDE, FACTOR = 64, 4
VAE_WIDTHS, UNET_WIDTHS = (16, 32, 32), (48, 96)
VAE_SHARE, VAE_BATCH, VAE_LR, VAE_WINDOWS, ON_DEFECT = 0.33, 8, 1.5e-3, 1200, 4.0
UNET_BATCH, UNET_LR, UNET_WINDOWS = 16, 5e-4, 1200
STEPS, GUIDANCE, SAMPLES, AT_ONCE = 20, 1.0, 128, 16
WORDS = Words("plain", {"crack": "crack"})
RESAMPLES = 1000


def make_set(out: Path) -> Path:
    """Cracks and good cells of pv-vision, split by module."""
    from typer.testing import CliRunner

    from defectgen.cli import app

    folder = out / "set"
    if (folder / "split.json").is_file():
        return folder
    data = Path(os.environ.get("DEFECTGEN_DATA", ROOT.parent / "shared" / "data")) / "pv-vision"
    whole = out / "whole"
    for place, more in ((whole, ["1=dark area,2=cross crack,3=crack"]), (folder, ["3=crack", "--ignore", "1,2"])):
        arguments = ["import", "pv-vision", str(data), str(place), "--overwrite", "--classes", *more]
        run = CliRunner().invoke(app, arguments)
        assert run.exit_code == 0, run.output
    # A cell whose only defect is of the other classes is not good
    good = {record.source for record in DefectSet(whole).records() if record.defect == "good"}
    kept = [r.line() for r in DefectSet(folder).records() if r.defect == "crack" or r.source in good]
    (folder / METADATA).write_text("".join(kept))
    shutil.rmtree(whole)
    run = CliRunner().invoke(app, ["split", str(folder), "--by", "source"])
    assert run.exit_code == 0, run.output
    return folder


def train_vae(out: Path, source: Path, seconds: float, spent: Spent) -> Path:
    """An autoencoder of training windows alone, its latents scaled to unit variance."""
    from defectgen.train.sd_state import SdState, build_optimiser
    from tests.sd.tiny import tiny_vae

    folder, state_file = out / "vae", out / "vae-state.safetensors"
    if folder.is_dir():
        return folder
    pixels, weights = _vae_windows(source)
    vae = tiny_vae(VAE_WIDTHS).train()
    state = SdState(vae, build_optimiser("adamw", [{"params": list(vae.parameters()), "lr": VAE_LR}]), "adamw")
    if state_file.is_file():
        state.load(state_file)
    while spent.of("vae") < seconds:
        rng = np.random.default_rng([1, state.step])
        rows = rng.choice(len(pixels), VAE_BATCH, replace=False)
        x = torch.from_numpy(pixels[rows]).permute(0, 3, 1, 2).float() / 127.5 - 1
        loss = _vae_loss(vae, x, torch.from_numpy(weights[rows])[:, None])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        for group in state.optimiser.param_groups:
            left = max(0.05, min(1.0, 2 * (1 - spent.of("vae") / seconds)))
            group["lr"] = VAE_LR * left * min(1.0, (state.step + 1) / 50)
        state.optimiser.step()
        state.optimiser.zero_grad()
        state.averaged()
        if state.step % 50 == 0:
            state.save(state_file)
            spent.note("vae")
            print(f"vae step {state.step} loss {float(loss.detach()):.4f} {spent.of('vae'):.0f} s", flush=True)
    state.swap()
    spent.numbers["vae steps"] = state.step
    _scale(vae.eval(), pixels)
    vae.save_pretrained(folder)
    spent.note("vae")
    return folder


def _vae_windows(source: Path) -> tuple[Any, Any]:
    shots = read_shots(DefectSet(source), shots=None, seed=0)
    windows = [
        draw_window(shots, WORDS, SIDE, np.random.default_rng([2, i])) for i in range(VAE_WINDOWS)
    ]
    weights = [1 + ON_DEFECT * (window.defect > 0).astype(np.float32) for window in windows]
    return np.stack([window.target for window in windows]), np.stack(weights)


def _vae_loss(vae: Any, x: Any, weights: Any) -> Any:
    latents = vae.encode(x).latent_dist
    out = vae.decode(latents.sample()).sample
    error = (weights * ((out - x).abs() + 2 * (out - x).square())).mean()
    return error + 1e-5 * latents.kl().mean()


@torch.no_grad()
def _scale(vae: Any, pixels: Any) -> None:
    x = torch.from_numpy(pixels[:200]).permute(0, 3, 1, 2).float() / 127.5 - 1
    vae.register_to_config(scaling_factor=float(1 / vae.encode(x).latent_dist.mode().std()))


def make_base(out: Path, vae: Path) -> Path:
    """A diffusers folder of the trained autoencoder and a random UNet and text encoder."""
    from diffusers import AutoencoderKL, StableDiffusionInpaintPipeline

    from tests.sd.tiny import tiny_scheduler, tiny_text_encoder, tiny_tokenizer, tiny_unet

    folder = out / "base"
    if not (folder / "model_index.json").is_file():
        unet = tiny_unet("sd", 9, UNET_WIDTHS)
        unet.register_to_config(sample_size=SIDE // FACTOR)
        StableDiffusionInpaintPipeline(
            vae=AutoencoderKL.from_pretrained(vae), text_encoder=tiny_text_encoder(), tokenizer=tiny_tokenizer(),
            unet=unet, scheduler=tiny_scheduler(), safety_checker=None, feature_extractor=None,
            requires_safety_checker=False,
        ).save_pretrained(folder)  # fmt: skip
    return folder


def train_unet(out: Path, source: Path, base: Path, seconds: float, spent: Spent) -> Path:
    """All weights of the UNet; the result as a diffusers folder of its own."""
    from defectgen.train.sd_job import SdFinetuneJob
    from defectgen.train.sd_options import SdFinetuneOptions

    made, folder = out / "unet", out / "trained"
    if folder.is_dir():
        return folder
    options = SdFinetuneOptions(
        str(base), "full", preset="24gb", batch=UNET_BATCH, lr=UNET_LR, budget_s=1e9, windows=UNET_WINDOWS,
        device="cpu", dtype="bf16",
    )  # fmt: skip
    job = SdFinetuneJob(source, made, options, resume=(made / "work").is_dir())
    for lap in job.run():
        spent.note("unet")
        print(f"unet step {lap.step} loss {lap.loss:.4f} val {lap.val_loss} {spent.of('unet'):.0f} s", flush=True)
        if spent.of("unet") > seconds:
            break
    shutil.copy(made / "work" / "log.jsonl", out / "log.jsonl")
    info = job.finish()
    spent.numbers |= {"steps": info.steps_trained, "val before": info.val_loss[0], "val after": info.val_loss[1]}
    shutil.copytree(base, out / "part")
    shutil.copytree(made / "unet", out / "part" / "unet", dirs_exist_ok=True)
    (out / "part").rename(folder)
    spent.note("unet")
    return folder


def test_shots(source: Path) -> tuple[list[Shot], list[Shot]]:
    """Pictures of the test split: with cracks, and good ones."""
    owner, found = DefectSet(source), ([], [])
    for record in owner.records():
        if record.split == "test":
            mask = owner.mask(record)
            defects = (("crack", mask),) if mask is not None and mask.any() else ()
            rgb = to_rgb8(owner.image(record).pixels)
            picture = RealPicture("pv", record.group, Path(record.file_name), record.material, rgb, defects)
            found[0 if defects else 1].append(Shot(picture, None, record.text))
    return found


def paired_windows(source: Path) -> Iterator[tuple[SdWindow, str, SdWindow]]:
    """A real window with its group, and a good window of another picture with the same mask to fill."""
    cracked, good = test_shots(source)
    for i in range(SAMPLES):
        rng = np.random.default_rng([3, i])
        shot = cracked[i % len(cracked)]
        real = defect_window([shot], WORDS, SIDE, rng)
        clean = good[int(rng.integers(len(good)))].picture
        pixels = cut_out(clean.rgb, cut_anywhere(clean.rgb.shape[:2], SIDE, rng), SIDE)
        hole = _cells(real.defect)
        text = f"crack on {clean.material}"
        yield real, shot.picture.group, replace(real, target=pixels, good=pixels, hole=hole, text=text)


def _cells(mask: Any) -> Any:
    """The mask grown as the engine grows it, in whole latent cells."""
    import cv2

    grown = cv2.dilate(mask, np.ones((4 * BAND_PX + 1,) * 2, np.uint8)).reshape(*2 * (SIDE // FACTOR, FACTOR))
    return grown.max((1, 3)).repeat(FACTOR, 0).repeat(FACTOR, 1)


def samples_of(folder: Path, windows: list[SdWindow], kept: Path) -> list[Any]:
    """Every window filled by plain diffusers; kept on the disk, so that a stopped run goes on."""
    from diffusers import StableDiffusionInpaintPipeline

    kept.mkdir(exist_ok=True)
    pipe = StableDiffusionInpaintPipeline.from_pretrained(folder, safety_checker=None, use_safetensors=True)
    pipe.set_progress_bar_config(disable=True)
    for start in range(0, len(windows), AT_ONCE):
        part = windows[start : start + AT_ONCE]
        places = [kept / f"{start + i:03d}.png" for i in range(len(part))]
        if not all(place.is_file() for place in places):
            images = pipe(
                [w.text for w in part], [Image.fromarray(w.good) for w in part],
                [Image.fromarray(w.hole) for w in part], height=SIDE, width=SIDE, strength=1.0,
                num_inference_steps=STEPS, guidance_scale=GUIDANCE,
                generator=[torch.Generator().manual_seed(start + i) for i in range(len(part))],
            ).images  # fmt: skip
            for image, place in zip(images, places, strict=True):
                image.save(place)
    return [np.asarray(Image.open(kept / f"{i:03d}.png")) for i in range(len(windows))]


@torch.no_grad()
def decoded(vae_folder: Path, pictures: list[Any]) -> list[Any]:
    """Pictures after the autoencoder alone: as near to the real ones as samples can come."""
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(vae_folder).eval()
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    out = torch.cat([vae(part).sample for part in x.split(16)])
    pixels = 127.5 * (out.clamp(-1, 1) + 1).permute(0, 2, 3, 1)
    return list(pixels.round().to(torch.uint8).numpy())


def measure(real: list[Any], groups: list[str], arms: dict[str, list[Any]]) -> dict[str, dict[str, float]]:
    """KID of each arm, with 95% intervals over groups, and of the untrained less the trained, drawn together."""
    from defectgen.metric.bootstrap import draw_groups, group_index, interval_of
    from defectgen.metric.kid import kid, kid_replicates
    from defectgen.metric.lite0 import lite0

    extractor = lite0()
    features = {name: extractor.extract(pictures)[0] for name, pictures in {"real": real, **arms}.items()}
    index = group_index(groups, groups)
    weights = draw_groups(index, RESAMPLES, np.random.default_rng(0))
    # Row i of every arm has the mask of real window i, so one draw of groups serves both sides
    drawn = {name: kid_replicates(features["real"], features[name], weights, weights)[1:] for name in arms}
    values = {name: kid(features["real"], features[name]) for name in arms}
    drawn["difference"] = drawn["untrained"] - drawn["trained"]
    values["difference"] = values["untrained"] - values["trained"]
    intervals = {name: interval_of(values[name], drawn[name]) for name in values}
    return {name: {"value": i.value, "low": i.low, "high": i.high} for name, i in intervals.items()}  # type: ignore[dict-item]


def sheet(path: Path, columns: list[list[Any]], rows: int = 12) -> None:
    """good | hole | untrained | trained | real, two by two."""
    lines = [np.hstack([column[i] for column in columns]) for i in range(2 * rows)]
    both = [np.hstack([lines[i], np.full((SIDE, 8, 3), 255, np.uint8), lines[i + rows]]) for i in range(rows)]
    whole = np.vstack(both)
    Image.fromarray(whole).resize((2 * whole.shape[1], 2 * whole.shape[0]), Image.Resampling.NEAREST).save(path)


class Spent:
    """Processor seconds by stage over all runs, and numbers to report, in a file."""

    def __init__(self, path: Path) -> None:
        self.path, self._mark = path, time.process_time()
        kept = json.loads(path.read_text()) if path.is_file() else {"seconds": {}, "numbers": {}}
        self.seconds: dict[str, float] = kept["seconds"]
        self.numbers: dict[str, float] = kept["numbers"]

    def start(self) -> None:
        self._mark = time.process_time()

    def of(self, stage: str) -> float:
        return self.seconds.get(stage, 0.0) + time.process_time() - self._mark

    def note(self, stage: str) -> None:
        self.seconds[stage] = self.of(stage)
        self._mark = time.process_time()
        self.path.write_text(json.dumps({"seconds": self.seconds, "numbers": self.numbers}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=18.0)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    spent, seconds = Spent(asked.out / "spent.json"), 60 * asked.minutes * 0.9
    source = make_set(asked.out)
    spent.start()
    base = make_base(asked.out, train_vae(asked.out, source, VAE_SHARE * seconds, spent))
    trained = train_unet(asked.out, source, base, (1 - VAE_SHARE) * seconds, spent)
    real, groups, empty = (list(column) for column in zip(*paired_windows(source), strict=True))
    pictures = [window.target for window in real]
    arms = {
        "trained": samples_of(trained, empty, asked.out / "trained-samples"),
        "untrained": samples_of(base, empty, asked.out / "untrained-samples"),
        "good windows, nothing painted": [window.good for window in empty],
        "real, through the autoencoder": decoded(asked.out / "vae", pictures),
    }
    spent.note("samples")
    holes = [np.repeat(window.hole[..., None], 3, 2) for window in empty]
    goods = arms["good windows, nothing painted"]
    sheet(asked.out / "sheet.png", [goods, holes, arms["untrained"], arms["trained"], pictures])
    found = measure(pictures, groups, arms)
    spent.note("measure")
    (asked.out / "result.json").write_text(json.dumps({
        "kid": found, "n": len(pictures), "groups": len(set(groups)), **spent.numbers, "seconds": spent.seconds,
        "log": [json.loads(line) for line in (asked.out / "log.jsonl").read_text().splitlines()],
    }, indent=1))  # fmt: skip
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
