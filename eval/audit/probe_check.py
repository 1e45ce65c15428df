"""The probes on what is known: real against real, real pictures damaged on purpose, and sets of several tools.

    python eval/audit/probe_check.py FOLDER ...     FOLDER/real is an imported, split set; its other folders are sets
    python eval/audit/probe_check.py FOLDER --only compact render

Controls are made of the real set itself: its groups are cut in two, one half is damaged and plays the generated set.
Test pictures are left out. What is measured already is kept in probe_check.json, so that sets can be added one by one;
PROBE.md is the page. Heat maps go to out/probe/ and are never committed.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from defectgen.image import encode_png
from defectgen.metric.collection import Collection, open_collection
from defectgen.metric.extractor import Extractor
from defectgen.metric.lite0 import lite0
from defectgen.metric.probe import READ, probes, realism_probe
from defectgen.metric.probe_window import read_windows
from defectgen.metric.residual import ResidualExtractor
from defectgen.metric.result import Fingerprint, Interval, ProbeResult

HERE = Path(__file__).parent
STORE, PAGE = HERE / "probe_check.json", HERE / "PROBE.md"
MAPS = HERE.parents[1] / "out" / "probe"
SEED = 0
F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Damage = Callable[[U8], U8]


class Remembering:
    """An extractor that looks at each picture once."""

    def __init__(self, inner: Extractor) -> None:
        self._inner = inner
        self._known: dict[bytes, F32] = {}
        self.label: str = inner.label
        self.fingerprint: Fingerprint = inner.fingerprint

    def extract(self, pictures: Sequence[U8]) -> tuple[F32, F32 | None]:
        keys = [hashlib.sha256(str(one.shape).encode() + one.tobytes()).digest() for one in pictures]
        new = {key: one for key, one in zip(keys, pictures, strict=True) if key not in self._known}
        if new:
            self._known.update(zip(new, self._inner.extract(list(new.values()))[0], strict=True))
        return np.stack([self._known[key] for key in keys]), None


def untouched(picture: U8) -> U8:
    return picture


def recompressed(picture: U8) -> U8:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=75)
    return np.asarray(Image.open(buffer).convert("RGB"))


def blurred(picture: U8) -> U8:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.7))


def resampled(picture: U8) -> U8:
    """There and back by 10%, as a generator of fixed size does."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (round(0.9 * width), round(0.9 * height)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))


def noised(picture: U8) -> U8:
    noise = np.random.default_rng(int(picture.sum())).normal(0, 2, picture.shape[:2])[..., None]
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


CONTROLS: dict[str, Damage] = {
    "nothing": untouched,
    "JPEG 75 once more": recompressed,
    "blur, sigma 0.7 px": blurred,
    "90% and back": resampled,
    "noise, sigma 2 levels": noised,
}


def halves(real: Collection) -> tuple[Collection, Collection]:
    groups = sorted({item.group for item in real.items})
    drawn = np.random.default_rng(SEED).permutation(len(groups))
    first = {groups[i] for i in drawn[: len(groups) // 2]}
    return real.keep(lambda item: item.group in first), real.keep(lambda item: item.group not in first)


def damaged(collection: Collection, damage: Damage, folder: Path) -> Collection:
    items = []
    for number, item in enumerate(collection.items):
        file = folder / f"{number:05d}.png"
        file.write_bytes(encode_png(damage(item.pixels())))
        items.append(replace(item, image=file))
    return replace(collection, items=tuple(items))


def control(real: Collection, damage: Damage, eyes: dict[str, Extractor]) -> list[ProbeResult]:
    """The realism probe alone: half of the defect pictures, damaged, against the other half."""
    ours, theirs = halves(real.defective)
    with tempfile.TemporaryDirectory() as folder:
        spoiled = damaged(ours, damage, Path(folder))
        sides = [read_windows(side, list(eyes.values()), READ, SEED) for side in (spoiled, theirs)]
    return [
        realism_probe(
            sides[0].features[at], sides[1].features[at], cues=(sides[0].cues, sides[1].cues), kind=kind, seed=SEED
        )
        for at, kind in enumerate(eyes)
    ]


def measure(folder: Path, only: Sequence[str], store: dict[str, dict[str, object]]) -> None:
    real = open_collection(folder / "real").without_split("test")
    eye = Remembering(lite0())
    eyes: dict[str, Extractor] = {"realism": eye, "realism-noise": Remembering(ResidualExtractor())}
    for name, damage in CONTROLS.items():
        if not only or name in only:
            note(store, folder.name, f"real, {name}", lambda d=damage: control(real, d, eyes))
    for path in sorted(path for path in folder.iterdir() if path.is_dir() and path.name != "real"):
        if not only or path.name in only:
            synth = open_collection(path)
            same = real.keep(lambda item, s=synth: item.is_good or item.defect in s.defects)
            note(store, folder.name, path.name, lambda s=synth, r=same: list(probes(s, r, eye, seed=SEED)))


def note(store: dict[str, dict[str, object]], folder: str, name: str, find: Callable[[], list[ProbeResult]]) -> None:
    key = f"{folder}: {name}"
    if key in store:
        return
    begun, wall = time.process_time(), time.time()
    found = find()
    seconds = time.process_time() - begun
    for one in found:
        save_maps(one, MAPS / folder / name)
    rows = [one.model_copy(update={"heat_maps": ()}).model_dump() for one in found]
    store[key] = {"set": folder, "name": name, "cpu_s": round(seconds, 1), "probes": rows}
    STORE.write_text(json.dumps(store, indent=1) + "\n")
    print(f"{key}: {seconds:.0f} s of processor time, {time.time() - wall:.0f} s", flush=True)


def save_maps(result: ProbeResult, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, (_, png) in enumerate(result.heat_maps):
        (folder / f"{result.kind}-{number}.png").write_bytes(base64.b64decode(png))


KINDS = ("realism", "realism-noise", "artefact", "artefact-noise")


def page(store: dict[str, dict[str, object]]) -> str:
    lines = [
        "# The probes on what is known",
        "",
        "Made by `python eval/audit/probe_check.py`. AUROC of telling the set's windows from real ones, held out by",
        "groups, with its 95% interval; in brackets what two halves of the real windows give (95% of repeats). 0.5 is",
        "what one hopes for. *noise*: by residual statistics instead of Lite0 features. n: windows a side of the first",
        "column. Rows *real, ...* are controls: half of the real defect pictures, damaged so, against the other half.",
        "",
        "A value inside its brackets is one that two sets of real windows reach too. Windows of few groups make wide",
        "brackets. The real windows hold other parts than the good ones that the sets were made on: where heat maps of",
        "*realism-noise* lie beside the defect, it is the surface of those parts that differs.",
        "",
    ]
    for folder in dict.fromkeys(str(entry["set"]) for entry in store.values()):
        lines += [f"## {folder}", "", f"| set | n | {' | '.join(KINDS)} |", "|---" * (len(KINDS) + 2) + "|"]
        lines += [row(entry) for entry in store.values() if entry["set"] == folder]
        lines.append("")
    total = sum(float(str(entry["cpu_s"])) for entry in store.values())
    return "\n".join([*lines, f"{total:.0f} s of processor time in all, one thread.", ""])


def row(entry: dict[str, object]) -> str:
    listed = entry["probes"]
    assert isinstance(listed, list)
    found = {one["kind"]: ProbeResult.model_validate(one) for one in listed}
    first = next(iter(found.values()))
    return f"| {entry['name']} | {first.n_set} | {' | '.join(cell(found.get(kind)) for kind in KINDS)} |"


def cell(result: ProbeResult | None) -> str:
    if result is None:
        return "-"
    if result.auroc is None or result.floor is None:
        return f"refused: {result.refused}"
    return f"{result.auroc.value:.2f} ({span(result.auroc)}) [{span(result.floor)}]"


def span(interval: Interval) -> str:
    return f"{interval.low:.2f} to {interval.high:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--only", nargs="*", default=(), metavar="NAME", help="sets or controls to measure")
    options = parser.parse_args()
    store = json.loads(STORE.read_text()) if STORE.exists() else {}
    for folder in options.folder:
        measure(folder, options.only, store)
    PAGE.write_text(page(store))


if __name__ == "__main__":
    main()
