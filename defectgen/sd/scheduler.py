"""Schedulers by name, with the noise schedule of the checkpoint.

    ddim      Song et al. 2021               dpm++     DPM-Solver++ (2M), Lu et al. 2022
    unipc     Zhao et al. 2023               lcm       latent consistency, Luo et al. 2023 (for distilled models)
    euler     Karras et al. 2022, algorithm 2 without churn, first order; euler-a adds noise at each step
"""

from __future__ import annotations

from typing import Any

from defectgen.errors import InputError

__all__ = ["scheduler_named"]

CLASSES = {
    "ddim": "DDIMScheduler",
    "dpm++": "DPMSolverMultistepScheduler",
    "unipc": "UniPCMultistepScheduler",
    "lcm": "LCMScheduler",
    "euler": "EulerDiscreteScheduler",
    "euler-a": "EulerAncestralDiscreteScheduler",
}


def scheduler_named(name: str, own: Any) -> Any:
    """The scheduler of a name of `options.SCHEDULERS`, made from the checkpoint's `own`; "auto" is that one itself.

    Raises InputError where the checkpoint was trained by flow matching, which none of the named ones integrates.
    """
    if name == "auto":
        return own
    if "FlowMatch" in type(own).__name__:
        raise InputError(f"scheduler {name} does not fit a flow-matching model; leave --scheduler at auto")
    import diffusers

    return getattr(diffusers, CLASSES[name]).from_config(own.config)
