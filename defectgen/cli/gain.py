"""`defectgen gain`: whether synthetic pictures help what is trained on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from defectgen.cli.audit import check_outputs, command_line

if TYPE_CHECKING:
    from defectgen.gain.options import GainOptions
    from defectgen.gain.plan import Plan
    from defectgen.gain.result import GainResult

__all__ = ["gain"]

WHAT, SIZE, RUN, OUTPUT = "What is compared", "How much of it", "How it runs", "Output"
ARMS = "none,classical,copy-paste,seamless,perlin,pyimgano-alpha,render,compact"


def gain(
    real: Annotated[Path, typer.Option(help="Real pictures: a set that was split.", metavar="SPLIT",
                                       show_default=False)],
    synth: Annotated[list[str] | None, typer.Option(
        help="Synthetic sets to judge, with commas between; may be given again.", metavar="[NAME=]SET,...",
        show_default=False, rich_help_panel=WHAT)] = None,
    tasks: Annotated[str, typer.Option(
        help="classify, detect, segment, anomaly, supervised-anomaly; TASK:MODEL for another model.", metavar="A,B",
        rich_help_panel=WHAT,
    )] = "segment",
    arms: Annotated[str, typer.Option(
        help="What to hold against real pictures alone (none).", metavar="A,B", rich_help_panel=WHAT)] = ARMS,
    zero_shot: Annotated[bool, typer.Option(
        "--zero-shot", help="Also train without any real defect.", rich_help_panel=WHAT)] = False,
    defects: Annotated[str, typer.Option(
        help="Defects to study; pictures of others are left out.", metavar="A,B", show_default="all",
        rich_help_panel=WHAT)] = "",
    shots: Annotated[str, typer.Option(
        help="Real pictures of each defect to train on, or all.", metavar="K|all", rich_help_panel=SIZE)] = "10",
    draws: Annotated[int, typer.Option(
        help="Choices of the shots; fewer than 5 give no verdict.", rich_help_panel=SIZE)] = 5,
    seeds: Annotated[int, typer.Option(help="Trainings of each.", rich_help_panel=SIZE)] = 3,
    ratios: Annotated[str, typer.Option(
        help="Synthetic pictures for each real shot.", metavar="R,R", rich_help_panel=SIZE)] = "1",
    steps: Annotated[int | None, typer.Option(
        help="Optimiser steps of each training.", show_default="the task's", rich_help_panel=SIZE)] = None,
    batch: Annotated[int | None, typer.Option(
        help="Pictures a step.", show_default="16", rich_help_panel=SIZE)] = None,
    size: Annotated[int, typer.Option(help="Side of the pictures in pixels.", rich_help_panel=SIZE)] = 96,
    most_good: Annotated[int, typer.Option(
        help="Good training pictures to use at most.", rich_help_panel=SIZE)] = 1000,
    jobs: Annotated[int | None, typer.Option(
        help="Trainings at a time, each on one thread.", show_default="one a core", rich_help_panel=RUN)] = None,
    budget: Annotated[float | None, typer.Option(
        help="Minutes; run again to go on.", metavar="MIN", show_default="no limit", rich_help_panel=RUN)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.", rich_help_panel=RUN)] = "auto",
    blocked: Annotated[list[Path] | None, typer.Option(
        help="split.json whose test pictures no --synth set may show; may be given again.", metavar="FILE",
        show_default="DEFECTGEN_BLOCKED", rich_help_panel=RUN)] = None,
    dry_run: Annotated[bool, typer.Option(
        "--dry-run", help="Check everything, forecast the time, train nothing.", rich_help_panel=RUN)] = False,
    out: Annotated[Path | None, typer.Option(
        help="Folder of the study: cache, gain.json.", show_default="out/gain-SPLIT", rich_help_panel=OUTPUT)] = None,
    cache: Annotated[Path | None, typer.Option(
        help="Folder of sets and trainings that studies share.", show_default="--out", rich_help_panel=OUTPUT)] = None,
    html: Annotated[Path | None, typer.Option(help="Page to write, whole in one file.", rich_help_panel=OUTPUT)] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="Another place for gain.json.",
                                                 rich_help_panel=OUTPUT)] = None,
) -> None:  # fmt: skip
    """Train the same detectors with and without synthetic pictures, and say whether they help."""
    out = out or Path("out") / f"gain-{real.resolve().name}"
    check_outputs(html, as_json, out)
    from defectgen.gain.options import GainOptions, parse_sets, parse_tasks

    options = GainOptions(
        real=real, out=out, synth=parse_sets(synth or []),
        arms=_names(arms), tasks=parse_tasks(tasks), shots=_shots(shots), draws=draws, seeds=seeds,
        ratios=_ratios(ratios), zero_shot=zero_shot, steps=steps, batch=batch, side=size, jobs=_jobs(jobs, device),
        budget_s=None if budget is None else 60 * budget, device=device, defects=_names(defects), most_good=most_good,
        blocked=tuple(blocked or ()), command=command_line(), cache=cache,
    )  # fmt: skip
    try:
        _run(options, html, as_json, dry_run)
    except KeyboardInterrupt:
        typer.echo(f"stopped; what is finished lies in {options.out}, the same command goes on", err=True)
        raise typer.Exit(130) from None


def _run(options: GainOptions, html: Path | None, as_json: Path | None, dry_run: bool) -> None:
    from dataclasses import replace

    from defectgen.cli.gain_screen import Watching, print_forecast, print_plan, print_result
    from defectgen.gain.plan import make_plan
    from defectgen.gain.study import RESULT, forecast_study, run_study
    from defectgen.model.device import pick_trainer

    with Watching() as watching:
        watching.say("reading pictures")
        plan = make_plan(replace(options, device=pick_trainer(options.device)))
    print_plan(plan)
    with Watching() as watching:
        if dry_run:
            forecast = forecast_study(plan, watching.update)
        else:
            result = run_study(plan, watching.update, watching.forecast)
    if dry_run:
        print_forecast(forecast)
        return
    print_result(result, [plan.options.out / RESULT, *_written(plan, result, html, as_json)])


def _written(plan: Plan, result: GainResult, html: Path | None, as_json: Path | None) -> list[Path]:
    """Writes the copy of the result and the page, those that were asked for."""
    if as_json is not None:
        from defectgen.atomic import write_atomic
        from defectgen.gain.study import RESULT

        write_atomic(as_json, (plan.options.out / RESULT).read_bytes())
    if html is not None:
        from defectgen.report.gain_page import write_gain_page
        from defectgen.report.gain_pictures import telling_pictures

        write_gain_page(result, html, telling_pictures(result, plan.test, plan.folder("cells")))
    return [path for path in (as_json, html) if path is not None]


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _shots(text: str) -> int | None:
    from defectgen.errors import InputError

    if text == "all":
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f"--shots {text!r}: expected a number, or all") from None


def _ratios(text: str) -> tuple[float, ...]:
    from defectgen.errors import InputError

    try:
        return tuple(sorted(float(part) for part in text.split(",")))
    except ValueError:
        raise InputError(f"--ratios {text!r}: expected numbers with commas between, such as 0.5,1,2,5") from None


def _jobs(jobs: int | None, device: str) -> int:
    """As asked for; by default one for each core that this process may use, and one on an accelerator."""
    import os

    from defectgen.model.device import pick_trainer

    if jobs is not None:
        return jobs
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return allowed if pick_trainer(device) == "cpu" else 1
