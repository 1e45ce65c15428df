"""`defectgen synth`: makes a defect set from words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from defectgen.options import DEVICES, ENGINES, Options, parse_range
from defectgen.sd.options import ATTENTIONS, DTYPES, OFFLOADS, SCHEDULERS

if TYPE_CHECKING:
    from defectgen.run import Plan

__all__ = ["synth"]

WHAT = "What to make"
WHERE = "Where the defect goes"
HOW = "How it is made"
SD = "Engine sd"
OUTPUT = "Output"


def listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}."


def synth(
    prompt: Annotated[str, typer.Argument(help="The defect and its material, in words.", show_default=False)],
    on: Annotated[
        Path | None,
        typer.Option(help="Good part: an image, or a folder of them; else the part library.", rich_help_panel=WHAT),
    ] = None,
    n: Annotated[int, typer.Option("--n", "-n", help="Samples to keep.", rich_help_panel=WHAT)] = Options.n,
    seed: Annotated[int, typer.Option(help="Same seed, same samples.", rich_help_panel=WHAT)] = Options.seed,
    severity: Annotated[
        str | None,
        typer.Option(metavar="X|LOW:HIGH", help="0 (barely visible) to 1 (gross).", rich_help_panel=WHAT),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="X|LOW:HIGH", help="Extent over the part's shorter side.", rich_help_panel=WHAT),
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="YAML file with materials or defects of your own.", rich_help_panel=WHAT)
    ] = None,
    recipes: Annotated[
        Path | None, typer.Option(help="Folder of such files.", metavar="DIR", rich_help_panel=WHAT)
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help="Mask to fill: an image, or a folder of them.", rich_help_panel=WHERE)
    ] = None,
    masks_from: Annotated[
        Path | None,
        typer.Option(help="Defect set whose masks the new ones should be like.", metavar="SET",
                     rich_help_panel=WHERE),
    ] = None,
    box: Annotated[
        str | None, typer.Option(metavar="x0,y0,x1,y1", help="Box to put it in, pixels.", rich_help_panel=WHERE)
    ] = None,
    roi: Annotated[
        Path | None, typer.Option(help="Image that is white where defects may lie.", rich_help_panel=WHERE)
    ] = None,
    engine: Annotated[
        str,
        typer.Option(help=listed(ENGINES), autocompletion=lambda: list(ENGINES), rich_help_panel=HOW),
    ] = Options.engine,
    steps: Annotated[
        int | None, typer.Option(help="Sampling steps.", show_default="the model's", rich_help_panel=HOW)
    ] = None,
    guidance: Annotated[
        float | None, typer.Option(help="How hard the words pull.", show_default="the model's", rich_help_panel=HOW)
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(
            help="1 starts from noise, less from a rendered draft (sd: from the good part).",
            show_default="the model's", rich_help_panel=HOW,
        ),
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(
            help="Picture of a defect whose tone the new ones take; may be given again.",
            metavar="IMAGE[,MASK]", show_default=False, rich_help_panel=WHAT,
        ),
    ] = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            help="What defectgen finetune made; may be given again.", metavar="FOLDER[:SCALE]", show_default=False,
            rich_help_panel=HOW,
        ),
    ] = None,
    bank: Annotated[
        Path | None,
        typer.Option(
            help="Defect set that copy-paste copies from, or that --candidates are held to.", rich_help_panel=HOW
        ),
    ] = None,
    blocked: Annotated[
        list[Path] | None,
        typer.Option(
            help="split.json whose test pictures --bank, --like and --masks-from must not hold; may be given again.",
            metavar="FILE", show_default="DEFECTGEN_BLOCKED", rich_help_panel=HOW,
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(help=listed(DEVICES), autocompletion=lambda: list(DEVICES), rich_help_panel=HOW),
    ] = Options.device,
    batch: Annotated[
        int | None,
        typer.Option(help="Samples edited together.", show_default="1 on a CPU and in sd, else 8", rich_help_panel=HOW),
    ] = None,
    candidates: Annotated[
        int,
        typer.Option(
            help="Tries of each sample; the best by label truth and by likeness to the real defects of --bank or "
            "--masks-from is kept.", metavar="K", rich_help_panel=HOW,
        ),
    ] = Options.candidates,
    model: Annotated[
        str | None,
        typer.Option(
            help="Checkpoint: a diffusers folder, a .safetensors file, or a hub's OWNER/NAME.",
            metavar="PATH_OR_HUB_NAME", show_default=False, rich_help_panel=SD,
        ),
    ] = None,
    model_config: Annotated[
        str | None,
        typer.Option(
            help="Of a single file: a diffusers folder (or hub name) of the same kind, for its configuration.",
            metavar="PATH_OR_HUB_NAME", show_default="the folder beside it", rich_help_panel=SD,
        ),
    ] = None,
    lora: Annotated[
        list[str] | None,
        typer.Option(
            help="LoRA of the same base; may be given again.", metavar="PATH[:SCALE]", show_default=False,
            rich_help_panel=SD,
        ),
    ] = None,
    controlnet: Annotated[
        str | None,
        typer.Option(
            help="ControlNet that follows the part's structure and the mask's outline.", metavar="PATH_OR_HUB_NAME",
            show_default=False, rich_help_panel=SD,
        ),
    ] = None,
    control: Annotated[
        str,
        typer.Option(
            help="What the ControlNet is told: canny, lineart, or, with weights, hed:FILE, pidinet:FILE, depth:FOLDER.",
            metavar="NAME[:WEIGHTS]", rich_help_panel=SD,
        ),
    ] = Options.control,
    scheduler: Annotated[
        str, typer.Option(help=listed(SCHEDULERS), autocompletion=lambda: list(SCHEDULERS), rich_help_panel=SD)
    ] = Options.scheduler,
    dtype: Annotated[
        str, typer.Option(help=listed(DTYPES), autocompletion=lambda: list(DTYPES), rich_help_panel=SD)
    ] = Options.dtype,
    attention: Annotated[
        str, typer.Option(help=listed(ATTENTIONS), autocompletion=lambda: list(ATTENTIONS), rich_help_panel=SD)
    ] = Options.attention,
    offload: Annotated[
        str,
        typer.Option(
            help=f"Weights wait in main memory: {listed(OFFLOADS)}", autocompletion=lambda: list(OFFLOADS),
            rich_help_panel=SD,
        ),
    ] = Options.offload,
    slicing: Annotated[
        bool, typer.Option("--slicing", help="Attention and autoencoder in slices: less memory.", rich_help_panel=SD)
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no hub, whatever is named.", rich_help_panel=SD)
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write.", show_default="out/<prompt>", rich_help_panel=OUTPUT)
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the set that the folder holds.", rich_help_panel=OUTPUT)
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a folder with broken images.", rich_help_panel=OUTPUT)
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done; write nothing.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Make defect images with true masks from words. Run it again to go on with a set that was stopped."""
    spans = {"severity": parse_range("severity", severity), "size": parse_range("size", size)}
    run(
        Options(
            prompt, on, n, seed, engine, mask, box, roi, spans["severity"], spans["size"], steps, guidance, strength,
            recipe, bank, out, device, batch, overwrite, strict, recipes, tuple(blocked or ()), tuple(like or ()),
            tuple(adapter or ()), masks_from, candidates, model, model_config, dtype, attention, scheduler, offload,
            slicing, controlnet, control, tuple(lora or ()), offline,
        ),
        dry_run,
    )  # fmt: skip


def introduce(plan: Plan, dry_run: bool) -> None:
    """Shows the plan, or of engine sd its forecast; InputError for a checkpoint that does not fit the device."""
    from defectgen.cli.screen import print_outlook, print_plan
    from defectgen.run import outlook_of

    outlook = outlook_of(plan)
    if dry_run:
        print_plan(plan, outlook)
    elif outlook is not None:
        print_outlook(outlook)
    if outlook is not None:
        outlook.check()


def run(options: Options, dry_run: bool) -> None:
    """Plans, shows the plan, and carries it out."""
    from defectgen.cli.screen import LiveProgress, print_masks, print_notices, print_result
    from defectgen.run import carry_out, make_plan

    plan = make_plan(options)
    print_notices(plan)
    introduce(plan, dry_run)
    if dry_run:
        return
    try:
        with LiveProgress(options.n) as progress:
            result = carry_out(plan, progress.update)
    except KeyboardInterrupt:
        typer.echo(f"stopped; the same command goes on in {plan.job.out}", err=True)
        raise typer.Exit(130) from None
    print_result(result)
    if plan.job.bank is not None and result.kept:
        from defectgen.mask.bank_statistics import bank_rows
        from defectgen.masks_from import read_bank

        print_masks(bank_rows(plan.job.bank.masks, read_bank(result.folder, plan.job.defect).masks))
    if not result.kept:
        typer.echo(f"no sample could be kept; the reasons are in {result.folder / 'rejected.jsonl'}", err=True)
        raise typer.Exit(1)
