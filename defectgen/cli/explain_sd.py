"""What `explain` shows of engine sd: what the text encoder reads, and how the window is sampled; nothing is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from defectgen.options import Options

if TYPE_CHECKING:
    from defectgen.sd.checkpoint import SdSpec
    from defectgen.sd.options import SdOptions

__all__ = ["sd_rows"]


def sd_rows(options: Options, text: str, longest: str) -> list[tuple[str, str]]:
    """Names with values. text: the caption of a usual sample; longest: that of the one that says most.

    Raises what a run would raise for a checkpoint, LoRA or ControlNet that cannot be used.
    """
    from defectgen.engine.choose import check_engine
    from defectgen.sd.checkpoint import inspect

    device = check_engine(options)
    asked = options.sd
    spec = inspect(asked.model, offline=asked.offline, config=asked.config)
    kind = f"{spec.kind}, {spec.unet_channels} channels, {spec.side} px"
    return [
        ("engine", f"sd, {spec.name}: {kind}, device {device}"),
        *_words(asked, spec, text, longest),
        *_window(asked, spec),
        ("control", _control(asked)),
    ]


def _words(asked: SdOptions, spec: SdSpec, text: str, longest: str) -> list[tuple[str, str]]:
    """What the text encoder reads."""
    from defectgen.sd.learned import as_taught
    from defectgen.sd.sampling import sampling_of
    from defectgen.sd.tokens import token_count

    count, most = token_count(spec, as_taught(longest, asked.loras))
    over = " - too many: use a shorter prompt" if count > most else ""
    guidance = sampling_of(asked, spec).guidance
    without = "nothing (an empty prompt)" if guidance > 1 and spec.kind != "flux" else "not used"
    return [
        ("prompt", f"{as_taught(text, asked.loras)} (severity, size and count as each sample has them)"),
        ("tokens", f"at most {count} of {most}, start and end included{over}"),
        ("negative", f"{without}, guidance {guidance:g}"),
    ]


def _window(asked: SdOptions, spec: SdSpec) -> list[tuple[str, str]]:
    """Where sampling starts, what it may change, and in which steps."""
    from defectgen.band import BAND_PX
    from defectgen.engine.sd import DETAIL
    from defectgen.sd.sampling import sampling_of

    s = sampling_of(asked, spec)
    taken = max(1, int(s.steps * s.strength))
    start = "noise" if s.strength == 1 else "the good window under noise"
    shown = "; the UNet sees mask and good surroundings" if spec.unet_channels == 9 else ""
    held = "" if spec.unet_channels == 384 else "; latents outside are held at each step"
    return [
        ("window", f"{spec.side // DETAIL} px of the part, enlarged to {spec.side} px for the model"),
        ("mask", f"the defect grown by {BAND_PX} px, in cells of {spec.vae_factor} px{held}{shown}"),
        ("strength", f"{s.strength:g}: starts from {start}, {taken} of {s.steps} steps are taken"),
        ("scheduler", _scheduler(asked, spec)),
    ]


def _scheduler(asked: SdOptions, spec: SdSpec) -> str:
    from defectgen.sd.components import read_json

    own = str(read_json(spec.folder / "scheduler" / "scheduler_config.json").get("_class_name"))
    name = f"{own}, the checkpoint's own" if asked.scheduler == "auto" else f"{asked.scheduler}, in place of {own}"
    return f"{name}; predicts {spec.prediction_type}"


def _control(asked: SdOptions) -> str:
    from defectgen.sd.sampling import CONTROL_SCALE

    if asked.controlnet is None:
        return "none: no --controlnet"
    what = asked.control.partition(":")[0]
    of = "depth of the good window with the defect pressed in" if what == "depth" else (
        f"{what} lines of the good window away from the mask, and the mask's outline"
    )  # fmt: skip
    return f"{asked.controlnet}, weight {CONTROL_SCALE:g}: {of}"
