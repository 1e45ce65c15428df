"""The `compact` engine: our own paired-edit diffusion model, its weights in the package.

On a CPU every window is sampled alone, so that its pixels cannot depend on its company; a GPU takes them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from defectgen.engine.donor import Donor, carried, donor_at, read_donors
from defectgen.engine.render import RenderEngine
from defectgen.engine.retone import Tone, retoned, tone_of
from defectgen.engine.window import EngineInfo, Window
from defectgen.errors import InputError
from defectgen.model.adapter import DONORS_FILE, Adapter, adapted_unet, read_adapter
from defectgen.model.checkpoint import default_weights, load_captioner, verify
from defectgen.model.condition import condition_vector, measured_severity
from defectgen.model.device import pick_device, pick_dtype, set_threads
from defectgen.model.flow import RESIDUAL_SCALE
from defectgen.model.network import EditNetwork
from defectgen.model.reference import Reference, ReferenceEncoder
from defectgen.model.sampler import TEMPERATURE, Conditions, sample
from defectgen.model.text import TextEncoder

__all__ = ["GUIDANCE", "SAMPLING", "STEPS", "STEP_RANGE", "STRENGTH", "CompactEngine", "measured_for"]

STEPS = 8
STEP_RANGE = (1, 100)
GUIDANCE = 1.0
STRENGTH = 0.6
"""Taken by eye from values that all beat the draft on the `tune` half of the held-out groups; eval/compact/LOG.md."""
DONOR_STRENGTH = 0.3
"""With an adapter that has donors: their drafts have real texture, which more noise only takes away; LOG.md, 5."""

SAMPLING = (
    f"Euler, steps {STEPS}, guidance {GUIDANCE}, strength {STRENGTH} or {DONOR_STRENGTH}, "
    f"temperature {TEMPERATURE}"
)  # fmt: skip
"""What decides a sample besides the weights, for keys of what is kept."""

_LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)


def measured_for(severity: float, table: Sequence[float]) -> float:
    """The measured severity that a wish in [0, 1] means for a family with these five quantiles."""
    return float(np.interp(severity, _LEVELS, table))


def _unet(folder: Path, where: str, threads: int, adapters: Sequence[Adapter]) -> Any:
    if where == "openvino":
        from defectgen.model.openvino import OpenVinoUnet

        return OpenVinoUnet(folder, threads, adapters)
    return adapted_unet(folder, pick_dtype(where), where, adapters)


class CompactEngine:
    """Edits windows by diffusion: good window, mask, rendered draft and words in, the defective window out."""

    def __init__(
        self, weights: Path | None = None, *, device: str = "auto", steps: int = STEPS, guidance: float = GUIDANCE,
        strength: float | None = None, references: Sequence[Reference] = (), adapters: Sequence[str] = (),
        use_donors: bool = True,
    ) -> None:  # fmt: skip
        """weights: a model folder; None for the one in the package. strength: in (0, 1], below 1 the start is the
        draft, noised to that time; None for STRENGTH, or DONOR_STRENGTH where an adapter has donors. references: what
        the defects should look like; each window takes one, by its seed. adapters: as `Options.adapter`.
        use_donors: whether drafts come from the adapters' donors, where these have any for the type.

        Raises InputError for options out of range, WeightsError for weights that are missing or damaged.
        """
        if not STEP_RANGE[0] <= steps <= STEP_RANGE[1]:
            raise InputError(f"steps {steps} is out of range; expected {STEP_RANGE[0]} to {STEP_RANGE[1]}")
        if strength is not None and not 0 < strength <= 1:
            raise InputError(f"strength {strength} is out of range; expected more than 0 and at most 1")
        folder = weights or default_weights()
        self._model = verify(folder)
        where = pick_device(device)
        self._device = "cpu" if where == "openvino" else where
        found = [read_adapter(text, self._model.weights_sha256) for text in adapters]
        unet = _unet(folder, where, set_threads(), found)
        self._network = EditNetwork(unet, load_captioner(folder, torch.float32, self._device)).eval()
        taught = [one.info.severity for one in found]
        self._severities = {key: value for table in (self._model.severity, *taught) for key, value in table.items()}
        self._severities["any"] = self._model.severity["any"]
        self._donors = _donors_of(found) if use_donors else {}
        self._eyes: ReferenceEncoder | None = None
        self._references: torch.Tensor | None = None
        self._tones: list[Tone] = []
        self.resemble(references)
        self._text = TextEncoder()
        usual = DONOR_STRENGTH if self._donors else STRENGTH
        self._steps, self._guidance, self._strength = steps, guidance, usual if strength is None else strength

    def resemble(self, references: Sequence[Reference]) -> None:
        """From now on make defects like these; none lets the words alone decide.

        The draft takes the reference's tone, and a model with an implicit captioner hears of the reference as well.
        """
        self._references, self._tones = None, [tone_of(one) for one in references]
        if not references or self._network.captioner is None:
            return
        self._eyes = self._eyes or ReferenceEncoder()
        self._references = self._eyes.encode(references).to(self._device)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("compact", self._model.weights_sha256, self._steps, self._guidance, self._strength)

    @property
    def window_px(self) -> int:
        return self._model.window_px

    def edit(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        at_once = 1 if self._device == "cpu" else max(1, len(windows))
        parts = [windows[i : i + at_once] for i in range(0, len(windows), at_once)]
        return [edited for part in parts for edited in self._together(part)]

    def _together(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        drafts = self.drafts(windows)
        good = np.stack([w.good for w in windows])
        pixels = torch.from_numpy(good).permute(0, 3, 1, 2)
        alpha = torch.from_numpy(np.stack([w.shape.alpha for w in windows]))[:, None]
        residual = sample(
            self._network, (2 * pixels - 1).to(self._device), alpha.to(self._device), self._conditions(windows, drafts),
            [torch.Generator().manual_seed(w.seed % 2**63) for w in windows],
            steps=self._steps, guidance=self._guidance, strength=self._strength, draft=self._residuals(windows, drafts),
        )  # fmt: skip
        change = RESIDUAL_SCALE * residual.cpu().permute(0, 2, 3, 1).numpy()
        return [np.clip(g + c, 0, 1).astype(np.float32) for g, c in zip(good, change, strict=True)]

    def _conditions(self, windows: Sequence[Window], drafts: Sequence[NDArray[np.float32]]) -> Conditions:
        told = self._text.encode([w.text for w in windows])
        null = self._text.encode([""] * len(windows))
        severity = torch.tensor([self._severity(w, d) for w, d in zip(windows, drafts, strict=True)])
        origin = torch.full((len(windows),), -1)
        vectors = [condition_vector(text[2], severity, origin) for text in (told, null)]
        parts = (told[0], told[1], vectors[0], null[0], null[1], vectors[1])
        return self._with_references(Conditions(*(part.to(self._device) for part in parts)), windows)

    def _with_references(self, conditions: Conditions, windows: Sequence[Window]) -> Conditions:
        """The conditions with the pseudo words of each window's reference; guidance pulls away from neither told."""
        captioner = self._network.captioner
        if captioner is None or self._references is None:
            return conditions
        c, rows = conditions, [w.seed % len(self._references) for w in windows]
        vectors = self._references[rows]
        told = torch.ones(len(windows), dtype=torch.bool, device=self._device)
        return Conditions(
            *captioner.join(c.tokens, c.padding, c.vector, vectors, told),
            *captioner.join(c.null_tokens, c.null_padding, c.null_vector, vectors, ~told),
        )

    def _severity(self, window: Window, draft: NDArray[np.float32]) -> float:
        if self._tones:
            return self._tone(window).severity
        if window.defect.name in self._donors:
            return measured_severity(draft - window.good, window.shape.alpha)
        tables = self._severities
        return measured_for(window.severity, tables.get(window.defect.family, tables["any"]))

    def _tone(self, window: Window) -> Tone:
        return self._tones[window.seed % len(self._tones)]

    def drafts(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        """What the model starts from, (S, S, 3) in [0, 1]: a rendered defect, with a reference's tone, or a donor's."""
        drawn = RenderEngine(self.window_px).edit(windows)
        if self._tones:
            return [retoned(d, w.good, w.shape.alpha, self._tone(w)) for d, w in zip(drawn, windows, strict=True)]
        return [self._carried(d, w) for d, w in zip(drawn, windows, strict=True)]

    def _carried(self, drawn: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
        """A real defect's change in the place of the rendered one, as far as its adapter's scale says."""
        if window.defect.name not in self._donors:
            return drawn
        donors, share = self._donors[window.defect.name]
        rng = np.random.default_rng([window.seed, 23])
        wanted = carried(donor_at(donors, window.severity, rng), window.good, window.shape.alpha, rng)
        return (drawn + np.float32(share) * (wanted - drawn)).astype(np.float32)

    def _residuals(self, windows: Sequence[Window], drafts: Sequence[NDArray[np.float32]]) -> torch.Tensor:
        rows = np.stack([d - w.good for d, w in zip(drafts, windows, strict=True)])
        return torch.from_numpy(rows).permute(0, 3, 1, 2).to(self._device) / RESIDUAL_SCALE


def _donors_of(adapters: Sequence[Adapter]) -> dict[str, tuple[list[Donor], float]]:
    """Of each recipe: the donors of all adapters that know it, and the largest of their scales, at most 1."""
    found: dict[str, tuple[list[Donor], float]] = {}
    for one in adapters:
        if one.info.donors_sha256 is not None:
            for name, members in read_donors(one.folder / DONORS_FILE).items():
                before, share = found.get(name, ([], 0.0))
                found[name] = ([*before, *members], max(share, float(np.clip(one.scale, 0, 1))))
    return found
