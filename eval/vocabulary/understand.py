"""How many prompts, as people write them, are read right.

    python eval/vocabulary/understand.py --half tune        # shows what is read wrong, to tune on
    python eval/vocabulary/understand.py --half untouched --out eval/vocabulary/UNDERSTANDING.md

A line of prompts/<half>.jsonl holds the prompt, the defect types that are a fair reading, and the material. A prompt
is right where the defect is one of these and the material is the one given, or one of several fair ones. One with no
fair reading is right where it is refused. Nothing may be changed in the light of the untouched half: of that, this
script shows counts alone. trade_a, trade_b and trade_c hold the jargon of the trades, written to tune on. glossary is
rarer jargon, of what the trades' own glossaries name; how two materials side by side are read was tuned on it, no name.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

from defectgen.book import RecipeBook, load_book
from defectgen.errors import PromptError
from defectgen.model.text import TextEncoder
from defectgen.prompt import parse_prompt

HERE = Path(__file__).resolve().parent / "prompts"
HALVES = ("tune", "trade_a", "trade_b", "trade_c", "glossary", "untouched")


def read(prompt: str, book: RecipeBook, encoder: TextEncoder) -> tuple[str | None, str | None]:
    """(defect, material) as understood; no defect where the prompt is refused."""
    try:
        spec = parse_prompt(prompt, book, encoder).spec
    except PromptError:
        return None, None
    return spec.defect, spec.material


def right(line: dict[str, object], defect: str | None, material: str | None) -> bool:
    fair = line["defects"]
    assert isinstance(fair, list)
    if not fair:
        return defect is None
    materials = line.get("materials") or [line["material"]]
    assert isinstance(materials, list)
    return defect in fair and (materials == [None] or material in materials)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--half", choices=HALVES, default="tune")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    book, encoder = load_book(), TextEncoder()
    lines = [json.loads(text) for text in (HERE / f"{args.half}.jsonl").read_text("utf-8").splitlines() if text]
    counts: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for line in lines:
        defect, material = read(line["prompt"], book, encoder)
        good = right(line, defect, material)
        counts[line["lang"], line["kind"]].append(good)
        if not good and args.half != "untouched":
            print(f"{line['prompt']!r}: {defect} on {material}; fair: {line['defects']} on {line['material']}")
    rows = [f"| {lang} | {kind} | {sum(v)} of {len(v)} | {sum(v) / len(v):.1%} |" for (lang, kind), v in
            sorted(counts.items())]  # fmt: skip
    for name, wanted in (("English, known", lambda k: k[0] == "en" and k[1] != "unknown"),
                         ("other languages", lambda k: k[0] != "en" and k[1] != "unknown"),
                         ("unknown", lambda k: k[1] == "unknown")):  # fmt: skip
        every = [one for key, values in counts.items() if wanted(key) for one in values]
        if every:
            rows.append(f"| **{name}** | | {sum(every)} of {len(every)} | {sum(every) / len(every):.1%} |")
    table = ["| language | kind | right | |", "|---|---|---|---|", *rows]
    print("\n".join(table))
    if args.out:
        made_by = f"`python eval/vocabulary/understand.py --half {args.half} --out ...`; {len(lines)} prompts."
        head = ["# How many prompts are read right", "", made_by, ""]
        args.out.write_text("\n".join([*head, *table]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
