"""Do words steer the compact model, and how far beyond the words that it was trained on?

    python eval/compact/steer.py --out eval/compact            # four minutes of one core

A *view* is a window of a rendered good part with one blob for a mask. On each view one sample is made for each of six
classes of defect that such a mask suits, with the same seed and the same measured severity, so that nothing but the
words (and where it says so the draft) differs. A judge then says which class a sample looks like: a linear classifier
on EfficientNet-Lite2 features (mean under the mask less mean around it, less the same of the good window), which knows
the classes from the `render` engine on other windows and masks. A second judge sees statistics of tone alone. *Centred*
judges are told only how the six samples of a view differ from their own mean: samples from pure noise have a look of
their own, which says nothing of the words and which the plain judges take for one class.

- *known*: names that stood in training captions. *synonyms*: names that share no word with any caption. *neighbours*:
  types of the recipes that no caption held but that end in a known word. *new material*: known names on materials that
  no caption held. What was held is read from `support.json` and checked before anything is made.
- *words alone*: strength 1, no draft. *draft*: strength 0.6 from a rendered draft, as `synth` works; *crossed*: the
  draft of one class with the words of another.
- *shuffled*: the same samples, held against the classes of the other prompts: what a judge gives whose answer has
  nothing to do with the prompt, near one in six.

Hits are the share of samples that are taken for the class of their words, *group* of those taken for a stain where the
words name one of the three stains, and for relief where they name one of the three others; with 95% bootstrap intervals
over views.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from cases import F64, interval, statistics
from like import Lite2
from numpy.typing import NDArray
from PIL import Image
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from defectgen.book import RecipeBook, load_book
from defectgen.engine.render import RenderEngine
from defectgen.engine.window import Window
from defectgen.mask.draw import draw_shape
from defectgen.mask.shape import Shape
from defectgen.mask.transform import paste_shape
from defectgen.model.checkpoint import default_weights, load_unet, read_info
from defectgen.model.condition import condition_vector
from defectgen.model.device import pick_dtype
from defectgen.model.flow import RESIDUAL_SCALE
from defectgen.model.network import EditNetwork
from defectgen.model.reference import Reference
from defectgen.model.sampler import Conditions, sample
from defectgen.model.support import read_support
from defectgen.model.text import TextEncoder
from defectgen.recipe import Morphology
from defectgen.resources import resource_dir

SIDE = 128
CLASSES = ("rust patch", "oil stain", "burn mark", "dent", "bulge", "paint peel")
MARK = "<!-- Below: written by eval/compact/steer.py -->"
STAINS = 3
"""The first classes lie on the surface as a colour, the others are relief; one in two is chance for this."""
WORDS = {
    "known": CLASSES,
    "synonyms": ("ferrous ruddiness", "petroleum", "singeing", "divot", "protuberance", "desquamation"),
    "neighbours": ("ruddy corrosion", "kerosene stain", "blowtorch burn", "knuckle dent", "convexity bulge",
                   "husk peel"),
}  # fmt: skip
MATERIALS = ("brushed-aluminum", "painted-metal", "leather", "wood", "concrete", "ceramic-tile", "matte-plastic",
             "stainless-steel", "woven-fabric", "marble")  # fmt: skip
NEW_MATERIALS = ("bamboo", "slate", "papyrus", "bakelite", "obsidian", "bronze")
SEVERITY, WISH = 0.6, 0.7
"""Measured severity that every sample is told, and the wish from 0 to 1 that drafts and the judge's renders have."""
STEPS, DRAFT_STRENGTH = 8, 0.6
TRAINING_VIEWS = 30
F32 = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """A good window (S, S, 3) in [0, 1], its mask, its material's name, and the seed of all its samples."""

    good: F32
    shape: Shape
    material: str
    seed: int


def views(count: int, picture: Sequence[int], seed: int) -> list[View]:
    """Windows of the library's parts; picture: which of a material's pictures they may come from."""
    rng = np.random.default_rng([seed, 41])
    found = []
    for k in range(count):
        name = MATERIALS[k % len(MATERIALS)]
        path = resource_dir("samples") / "good" / name / f"{picture[k // len(MATERIALS) % len(picture)]}.jpg"
        rgb = np.asarray(Image.open(path).convert("RGB"), np.float32) / np.float32(255)
        y, x = (int(rng.integers(side - SIDE)) for side in rgb.shape[:2])
        blob = draw_shape(Morphology(kind="blob", params={"aspect": (0.5, 0.9), "roughness": (0.15, 0.5)}),
                          float(rng.uniform(50, 80)), float(rng.uniform(0, np.pi)), rng)  # fmt: skip
        shape = paste_shape(blob, (SIDE, SIDE), (SIDE / 2, SIDE / 2))
        found.append(View(rgb[y : y + SIDE, x : x + SIDE], shape, name, int(rng.integers(2**31))))
    return found


def rendered(view: View, label: int, book: RecipeBook, seed: int = 0) -> F32:
    """What the `render` engine makes of a class."""
    defect, material = book.defect(CLASSES[label]), book.material(view.material)
    return RenderEngine(SIDE).edit([Window(view.good, view.shape, "", WISH, view.seed + seed, defect, material)])[0]


class Model:
    """The compact network, told words, one severity and a draft or none, without what `synth` does around it."""

    def __init__(self, weights: Path) -> None:
        self.network = EditNetwork(load_unet(weights, pick_dtype("cpu"), "cpu")).eval()
        self.text = TextEncoder()

    def draw(self, view: View, words: Sequence[str], drafts: Sequence[F32] | None = None, seed: int = 0) -> list[F32]:
        """One sample for each line of words, all from the same noise."""
        count = len(words)
        told, null = self.text.encode(list(words)), self.text.encode([""] * count)
        severity, origin = torch.full((count,), SEVERITY), torch.full((count,), -1)
        vectors = [condition_vector(one[2], severity, origin) for one in (told, null)]
        residual = None if drafts is None else torch.cat([pixels(d - view.good) for d in drafts]) / RESIDUAL_SCALE
        alpha = torch.from_numpy(view.shape.alpha)[None, None]
        change = sample(
            self.network, (2 * pixels(view.good) - 1).expand(count, -1, -1, -1), alpha.expand(count, -1, -1, -1),
            Conditions(told[0], told[1], vectors[0], null[0], null[1], vectors[1]),
            [torch.Generator().manual_seed(view.seed + seed) for _ in words], steps=STEPS, guidance=1.0,
            strength=1.0 if drafts is None else DRAFT_STRENGTH, draft=residual,
        )  # fmt: skip
        edited = view.good + RESIDUAL_SCALE * change.permute(0, 2, 3, 1).numpy()
        return list(np.clip(edited, 0, 1).astype(np.float32))


def pixels(picture: F32) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None]


class Space:
    """Features of what a sample changes: its own less the good window's, of a network's or of tone alone."""

    def __init__(self, eyes: Lite2 | None) -> None:
        self.eyes = eyes

    def looks(self, view: View, pictures: Sequence[F32]) -> F64:
        """(pictures, features)."""
        return np.stack([self._look(view, one) for one in pictures]) - self._look(view, view.good)

    def _look(self, view: View, picture: F32) -> F64:
        if self.eyes is not None:
            return self.eyes.vector(Reference(np.rint(255 * picture).astype(np.uint8), view.shape.alpha))
        mask = view.shape.alpha > 0.5
        return np.concatenate([255 * picture[mask].mean(0), statistics(picture, mask)])


class Judge:
    """Which class a sample looks like. centred: told only how the six samples of a view differ from their mean."""

    def __init__(self, renders: F64, *, centred: bool) -> None:
        """renders: (views, classes, features)."""
        self.centred = centred
        self.sorter = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        known = renders - renders.mean(1, keepdims=True) if centred else renders
        self.sorter.fit(known.reshape(-1, renders.shape[-1]), np.tile(np.arange(len(CLASSES)), len(renders)))

    def says(self, looks: F64) -> NDArray[np.int64]:
        if not self.centred:
            return np.asarray(self.sorter.predict(looks), np.int64)
        # Without the intercepts only the direction of a difference counts, however small it is.
        return np.asarray(((looks - looks.mean(0)) @ self.sorter.coef_.T).argmax(1), np.int64)


def judges(space: Space, seed: int, book: RecipeBook) -> dict[str, Judge]:
    """Both judges of a space, who know the classes from the `render` engine on views of their own."""
    renders = np.stack([
        space.looks(view, [rendered(view, label, book) for label in range(len(CLASSES))])
        for view in views(TRAINING_VIEWS, (0, 1), seed)
    ])  # fmt: skip
    return {"": Judge(renders, centred=False), ", centred": Judge(renders, centred=True)}


def checked(weights: Path) -> None:
    """Stops where a name that should be new was in a training caption, or one that should be known was not."""
    support = read_support(weights)
    assert support is not None, f"{weights} does not say what it was trained on; run eval/compact/support.py"
    held = set(support.words)
    assert all(name in support.defects for name in CLASSES)
    assert all(name.replace("-", " ") in support.materials for name in MATERIALS)
    assert all(held.isdisjoint(name.split()) for name in (*WORDS["synonyms"], *NEW_MATERIALS))
    assert all(name.split()[-1] in held and not held.issuperset(name.split()) for name in WORDS["neighbours"])


def arms(view: View, place: int, model: Model, book: RecipeBook) -> dict[str, list[F32]]:
    """Six samples of each arm; of a crossed one the k-th has the draft of class k and words of another."""
    material, new = view.material.replace("-", " "), NEW_MATERIALS[place % len(NEW_MATERIALS)]
    drafts = [rendered(view, k, book, seed=7) for k in range(len(CLASSES))]
    other = [crossed(k, place) for k in range(len(CLASSES))]
    made = {
        f"words alone, {kind}": model.draw(view, [f"{name} on {material}" for name in names])
        for kind, names in WORDS.items()
    }
    known = [f"{name} on {material}" for name in CLASSES]
    made["words alone, new material"] = model.draw(view, [f"{name} on {new}" for name in CLASSES])
    made["draft and its words"] = model.draw(view, known, drafts)
    for kind in ("known", "synonyms"):
        made[f"crossed, {kind}"] = model.draw(view, [f"{WORDS[kind][k]} on {material}" for k in other], drafts)
    made["no words"] = model.draw(view, [""])
    made["another seed"] = model.draw(view, known[:1], seed=1)
    made["draft itself"] = drafts
    return made


def kept_arms(view: View, place: int, model: Model, book: RecipeBook, folder: Path) -> dict[str, list[F32]]:
    """The samples of a view as `arms` makes them, from the folder where they are there already."""
    path = folder / f"view-{view.seed:010d}.npz"
    if not path.is_file():
        made = arms(view, place, model, book)
        draft = path.with_suffix(".part.npz")
        rounded = {name: np.rint(255 * np.stack(some)).astype(np.uint8) for name, some in made.items()}
        np.savez_compressed(draft, **rounded)
        draft.rename(path)
    with np.load(path) as stored:
        return {name: list(stored[name].astype(np.float32) / np.float32(255)) for name in stored.files}


def crossed(label: int, place: int) -> int:
    """The class of the words where the draft is of class `label`."""
    return (label + 1 + place % (len(CLASSES) - 1)) % len(CLASSES)


def hits(answers: NDArray[np.int64], place: int, name: str) -> dict[str, float]:
    """The shares of one view and arm."""
    own = np.arange(len(CLASSES))
    if len(answers) < len(own):
        return {}
    shuffled = [np.mean(answers == np.roll(own, shift)) for shift in range(1, len(own))]
    if name.startswith("crossed"):
        words = np.array([crossed(k, place) for k in own])
        return {"as its words": float(np.mean(answers == words)), "as its draft": float(np.mean(answers == own))}
    group = float(np.mean((answers < STAINS) == (own < STAINS)))
    return {"hits": float(np.mean(answers == own)), "shuffled": float(np.mean(shuffled)), "group": group}


def moved(made: dict[str, list[F32]], mask: NDArray[np.bool_]) -> dict[str, float]:
    """Grey levels under the mask by which a sample changes when one thing does."""

    def apart(a: F32, b: F32) -> float:
        return float(255 * np.abs(a - b)[mask].mean())

    known, count = made["words alone, known"], len(CLASSES)
    other = [apart(known[k], known[(k + 1) % count]) for k in range(count)]
    again = zip(known, made["words alone, synonyms"], strict=True)
    return {
        "another known name": float(np.mean(other)),
        "a synonym": float(np.mean([apart(a, b) for a, b in again])),
        "a new material": float(np.mean([apart(*two) for two in zip(known, made["words alone, new material"],
                                                                  strict=True)])),
        "no words": float(np.mean([apart(a, made["no words"][0]) for a in known])),
        "another seed": apart(known[0], made["another seed"][0]),
    }  # fmt: skip


def sheet(found: Sequence[dict[str, list[F32]]], views_: Sequence[View], path: Path) -> None:
    """A row for each view: good, six drafts, six samples of known words, of synonyms, and with draft."""
    rows = []
    for view, made in zip(views_, found, strict=True):
        cells = [view.good]
        for name in ("draft itself", "words alone, known", "words alone, synonyms", "draft and its words"):
            cells += made[name]
        rows.append(np.hstack([cv2.resize(cell, (72, 72), interpolation=cv2.INTER_AREA) for cell in cells]))
    Image.fromarray(np.rint(255 * np.vstack(rows)).astype(np.uint8)).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--weights", type=Path, default=default_weights())
    parser.add_argument("--n", type=int, default=12, help="views")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", type=Path, help="writes steer.json and STEER.md there")
    parser.add_argument("--work", type=Path, default=Path("out/steer"), help="samples, kept for a run that goes on")
    parser.add_argument("--sheet", type=Path)
    args = parser.parse_args()
    checked(args.weights)
    args.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    book = load_book()
    result = measured(Model(args.weights), book, args)
    result |= {"n": args.n, "seed": args.seed, "weights_sha256": read_info(args.weights).weights_sha256}
    print(json.dumps(result, indent=1))
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "steer.json").write_text(json.dumps(result, indent=1) + "\n")
        path = args.out / "STEER.md"
        by_hand = path.read_text("utf-8").partition(MARK)[0] if path.is_file() else "# Do words steer, and how far\n\n"
        path.write_text(by_hand + "\n".join(page(result)) + "\n", "utf-8")


def measured(model: Model, book: RecipeBook, args: argparse.Namespace) -> dict[str, Any]:
    """All numbers, each as mean and interval over views."""
    found = views(args.n, (2,), args.seed)
    samples_of = [kept_arms(view, place, model, book, args.work) for place, view in enumerate(found)]
    if args.sheet:
        sheet(samples_of, found, args.sheet)
    shares: dict[str, list[float]] = {}
    confusion: dict[str, NDArray[np.int64]] = {}
    for name, space in (("Lite2", Space(Lite2())), ("tone", Space(None))):
        own = judges(space, args.seed + 1, book)
        for place, (view, made) in enumerate(zip(found, samples_of, strict=True)):
            for arm, samples in made.items():
                looks = space.looks(view, samples)
                for kind, judge in own.items():
                    answers = judge.says(looks)
                    for what, share in hits(answers, place, arm).items():
                        shares.setdefault(f"{name}{kind} | {arm} | {what}", []).append(share)
                    if arm == "words alone, known":
                        table = confusion.setdefault(f"{name}{kind}", np.zeros((len(CLASSES),) * 2, np.int64))
                        np.add.at(table, (np.arange(len(CLASSES)), answers), 1)
    distances = [moved(made, view.shape.alpha > 0.5) for view, made in zip(found, samples_of, strict=True)]
    rng = np.random.default_rng(0)

    def spread(values: Sequence[float]) -> list[float]:
        return [round(v, 3) for v in interval(np.array(values), rng)]

    return {
        "hits": {key: spread(values) for key, values in shares.items()},
        "moved": {what: spread([one[what] for one in distances]) for what in distances[0]},
        "confusion": {name: table.tolist() for name, table in confusion.items()},
    }


def page(result: dict[str, Any]) -> list[str]:
    """STEER.md below MARK; what stands above it is written by hand."""

    def cell(key: str) -> str:
        return "{:.2f} [{:.2f}, {:.2f}]".format(*result["hits"][key]) if key in result["hits"] else ""

    arms_ = list(dict.fromkeys(key.split(" | ")[1] for key in result["hits"]))
    lines = [
        MARK, "",
        f"`python eval/compact/steer.py --n {result['n']} --seed {result['seed']} --out eval/compact`; the script says "
        f"what rows and columns are. Weights {result['weights_sha256'][:12]}; {result['n']} views, six samples "
        "each; one in six is chance, and one in two for stain or relief.", "",
        "| arm | judge | hits | shuffled | stain or relief | as its words | as its draft |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for arm in arms_:
        for judge in result["confusion"]:
            columns = ("hits", "shuffled", "group", "as its words", "as its draft")
            lines.append(
                f"| {arm} | {judge} | " + " | ".join(cell(f"{judge} | {arm} | {what}") for what in columns) + " |"
            )
    lines += [
        "",
        "What moves a sample made of words alone, grey levels under the mask:",
        "",
        "| change | moves |",
        "|---|---|",
    ]
    lines += ["| {} | {:.2f} [{:.2f}, {:.2f}] |".format(what, *row) for what, row in result["moved"].items()]
    lines += ["", "| class | " + " | ".join(("known", "synonym", "neighbour")) + " |", "|---|---|---|---|"]
    lines += [f"| {k} | {a} | {b} | {c} |" for k, (a, b, c) in enumerate(zip(*WORDS.values(), strict=True))]
    lines += ["", f"New materials: {', '.join(NEW_MATERIALS)}."]
    for judge, table in result["confusion"].items():
        if "centred" not in judge:
            continue
        lines += ["", f"What {judge} takes known words alone for (rows: the words' class, columns: the answer):", "",
                  "| | " + " | ".join(CLASSES) + " |", "|---|" + "---|" * len(CLASSES)]  # fmt: skip
        lines += [f"| {name} | {' | '.join(map(str, row))} |" for name, row in zip(CLASSES, table, strict=True)]
    return lines


if __name__ == "__main__":
    main()
