"""How long a model of Stable Diffusion 1.5's size takes on this machine, and how much memory: the table behind `plan`.

    python eval/speed/sd.py                 on the accelerator, if there is one
    python eval/speed/sd.py --device cpu    processor seconds, on one thread with OMP_NUM_THREADS=1

writes SD.json, SD.md, and `defectgen/sd/speed.json`, which is what the installed tool reads. Measurements of other
devices that the table holds already are kept.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from defectgen.model.device import pick_device
from defectgen.sd.plan_measure import measure
from defectgen.sd.plan_speed import Speed

HERE = Path(__file__).resolve().parent
TABLES = (HERE / "SD.json", HERE.parents[1] / "defectgen" / "sd" / "speed.json")


def text_of(speeds: list[Speed]) -> str:
    lines = [
        f"| {s.device} | {s.work} | {s.dtype} | {s.attention} | {s.batch} | {'yes' if s.checkpointing else 'no'} "
        f"| {s.seconds:.3g} s | {s.rate / 1e12:.3g} | {s.traced / 2**20:.0f} | "
        f"{'not measured' if s.measured is None else f'{s.measured / 2**20:.0f}'} |"
        for s in speeds
    ]  # fmt: skip
    return (
        "# A model of Stable Diffusion 1.5's size: time and memory of one pass\n\nMade by `python eval/speed/sd.py` on "
        "each device; random weights, 512 px, 9 channels. infer: the UNet once (batch 2 is a guided step). train: LoRA "
        "of rank 8, forward and backward. decode: the autoencoder. On a CPU, seconds are of the processor. traced: "
        "what `defectgen plan` computes without running; peak: the allocator's, beyond weights.\n\n"
        "| device | work | dtype | attention | batch | checkpointing | time | TFLOP/s | traced MiB | peak MiB |\n"
        "|---|---|---|---|--:|---|--:|--:|--:|--:|\n" + "\n".join(lines) + "\n\nversions: "
        + ", ".join(sorted({s.versions for s in speeds})) + "\n"
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    found = []
    for speed in measure(pick_device(asked.device), asked.repeats):
        print(f"{speed.work} {speed.dtype} {speed.attention} batch {speed.batch}: {speed.seconds:.3g} s", flush=True)
        found.append(speed)
    kept = [Speed.model_validate(s) for s in json.loads(TABLES[0].read_text())] if TABLES[0].is_file() else []
    found += [speed for speed in kept if speed.device != found[0].device]
    for table in TABLES:
        table.write_text(json.dumps([speed.model_dump() for speed in found], indent=1) + "\n")
    (HERE / "SD.md").write_text(text_of(found))


if __name__ == "__main__":
    main()
