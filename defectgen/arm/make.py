"""Making an arm: from a draw's shots to n synthetic pictures of each type, kept under the hash of what decides them.

    <work>/goods-<hash>, shots-<hash>     links: good pictures, and the shots alone, for the mask bank
    <work>/<arm>-<hash>/type-<name>       one run a type, which more samples can be added to
    <work>/<arm>-<hash>/set-<n>           the arm's set

The hash is of the shots' content, the arm, the seed and what else decides a sample; n is not in it, as sample i does
not depend on it. What is there already is not made again, and a run that was killed goes on.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from defectgen.arm.draw import Draw, Watch
from defectgen.arm.hold import hold
from defectgen.arm.joining import join
from defectgen.arm.kinds import run_maker
from defectgen.arm.options import ARMS, BASES, SANITY, ArmOptions
from defectgen.arm.sanity import duplicate, mislabel
from defectgen.dataset.defect_set import DefectSet, is_defect_set
from defectgen.engine.render import DRAWING
from defectgen.errors import InputError
from defectgen.record import MANIFEST

__all__ = ["is_made", "make_arm"]

MOST_TRIES = 3
"""Times that samples given up are made up for by further ones."""


def make_arm(
    name: str, shots: DefectSet, n: int, seed: int, work: Path, options: ArmOptions | None = None,
    watch: Watch = lambda line: None,
) -> DefectSet:  # fmt: skip
    """The set of an arm: n pictures of each type of the shots, as far as its engine finds room for them.

    name: one of ARMS or SANITY. shots: a set of the draw's training pictures alone, good ones and shots (`shots_set`).
    watch: told in a line what is being done. The set's manifest counts its samples; the shots' names are its types.
    InputError for an unknown arm, shots without good pictures or masks, a picture kept from training, a missing tool,
    and a type of which no sample could be made.
    """
    if name not in (*ARMS, *SANITY):
        raise InputError(f"arm {name!r} is unknown; use one of {', '.join((*ARMS, *SANITY))}")
    if n < 1:
        raise InputError(f"arm {name}: n is {n}; expected at least 1 picture of each type")
    draw = Draw.of(shots, seed, work, options or ArmOptions(), watch)
    if name in SANITY:
        return _sanity(name, draw, n)
    adapter = draw.adapter() if name == "compact" else None
    folder = draw.folder(name, _decided_by(name, draw))
    if is_defect_set(folder / f"set-{n}"):
        return DefectSet(folder / f"set-{n}")
    with hold(work / f".{folder.name}.lock"):
        runs = _runs(name, draw, n, folder, adapter)
        return join(runs, draw.goods, n, folder / f"set-{n}", {"arm": name, "shots": draw.sha256, "seed": seed})


def is_made(name: str, shots: DefectSet, n: int, seed: int, work: Path, options: ArmOptions | None = None) -> bool:
    """Whether `make_arm` would find the set made, and only read it."""
    draw = Draw.of(shots, seed, work, options or ArmOptions(), lambda line: None)
    return is_defect_set(draw.folder(name, _decided_by(name, draw)) / f"set-{n}")


def _decided_by(name: str, draw: Draw) -> str:
    """What else decides the samples of an arm: how drafts are drawn; of the compact model its adapter or weights, and
    its sampling."""
    base = BASES.get(name)
    if base == "render":
        return DRAWING
    if base != "compact":
        return ""
    from defectgen.engine.compact import SAMPLING
    from defectgen.model.checkpoint import default_weights, verify

    model = draw.adapter_path().name if name == "compact" else verify(default_weights()).weights_sha256
    return f"{model}, {SAMPLING}, {DRAWING}"


def _runs(name: str, draw: Draw, n: int, folder: Path, adapter: Path | None) -> dict[str, Path]:
    """The folder of each type's run, with n samples in it as far as they could be made."""
    make, runs = run_maker(name, draw, adapter), {}
    for defect in draw.types:
        run = folder / f"type-{quote(defect, safe='')}"
        draw.watch(f"{n} pictures of {defect} by {name}")
        wanted = max(n, _made(run))
        for _ in range(MOST_TRIES):
            make(defect, wanted, run)
            kept = len(DefectSet(run))
            if kept >= n:
                break
            wanted += n - kept
        if not kept:
            raise InputError(f"arm {name} made no sample of {defect!r}; see {run / 'rejected.jsonl'} for the reasons")
        runs[defect] = run
    return runs


def _made(run: Path) -> int:
    """How many samples an earlier run was asked for, finished or not."""
    path = run / MANIFEST
    return int(json.loads(path.read_text("utf-8"))["config"]["n"]) if path.is_file() else 0


def _sanity(name: str, draw: Draw, n: int) -> DefectSet:
    out = draw.folder(name) / f"set-{n}"
    if is_defect_set(out):
        return DefectSet(out)
    if name == "duplicate":
        out.parent.mkdir(parents=True, exist_ok=True)
        return duplicate(draw.masks, draw.types, n, out)
    base = make_arm("copy-paste", draw.shots, n, draw.seed, draw.work, draw.options, draw.watch)
    out.parent.mkdir(parents=True, exist_ok=True)
    return mislabel(base, name, draw.seed, out)
