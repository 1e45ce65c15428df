"""RESULT.md from what `train_tiny.py` measured.

    python eval/sd/report.py out/sd-tiny/result.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ARMS = {
    "untrained": "holes filled by the untrained UNet",
    "trained": "holes filled by the trained UNet",
    "good windows, nothing painted": "the good windows, nothing painted",
    "real, through the autoencoder": "the real windows themselves, through the autoencoder",
}


def text_of(found: dict[str, Any]) -> str:
    kid = found["kid"]
    rows = "\n".join(f"| {words} | {_interval(kid[name])} |" for name, words in ARMS.items())
    laps = found["log"]
    picked = [laps[i] for i in sorted({round(k * (len(laps) - 1) / 6) for k in range(7)})]
    curve = "\n".join(
        f"| {lap['step']} | {lap['loss']:.4f} | {'-' if lap['val_loss'] is None else format(lap['val_loss'], '.4f')} |"
        for lap in picked
    )
    minutes = {name: seconds / 60 for name, seconds in found["seconds"].items()}
    spent = ", ".join(f"{name} {value:.1f}" for name, value in minutes.items())
    difference = kid["difference"]
    verdict = "better than" if difference["low"] > 0 else "not shown to be better than"
    trained, good = kid["trained"], kid["good windows, nothing painted"]
    limit = (
        "Its samples are still farther from the real windows than the good windows left as they are: this many steps "
        "teach it light and dark, not yet the cells' texture." if trained["value"] > good["value"] else
        "Its samples are nearer to the real windows than the good windows left as they are."
    )  # fmt: skip
    return f"""# A tiny Stable Diffusion, trained for real

Made by `python eval/sd/train_tiny.py`: real classes of diffusers (AutoencoderKL, UNet2DConditionModel with 9 channels,
CLIPTextModel), small and randomly initialised, trained on the cracks of pv-vision on one CPU thread. How is written at
the head of the script. What it shows is that the trainer learns and that plain diffusers samples what it wrote; how
good a full checkpoint becomes, it does not show.

Processor minutes: {spent}. The autoencoder took
{found["vae steps"]} steps, the UNet's best weights {found["steps"]}.

## Loss

Weighted by mask and rim. On validation windows, of solar modules that nothing is trained on, at fixed times and noises:
{found["val before"]:.4f} before, {found["val after"]:.4f} after.

| step | training | validation |
|--:|--:|--:|
{curve}

## Samples

{found["n"]} good windows of test modules, each with a real test crack's mask ({found["groups"]} modules), filled by
`StableDiffusionInpaintPipeline`, against the real windows. KID on EfficientNet-Lite0 features, unbiased, with 95%
intervals over draws of modules; row i of each set has the mask of real window i.

| against real windows with a crack | KID-Lite0 |
|---|--:|
{rows}

Untrained less trained, drawn together: {_interval(difference)}. The trained model is {verdict} its untrained state.
{limit}
"""


def _interval(one: dict[str, float]) -> str:
    return f"{one['value']:.4f} [{one['low']:.4f}, {one['high']:.4f}]"


if __name__ == "__main__":
    (HERE / "RESULT.md").write_text(text_of(json.loads(Path(sys.argv[1]).read_text())))
