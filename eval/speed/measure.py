"""How fast, how heavy: one run measures everything that RESULT.md says about time and memory.

    python eval/speed/measure.py                  the numbers that are committed (about 15 minutes on two cores)
    python eval/speed/measure.py --large 40       a quicker look

Seconds a kept sample are taken between the first and the last kept sample of one run at default settings, on good
parts of 256 px, so that start-up is left out; it is counted in the cold command's time instead. The yardstick is an
inpainting U-Net of Stable Diffusion 1.5's size with random weights: a few steps are timed on 64 x 64 latents with
guidance (batch 2) and extrapolated to 25.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROMPT = "hairline crack on brushed aluminum"
SD_STEPS = 25
PART_PX = 256


@dataclass(frozen=True)
class Run:
    """One cold command: seconds until its first image, seconds in all, and the peak of its resident memory."""

    n: int
    first_s: float
    total_s: float
    peak_mib: float


def write_parts(folder: Path, count: int = 8) -> None:
    """Square 256 px cuts of the part library's brushed aluminum."""
    from PIL import Image

    from defectgen.parts import library_parts

    folder.mkdir(parents=True)
    parts = library_parts("brushed-aluminum")
    for i in range(count):
        with Image.open(parts[i % len(parts)]) as part:
            left = (part.width - PART_PX) // 2
            top = (part.height - PART_PX) * (i // len(parts)) // max(1, count // len(parts))
            part.crop((left, top, left + PART_PX, top + PART_PX)).save(folder / f"part-{i:02d}.png")


def seconds_per_sample(parts: Path, out: Path, n: int, engine: str) -> dict[str, float]:
    from defectgen.run import synth

    kept: list[float] = []
    result = synth(
        PROMPT, on=parts, n=n, engine=engine, out=out,
        on_event=lambda event: kept.append(time.perf_counter()) if event.kind == "kept" else None,
    )  # fmt: skip
    return {
        "seconds": (kept[-1] - kept[0]) / max(1, len(kept) - 1),
        "kept": result.kept,
        "rejected": sum(result.rejected.values()),
    }


def sd_seconds(steps: int) -> dict[str, Any]:
    """Median seconds of one guided step of the yardstick, in the compact model's number format, and of a picture."""
    import torch
    from diffusers import UNet2DConditionModel

    from defectgen.model.device import pick_dtype, set_threads

    set_threads()
    dtype = pick_dtype("cpu")
    unet = UNet2DConditionModel(
        sample_size=64, in_channels=9, out_channels=4, cross_attention_dim=768, attention_head_dim=8
    )
    unet = unet.to(dtype, memory_format=torch.channels_last).eval()
    latents, words = torch.randn(2, 9, 64, 64, dtype=dtype), torch.randn(2, 77, 768, dtype=dtype)
    times = []
    with torch.inference_mode():
        for _ in range(steps + 1):
            start = time.perf_counter()
            unet(latents, 500, encoder_hidden_states=words)
            times.append(time.perf_counter() - start)
    step = statistics.median(times[1:])
    parameters = sum(p.numel() for p in unet.parameters())
    return {"step_s": step, "picture_s": SD_STEPS * step, "parameters": parameters, "dtype": str(dtype)}


def cold_run(parts: Path, out: Path, n: int, engine: str) -> Run:
    """Runs the command in a process of its own and watches its folder and its memory."""
    command = [sys.executable, "-m", "defectgen", "synth", PROMPT, "--on", str(parts), "-n", str(n)]
    start = time.perf_counter()
    child = subprocess.Popen([*command, "--engine", engine, "--out", str(out)], stdout=subprocess.DEVNULL)
    first = None
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if first is None and any((out / "images").glob("*.png")):
            first = time.perf_counter() - start
        if pid:
            break
        time.sleep(0.02)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0 or first is None:
        raise SystemExit(f"the command for n = {n} ended with exit code {child.returncode}")
    scale = 1 / 1024 if platform.system() == "Linux" else 1 / 1024**2
    return Run(n, first, time.perf_counter() - start, usage.ru_maxrss * scale)


def measure(args: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        parts = work / "parts"
        write_parts(parts)
        # First, while this process is small: what it holds is counted as the peak of a child that it starts
        runs = [cold_run(parts, work / f"cold-{n}", n, args.engine) for n in (1, args.small, args.large)]
        ours = seconds_per_sample(parts, work / "rate", args.rate, args.engine)
    yardstick = sd_seconds(args.sd_steps)

    import torch

    return {
        "engine": args.engine,
        "threads": torch.get_num_threads(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "command": " ".join(["python eval/speed/measure.py", *sys.argv[1:]]),
        "sample": ours,
        "yardstick": yardstick,
        "ratio": yardstick["picture_s"] / ours["seconds"],
        "runs": [asdict(run) for run in runs],
    }


def report(result: dict[str, Any]) -> str:
    """RESULT.md of one result."""
    ours, sd, runs = result["sample"], result["yardstick"], result["runs"]
    first, small, large = runs
    growth = large["peak_mib"] / small["peak_mib"] - 1
    return f"""# Speed and memory

Made by `{result["command"]}`; engine `{result["engine"]}`, default settings, good parts of {PART_PX} px,
{result["cpus"]} CPUs, {result["threads"]} threads, Python {result["python"]}, torch {result["torch"]}.

| what | measured |
|---|---|
| seconds a kept sample ({ours["kept"]} kept, {ours["rejected"]} attempts rejected) | {ours["seconds"]:.2f} |
| SD 1.5's inpainting U-Net ({sd["parameters"] / 1e6:.0f}M, {sd["dtype"]}), a guided step | {sd["step_s"]:.2f} s |
| the same, {SD_STEPS} steps (extrapolated) | {sd["picture_s"]:.0f} s |
| ratio | {result["ratio"]:.0f} x |
| cold command to its first sample | {first["first_s"]:.1f} s |
| peak memory, n = {small["n"]} | {small["peak_mib"]:.0f} MiB |
| peak memory, n = {large["n"]} | {large["peak_mib"]:.0f} MiB ({growth:+.1%}) |
| whole command, n = {large["n"]} | {large["total_s"]:.0f} s |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="compact")
    parser.add_argument("--rate", type=int, default=40, help="samples for the rate")
    parser.add_argument("--small", type=int, default=4, help="n of the smaller memory run")
    parser.add_argument("--large", type=int, default=400, help="n of the larger memory run")
    parser.add_argument("--sd-steps", type=int, default=3, help="timed steps of the yardstick")
    parser.add_argument("--out", type=Path, default=HERE)
    args = parser.parse_args()
    result = measure(args)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    (args.out / "RESULT.md").write_text(report(result))
    print(report(result))


if __name__ == "__main__":
    main()
