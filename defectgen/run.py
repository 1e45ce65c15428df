"""One run: from words and options to a defect set.

`make_plan` resolves everything that can be known without the network, and refuses what cannot work; `carry_out` loads
the engine and makes the samples; `synth` is both.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defectgen.bank_judge import make_judge
from defectgen.book import RecipeBook, load_book
from defectgen.caption import canonical_caption
from defectgen.engine.choose import check_caption, check_engine, default_batch, engine_settings, make_engine
from defectgen.errors import InputError
from defectgen.generate import Event, generate
from defectgen.job import Job, check_job, forecast_bytes
from defectgen.masks_from import Bank, read_bank
from defectgen.model.support import support_notices
from defectgen.options import Options, check_options
from defectgen.parts import library_materials, part_folder
from defectgen.prompt import parse_prompt
from defectgen.recipe import Defect, Material
from defectgen.source import load_sources, parse_box
from defectgen.spec import DefectSpec

if TYPE_CHECKING:
    from defectgen.sd.plan_outlook import Outlook

__all__ = ["Plan", "RunResult", "carry_out", "make_plan", "outlook_of", "slug", "synth"]

SLUG_LENGTH = 60
# Seconds a sample on two CPU cores, for the forecast (eval/speed); `defectgen doctor` measures the machine at hand
TYPICAL_S = {"compact": 1.7}
TYPICAL_BASELINE_S = 0.3


@dataclass(frozen=True)
class Plan:
    """A run with everything resolved. notices: what the user should know before it starts."""

    options: Options
    book: RecipeBook
    job: Job
    notices: tuple[str, ...]

    @property
    def forecast_mb(self) -> float:
        """Most that the set may take on the disk."""
        return forecast_bytes(self.job, self.job.n) / 1e6

    @property
    def forecast_s(self) -> float:
        return self.job.n * TYPICAL_S.get(self.options.engine, TYPICAL_BASELINE_S)


@dataclass(frozen=True)
class RunResult:
    """What a run left in its folder.

    kept: samples there are; resumed: those of them that an earlier run had made. failed: indices given up.
    rejected: reasons of rejected attempts, with their counts. seconds: of this run, without loading the engine.
    """

    folder: Path
    kept: int
    resumed: int
    failed: tuple[int, ...]
    rejected: Mapping[str, int]
    seconds: float


def synth(prompt: str, *, on_event: Callable[[Event], None] = lambda event: None, **options: Any) -> RunResult:
    """Makes a defect set; the keywords are the fields of `options.Options`.

    Raises a DefectgenError for whatever cannot be used, before anything is written.
    """
    return carry_out(make_plan(Options(prompt, **options)), on_event)


def make_plan(options: Options) -> Plan:
    """Everything about a run that can be known and checked without loading the network."""
    check_options(options)
    book = load_book(options.own_recipes)
    understood = parse_prompt(options.prompt, book, _encoder)
    spec = _narrowed(understood.spec, options)
    if understood.guessed and options.on is not None:
        spec = spec.model_copy(update={"material": None})  # it is the part's
    defect = book.defects[spec.defect]
    material = spec.material
    notices = [one for one in understood.notices if spec.material or not one.startswith("no material named")]
    if options.on is None:
        material = material or _library_material(defect)
        notices += [] if spec.material else [f"no material named; taking good parts of {material}"]
    folder = part_folder(book.materials[str(material)]) if options.on is None else options.on
    sources = load_sources(folder, options.strict)
    notices += [f"not used: {reason}" for _, reason in sources.broken]
    device = check_engine(options)
    check_caption(options, longest_caption(spec, defect, book.materials[material] if material else None))
    bank = None if options.masks_from is None else read_bank(options.masks_from, defect, options.blocked)
    notices += bank_notices(bank, defect)
    if options.engine == "compact" and not options.adapter:
        notices += support_notices(defect, book.materials[material] if material else None)
    job = Job(
        spec, defect, book.materials[material] if material else None, sources.good,
        out=options.out or Path("out") / slug(options.prompt), n=options.n, seed=options.seed, mask=options.mask,
        box=parse_box(options.box) if options.box else None, roi=options.roi, shipped=options.on is None,
        settings=engine_settings(options, device), batch=options.batch or default_batch(device, options.engine),
        overwrite=options.overwrite, bank=bank, candidates=options.candidates,
    )  # fmt: skip
    check_job(job)
    return Plan(options, book, job, tuple(notices))


def outlook_of(plan: Plan) -> Outlook | None:
    """What a run of engine sd will take of the device, found without loading it; None where that is not forecast."""
    if plan.options.engine != "sd":
        return None
    from defectgen.sd.checkpoint import inspect
    from defectgen.sd.pipeline import sd_device
    from defectgen.sd.plan_outlook import Outlook, planned_sampling

    asked, job = plan.options.sd, plan.job
    spec, device = inspect(asked.model, offline=asked.offline, config=asked.config), sd_device(asked)
    if spec.kind == "flux":
        return None
    return Outlook.of(spec, planned_sampling(
        asked, spec, device, samples=job.n, candidates=job.candidates, batch=1 if device == "cpu" else job.batch,
        sample_bytes=forecast_bytes(job, job.n) // job.n,
    ), device)  # fmt: skip


def longest_caption(spec: DefectSpec, defect: Defect, material: Material | None) -> str:
    """A caption that says all that a sample's may say."""
    return canonical_caption(
        defect, material, severity=0.5, size=0.5, count=spec.count[1], orientation=spec.orientation,
        region=spec.region, looks=(*spec.shape, *spec.adjectives),
    )  # fmt: skip


def bank_notices(bank: Bank | None, defect: Defect) -> list[str]:
    """How many masks there are to draw from, and whose."""
    if bank is None:
        return []
    whose = "" if bank.of_type else f", none of them of {defect.name}"
    return [f"masks like {len(bank.masks.pieces)} real ones of {bank.pictures} pictures{whose}"]


def carry_out(plan: Plan, on_event: Callable[[Event], None] = lambda event: None) -> RunResult:
    """Loads the engine and makes the samples, or those that an earlier run of the same plan has not made yet."""
    judge = make_judge(plan.options, plan.job.defect)
    engine = make_engine(plan.options)
    start = time.perf_counter()
    done = generate(plan.job, engine, on_event, judge)
    return RunResult(done.folder, done.kept, done.resumed, done.failed, done.reasons, time.perf_counter() - start)


def slug(prompt: str) -> str:
    """A folder name that says what was asked for."""
    words = re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")
    return words[:SLUG_LENGTH].rstrip("-") or "defects"


def _encoder() -> Any:
    from defectgen.model.text import TextEncoder

    return TextEncoder()


def _narrowed(spec: DefectSpec, options: Options) -> DefectSpec:
    """Options win over the prompt's words."""
    asked = {"severity": options.severity, "size": options.size}
    return spec.model_copy(update={name: span for name, span in asked.items() if span is not None})


def _library_material(defect: Defect) -> str:
    """The first material that the defect is usual on, one of the shipped parts' before others."""
    known = library_materials()
    usual = [name for name in defect.materials or known if name not in defect.never_on]
    if not usual:
        raise InputError(f"{defect.name} is usual on no material; name one, or give good parts with --on")
    return next((name for name in usual if name in known), usual[0])
