"""Makers: every engine, tool and control of the table as one function from a case and a good window to a picture.

Engines of the package go the way that `synth` goes: their edit is composed into the good window and settled by the
label audit; no attempt is thrown away. Other tools' pictures and masks are taken as the tools give them.

    plain-paste      a real training defect of the class at its own size, under its own mask
    seamless         the same through cv2.seamlessClone
    pyimgano-alpha   pyimgano's own defect, at a place of its own choice
    inpaint          cv2.inpaint of the good window under the prescribed mask
    real-train       no generator: real windows of the groups that training saw, what a perfect engine would score
    untouched        no generator: the good windows, what the background alone gives away
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from bench import Bench, Real
from cases import U8, Case, Mask, usual_severity, window

from defectgen.arm.donor import cut_donor
from defectgen.arm.paste import feathered, placed, seamless
from defectgen.arm.pyimgano_tool import pyimgano_defect
from defectgen.compose import band_px_of, paste
from defectgen.engine.compact import CompactEngine
from defectgen.engine.copy_paste import CopyPasteEngine
from defectgen.engine.perlin import PerlinEngine
from defectgen.engine.render import RenderEngine
from defectgen.engine.window import Engine
from defectgen.image import to_rgb
from defectgen.label_audit import settle
from defectgen.mask.placement import Instance
from defectgen.noise import noise_sigma
from defectgen.train.pair import WINDOW_PX
from defectgen.window_plan import Group

__all__ = ["CONTROLS", "ENGINES", "Made", "Maker", "make_maker"]

ENGINES = ("compact", "render", "copy-paste", "plain-paste", "seamless", "perlin", "pyimgano-alpha", "inpaint")
CONTROLS = ("real-train", "untouched")
PRESETS = {"blowhole": "pit", "pitting": "pit", "break": "stain", "dark cell area": "stain"}  # else "crack"


@dataclass(frozen=True)
class Made:
    """picture (S, S, 3) uint8; the mask it comes with, (S, S) bool. kept: the label audit's verdict, if one was asked.
    prescribed_iou: of the delivered and the prescribed mask. outside_px: changed beyond the band."""

    picture: U8
    mask: Mask
    kept: bool | None = None
    prescribed_iou: float | None = None
    outside_px: int | None = None


Maker = Callable[[Case, U8, int], Made]


def make_maker(name: str, bench: Bench, compact: dict[str, Any]) -> Maker:
    """compact: options of `CompactEngine`."""
    if name == "compact":
        return _ours(CompactEngine(**compact))
    if name == "render":
        return _ours(RenderEngine(WINDOW_PX))
    if name == "perlin":
        return _ours(PerlinEngine(WINDOW_PX))
    if name == "copy-paste":
        banks = {one.name: _bank(bench.training, one.name) for one in bench.cases}
        engines = {key: _ours(CopyPasteEngine(bank, WINDOW_PX)) for key, bank in banks.items()}
        return lambda case, good, seed: engines[case.name](case, good, seed)
    others: dict[str, Maker] = {
        "plain-paste": lambda case, good, seed: _pasted(case, good, _donor(bench, case, seed), clone=False),
        "seamless": lambda case, good, seed: _pasted(case, good, _donor(bench, case, seed), clone=True),
        "pyimgano-alpha": _pyimgano,
        "inpaint": _inpainted,
        "untouched": lambda case, good, seed: Made(good, case.pair.alpha > 127),
    }
    return others[name]


def compose(engine: Engine, case: Case, good: U8, seed: int) -> Made:
    """One edit, composed and settled as `synth` does it."""
    edited = engine.edit([window(case, seed, good=good, severity=usual_severity(seed))])[0]
    unit, side = to_rgb(good), good.shape[0]
    whole = Instance(case.shape, (0, 0, side, side), 0.5, 0.0)
    group = Group((0,), ((0, 0, side, side),), 1.0)
    rng = np.random.default_rng([seed, 3])
    out = paste(good, [whole], [group], [[unit]], [[edited]], rng).pixels
    prescribed = np.asarray(case.shape.alpha >= 0.5)
    found = settle(good, out, prescribed, band_px_of(group), noise_sigma(unit))
    verdict = found.audit
    return Made(
        np.asarray(found.pixels, np.uint8), prescribed, verdict.reason is None, verdict.prescribed_iou,
        verdict.outside_changed_px,
    )  # fmt: skip


def _ours(engine: Engine) -> Maker:
    return lambda case, good, seed: compose(engine, case, good, seed)


def _of_class(training: Sequence[Real], name: str) -> list[Real]:
    return [one for one in training if one.name == name] or list(training)


def _bank(training: Sequence[Real], name: str) -> list[tuple[Any, Mask]]:
    return [(to_rgb(one.picture), one.alpha > 127) for one in _of_class(training, name)]


def _donor(bench: Bench, case: Case, seed: int) -> Real:
    rng = np.random.default_rng([seed, 11])
    own = _of_class(bench.training, case.name)
    return own[int(rng.integers(len(own)))]


def _pasted(case: Case, good: U8, donor: Real, *, clone: bool) -> Made:
    """The donor's defect around the middle of the prescribed mask, moved as far as the window's border asks for."""
    patch, mask = cut_donor(donor.picture, donor.alpha > 127)
    x, y, w, h = cv2.boundingRect((case.pair.alpha > 127).astype(np.uint8))
    height, width = mask.shape
    top = int(np.clip(y + h // 2 - height // 2, 0, good.shape[0] - height))
    left = int(np.clip(x + w // 2 - width // 2, 0, good.shape[1] - width))
    at = top, left
    out = seamless(good, patch, mask, at) if clone else feathered(good, patch, mask, at, feather_px=0, tone=False)
    return Made(out, placed(mask, at, good.shape))


def _pyimgano(case: Case, good: U8, seed: int) -> Made:
    rng = np.random.default_rng([seed, 12])
    return Made(*pyimgano_defect(good, PRESETS.get(case.name, "crack"), rng))


def _inpainted(case: Case, good: U8, seed: int) -> Made:
    hole = case.pair.alpha > 127
    return Made(np.asarray(cv2.inpaint(good, hole.astype(np.uint8), 5, cv2.INPAINT_TELEA), np.uint8), hole)
