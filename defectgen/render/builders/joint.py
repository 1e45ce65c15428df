"""Joints: weld beads and soldered pads."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.builders.stage import swell
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal, frame, grid, noise, speckle, streaks

F32 = NDArray[np.float32]

TOE_PX = 18.0


class Weld(Params):
    """A bead between two plates: metal, width of the bead in pixels, pitch of its ripples, how high it stands.

    heat: strength of the temper colours beside the bead; fillet: share of joints whose plates stand at an angle;
    spatter: drops a pixel. The part is the bead with its toes: a defect of the weld does not lie out on the plate.
    """

    bead: RGB = (0.42, 0.415, 0.405)
    plates: tuple[RGB, ...] = ((0.4, 0.395, 0.39), (0.3, 0.3, 0.3), (0.5, 0.5, 0.5))
    width: float = 270.0
    ripple: float = 22.0
    crown: float = 0.17
    heat: float = 0.7
    fillet: float = 0.3
    spatter: float = 3e-6


@builder("weld", Weld)
def weld(p: Weld, hw: HW, rng: np.random.Generator) -> Surface:
    """Crescent ripples on a crowned bead, its toes uneven, bands of heat on the plates, some smoke and spatter."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.03))
    u, v = frame(hw, angle)
    grit = blurred(hw, rng, 0.8)
    sway = 3 * np.cos(u / 55 + rng.uniform(0, 6)) + 2 * np.cos(u / 23 + rng.uniform(0, 6))
    v = np.asarray(v - v.mean() + np.float32(rng.normal(0, 0.06) * min(hw)) + sway, np.float32)
    half = 0.5 * p.width * float(rng.uniform(0.75, 1.25))
    pitch = p.ripple * float(rng.uniform(0.75, 1.3))
    ripple, each, toe = _ripples(u, v, half, pitch, rng)
    inside = np.clip(half + toe - np.abs(v) + 0.5, 0, 1)
    t = np.asarray(np.clip(np.abs(v) / (half + toe), 0, 1), np.float32)
    crown = p.crown * float(rng.uniform(0.6, 1.2)) * half * (1 - t * t)
    bead_height = crown + (0.16 * pitch) * (1 - 0.5 * t) * (ripple + 0.25 * each) + 0.05 * grit
    plate_height, plate, heat = _plates(p, u, v, np.asarray(np.abs(v) - half, np.float32), rng, angle)
    slag = np.clip(noise(u, v, rng, (14.0, 9.0)) + 0.4 * each - 3.1, 0, 1) * inside
    drops = np.minimum(speckle(hw, rng, p.spatter, (1.5, 3.5)), 1) * (1 - inside)
    tone = 1 + 0.07 * each + 0.1 * (ripple - 0.5) + 0.05 * grit - 0.25 * t**6
    bead = tinted(warm_shift(rng, p.bead, 0.03), tone) * (1 - 0.65 * slag)[..., None]
    bead = bead * (1 - np.float32(0.25 * p.heat) * (1 - _film(0.55 + 0.25 * each + 0.15 * t)))
    albedo = bead * inside[..., None] + plate * (1 - inside)[..., None]
    height = inside * bead_height + (1 - inside) * plate_height + 2.5 * np.sqrt(drops)
    surface = assemble(
        hw, height=height, albedo=albedo, grain=angle, anisotropy=0.3 * (1 - inside),
        metalness=np.clip(0.9 - 0.45 * slag - 0.12 * heat * (1 - inside), 0, 1),
        roughness=0.3 * inside + (1 - inside) * (0.4 + 0.1 * heat) + 0.06 * np.abs(each) + 0.2 * slag,
    )  # fmt: skip
    return replace(surface, foreground=np.abs(v) < half + toe + np.float32(TOE_PX))


def _ripples(u: F32, v: F32, half: float, pitch: float, rng: np.random.Generator) -> tuple[F32, F32, F32]:
    """Ripple in [0, 1], each ripple's own value, and by how much the bead is wider there."""
    bow = float(rng.uniform(0.35, 0.8)) * half * (v / half) ** 2
    way = u + bow * float(rng.choice([-1, 1])) + 0.16 * pitch * noise(u, v, rng, (pitch * 2.2, half * 0.7))
    s = way / pitch + 0.25 * noise(u, np.zeros_like(u), rng, (pitch * 3, 10.0)) + 500
    number = np.asarray(np.floor(s), np.float32)
    phase = s - number
    each = noise(np.asarray(s, np.float32), np.zeros_like(number), rng, (1.0, 10.0))
    ripple = np.asarray(np.minimum(phase / 0.62, (1 - phase) / 0.38), np.float32)
    toe = 0.02 * half * each + 0.035 * half * noise(u, v, rng, (90.0, 4000.0))
    return ripple * ripple * (3 - 2 * ripple), each, np.asarray(toe - 0.012 * half * ripple, np.float32)


def _plates(
    p: Weld, u: F32, v: F32, away: F32, rng: np.random.Generator, angle: float
) -> tuple[F32, F32, F32]:  # fmt: skip
    """Height, albedo (H, W, 3) and heat in [0, 1] of the plates, `away` pixels from the toe."""
    hw = (u.shape[0], u.shape[1])
    grit = blurred(hw, rng, 0.9)
    turn = angle + float(rng.choice([0.0, np.pi / 2]))
    brush = streaks(*frame(hw, turn), rng, 150.0, 1.7)
    marks = hairlines(hw, rng, turn, 1.0, 60.0, 0.5)
    reach = np.float32(rng.uniform(22, 60))
    heat = np.exp(-np.maximum(away + 5 * noise(u, v, rng, (60.0, 40.0)), 0) / reach) * np.float32(p.heat)
    smoke = np.clip(fractal(hw, rng, 90, 4) * 0.5 + 0.4, 0, 1) * np.exp(-np.maximum(away, 0) / np.float32(90))
    colour = warm_shift(rng, p.plates[int(rng.integers(len(p.plates)))], 0.04)
    tone = 1 + 0.04 * brush + 0.03 * grit + 0.05 * fractal(hw, rng, 140, 4) - 0.22 * smoke + 0.08 * marks
    albedo = tinted(colour, tone) * (1 - 0.75 * heat[..., None] * (1 - _film(heat)))
    height = 0.04 * brush + 0.03 * grit + 0.9 * swell(hw, rng, 420) - 0.04 * marks
    if rng.random() < p.fillet:
        height = height + np.float32(rng.uniform(0.25, 0.5)) * np.maximum(np.sign(np.float32(rng.normal())) * v, 0)
    return height, albedo, np.asarray(heat, np.float32)


def _film(heat: F32) -> F32:
    """Temper colours of steel, (H, W, 3) factors, from bare over straw, brown and blue to grey as heat rises."""
    stops = np.array([0.0, 0.2, 0.4, 0.55, 0.7, 1.0])
    straw, brown, blue, pale = (1, 0.82, 0.5), (0.72, 0.45, 0.3), (0.32, 0.36, 0.62), (0.45, 0.5, 0.56)
    colours = np.array([(1, 1, 1), straw, brown, blue, pale, (0.42, 0.42, 0.42)])
    return np.stack([np.interp(heat, stops, colours[:, k]) for k in range(3)], axis=-1).astype(np.float32)


class Solder(Params):
    """Soldered joints on a board: mask colours, pitch of the joints in pixels, and which kind of joint.

    The part is the joints with what lies close about them, and the components.
    """

    masks: tuple[RGB, ...] = ((0.015, 0.11, 0.045), (0.02, 0.14, 0.05), (0.012, 0.05, 0.16), (0.012, 0.014, 0.016))
    kind: Literal["through-hole", "gull-wing", "chip", "mixed"] = "mixed"
    pitch: float = 92.0


@builder("solder", Solder)
def solder(p: Solder, hw: HW, rng: np.random.Generator) -> Surface:
    """Bright fillets in rows: cones around clipped leads, wedges along flat leads, or chips between two pads."""
    kind = p.kind if p.kind != "mixed" else str(rng.choice(["through-hole", "through-hole", "gull-wing", "chip"]))
    x, y = grid(hw)
    turn = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.015))
    u, v = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    u, v = u + np.float32(rng.uniform(300, 900)), v + np.float32(rng.uniform(300, 900) + hw[1])
    pitch = np.float32(p.pitch * rng.uniform(0.85, 1.2))
    joint = {"through-hole": _pins, "gull-wing": _leads, "chip": _chips}[kind](u, v, pitch, rng)
    grit = blurred(hw, rng, 0.8)
    cloth = np.sin(x * np.float32(0.9)) * np.sin(y * np.float32(0.9))
    mask = np.array(warm_shift(rng, p.masks[int(rng.integers(len(p.masks)))], 0.06), np.float32)
    lacquer = mask * (1 + 0.05 * cloth + 0.03 * grit + 0.04 * fractal(hw, rng, 120, 3))[..., None]
    lacquer = lacquer * (1 + 1.0 * joint.track)[..., None] + joint.track[..., None] * np.float32(0.012)
    flux = np.clip(fractal(hw, rng, 30, 3) - 0.4, 0, 1) * np.exp(-joint.away / np.float32(9)) * (1 - joint.metal)
    tin = tinted(warm_shift(rng, (0.68, 0.685, 0.69)), joint.tone * (1 + 0.03 * grit))
    albedo = lacquer * (1 - joint.metal)[..., None] + tin * joint.metal[..., None]
    albedo = albedo * (1 - joint.body)[..., None] + tinted(joint.paint, 1 + 0.06 * grit) * joint.body[..., None]
    albedo = albedo + flux[..., None] * np.array([0.05, 0.04, 0.015], np.float32)
    metal = joint.metal * (1 - joint.body)
    lumps = np.float32(0.8) * fractal(hw, rng, 20, 2) * metal
    height = joint.height + lumps + 0.9 * cv2.GaussianBlur(joint.track, (0, 0), 1.3) + 0.03 * grit
    rough = 0.32 * (1 - metal) + 0.25 * metal * (1 + 0.3 * fractal(hw, rng, 24, 2)) + 0.25 * joint.body
    surface = assemble(hw, height=height, albedo=albedo, roughness=rough, metalness=metal)
    return replace(surface, foreground=(joint.away < 0.2 * pitch) | (joint.body > 0.5))


class _Joints:
    """Layers of a row of joints; all (H, W) float32.

    away: distance from the solder's border, pixels. tone: of the metal. body: cover of component bodies, and paint.
    """

    def __init__(self, height: F32, metal: F32, away: F32, track: F32, tone: F32) -> None:
        self.height, self.metal, self.away, self.track, self.tone = height, metal, away, track, tone
        self.body = np.zeros_like(height)
        self.paint: RGB = (0.02, 0.02, 0.021)


def _lattice(u: F32, v: F32, pitch: tuple[float, float]) -> tuple[F32, F32, NDArray[np.intp], NDArray[np.intp]]:
    """Each pixel's coordinates from the middle of its cell, and the cell's column and row."""
    column, row = np.floor(u / np.float32(pitch[0])), np.floor(v / np.float32(pitch[1]))
    du, dv = u - (column + 0.5) * np.float32(pitch[0]), v - (row + 0.5) * np.float32(pitch[1])
    return du.astype(np.float32), dv.astype(np.float32), column.astype(np.intp) % 64, row.astype(np.intp) % 64


def _lot(rng: np.random.Generator, spread: float) -> F32:
    """A value of its own for each cell of a lattice."""
    return (spread * rng.standard_normal((64, 64))).astype(np.float32)


def _pins(u: F32, v: F32, pitch: np.float32, rng: np.random.Generator) -> _Joints:
    """Concave cones of solder on round pads, each round a lead that sticks out; tracks join some of them."""
    rows = float(pitch * rng.choice([1.0, 1.0, 1.8]))
    du, dv, column, row = _lattice(u, v, (float(pitch), rows))
    pad = pitch * np.float32(rng.uniform(0.3, 0.37)) * (1 + _lot(rng, 0.02)[row, column])
    du, dv = du - _lot(rng, 0.6)[row, column], dv - _lot(rng, 0.6)[row, column]
    lead = pitch * np.float32(rng.uniform(0.075, 0.1))
    r = np.hypot(du, dv) + 0.3 * noise(u, v, rng, (14.0, 14.0))
    t = np.clip((pad - r) / (pad - lead), 0, 1)
    fill = np.float32(0.34) * pitch * (1 + _lot(rng, 0.1)[row, column])
    cone = fill * (0.14 * np.sqrt(t * (2 - t)) + 0.86 * t**2.8)
    tip_u, tip_v = du - _lot(rng, 0.8)[row, column], dv - _lot(rng, 0.8)[row, column]
    on_lead = np.clip(lead - np.hypot(tip_u, tip_v) + 0.5, 0, 1)
    cut = fill * 1.12 + 0.06 * tip_u * (1 + _lot(rng, 1.0)[row, column])
    height = cone * (1 - on_lead) + cut * on_lead
    # a track joins a pad to the next one down the row, or leaves both alone
    linked = (_lot(rng, 1.0)[(row - (dv < 0)) % 64, column] > 0.3) & (np.abs(du) < np.float32(0.09) * pitch)
    return _Joints(
        height.astype(np.float32), np.clip(pad - r + 0.5, 0, 1), np.maximum(r - pad, 0), linked.astype(np.float32),
        (1 - 0.15 * on_lead).astype(np.float32),
    )  # fmt: skip


def _box(du: F32, dv: F32, half: tuple[float, float], corner: float) -> F32:
    """Signed distance into a rectangle with rounded corners."""
    qx, qy = np.abs(du) - np.float32(half[0] - corner), np.abs(dv) - np.float32(half[1] - corner)
    outside = np.hypot(np.maximum(qx, 0), np.maximum(qy, 0))
    return np.asarray(np.float32(corner) - outside - np.minimum(np.maximum(qx, qy), 0), np.float32)


def _leads(u: F32, v: F32, pitch: np.float32, rng: np.random.Generator) -> _Joints:
    """Rows of flat leads on long pads, solder climbing their sides and heels; black bodies above every second gap."""
    step, rows = float(pitch * 0.62), float(pitch * 3.6)
    du, dv, column, row = _lattice(u, v, (step, rows))
    away_from_body = np.abs(dv) - np.float32(rows * 0.26)
    pad = _box(du, away_from_body, (step * 0.33, rows * 0.135), 3.0) + 0.3 * noise(u, v, rng, (12.0, 12.0))
    lead_w = np.float32(step * 0.19) * (1 + _lot(rng, 0.03)[row, column])
    shift = _lot(rng, 0.5)[row, column]
    heel = np.clip((np.float32(-rows * 0.055) - away_from_body) / np.float32(rows * 0.06), 0, 1)
    on_lead = np.clip(lead_w - np.abs(du - shift) + 0.5, 0, 1)
    on_lead = on_lead * (away_from_body < rows * 0.085) * (np.abs(dv) > rows * 0.1)
    lift = np.float32(0.12) * pitch + np.float32(0.16) * pitch * heel * heel * (3 - 2 * heel)
    wedge = np.clip(pad / np.float32(step * 0.2), 0, 1)
    near = np.exp(-np.maximum(np.abs(du - shift) - lead_w, 0) / np.float32(step * 0.07))
    solder_height = np.float32(0.11) * pitch * (0.35 * np.sqrt(wedge * (2 - wedge)) + 0.6 * near * wedge)
    height = np.maximum(solder_height, on_lead * lift)
    joints = _Joints(
        height.astype(np.float32), np.maximum(np.clip(pad + 0.5, 0, 1), on_lead), np.maximum(-pad, 0),
        ((np.abs(du) < step * 0.14) & (away_from_body > rows * 0.12)).astype(np.float32),
        (1 - 0.18 * on_lead).astype(np.float32),
    )  # fmt: skip
    body = np.float32(rows * 0.135) - np.abs(dv)
    joints.body = np.clip(body + 0.5, 0, 1)
    joints.height = np.maximum(joints.height, np.clip(body, 0, 10).astype(np.float32) * 1.3 * joints.body)
    return joints


def _chips(u: F32, v: F32, pitch: np.float32, rng: np.random.Generator) -> _Joints:
    """Chip parts between two pads each, with end caps and a concave fillet before either."""
    du, dv, column, row = _lattice(u, v, (float(pitch * 1.25), float(pitch * 2.3)))
    du, dv = du - _lot(rng, 0.8)[row, column], dv - _lot(rng, 0.8)[row, column]
    half_u, half_v = float(pitch * 0.3), float(pitch * 0.52)
    end = np.abs(dv) - np.float32(half_v)
    pad = _box(du, np.abs(dv) - np.float32(pitch * 0.55), (half_u * 1.15, float(pitch * 0.3)), 4.0)
    pad = pad + 0.3 * noise(u, v, rng, (14.0, 14.0))
    chip = _box(du, dv, (half_u, half_v), 3.0)
    cap = np.clip(chip + 0.5, 0, 1) * np.clip(np.abs(dv) - np.float32(half_v * 0.58) + 0.5, 0, 1)
    tall = np.float32(0.24) * pitch
    rise = np.clip(1 - end / np.float32(pitch * 0.3), 0, 1)
    fillet = tall * (0.2 + 0.7 * rise**2.2) * np.sqrt(np.clip(pad / np.float32(pitch * 0.1), 0, 1))
    body = np.clip(chip + 0.5, 0, 1)
    height = np.maximum(np.where(end > 0, fillet, fillet * 0.5), body * tall - np.clip(3 - chip, 0, 3) * body * 0.7)
    joints = _Joints(
        height.astype(np.float32), np.maximum(np.clip(pad + 0.5, 0, 1), cap), np.maximum(-pad, 0),
        (np.abs(du) < pitch * 0.1).astype(np.float32), (1 - 0.1 * cap).astype(np.float32),
    )  # fmt: skip
    joints.body = body * (1 - cap)
    joints.paint = ((0.22, 0.14, 0.08), (0.025, 0.025, 0.027), (0.4, 0.3, 0.2))[int(rng.integers(3))]
    return joints
