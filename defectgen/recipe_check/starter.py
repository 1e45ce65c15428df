"""Starters: commented recipes to begin with, which pass the check as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from defectgen.book import RecipeBook
from defectgen.errors import RecipeError
from defectgen.phrase import phrase_key
from defectgen.recipe import Defect, Range
from defectgen.recipe_check.twins import differ, visible

__all__ = ["defect_starter", "material_starter"]

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HEAD = """\
# {what}. What each key may hold: recipes/README.md, or read one that is there: defectgen recipes show {example}
# Check it:    defectgen recipes check {name}.yaml
# Look at it:  {look}
domain: {domain}  # the trade that uses the word; general where several do
"""

PLAIN = """\
defects:
  - name: {name}
    # crack, scratch, dent, pit, inclusion, stain, corrosion, burn, chip, bulge, fold, peel, contamination, hole, weave
    family: stain
    synonyms: []  # other names, in the singular; plurals and spellings are found by themselves
    description: A {words} as one sees it, in one sentence; say what sets it apart.
    # standards: [{{id: ISO 8785, clause: "3.1"}}]  # only where you are sure; clause in quotes
    morphology:
      # crack, scratch, pit, blob, stain, chip, bulge, fold, peel, fibre, hole, weave, spatter
      kind: blob
      params: {{aspect: [0.4, 0.9], roughness: [0.1, 0.4], lobes: [1, 2]}}
    change:
      # pairs go from barely visible to gross; colours are linear RGB
      tint: [0.10, 0.06, 0.03]
      opacity: [0.2, 0.9]
      roughness: [0.05, 0.2]
      mottle: 0.3
      # depth: [-0.3, -1.5]  # relative to the half-width; negative goes into the surface
      # void: [0.1, 0.8]     # shadow inside
    placement: {{region: anywhere, grain: free, count: [1, 2]}}
    size: [{low:g}, {high:g}]  # longest extent over the part's shorter side
    # extent: {{low: 0.5, high: 20, unit: mm}}  # usual real extent
    # materials: [metals, glass]              # names or groups; none means everywhere
    # never_on: [textiles]
    # causes: [why it happens]
    # severity: [barely visible, clear, gross]
"""

HEIR = """\
defects:
  - name: {name}
    extends: {parent}  # every key that is not written here comes from it: defectgen recipes show {parent}
    synonyms: []
    description: A {words} as one sees it, in one sentence; say what sets it apart from {parent}.
    # Something that shows must differ from {parent} by more than 15 %: size, count, region, shape or surface.
    size: [{low:g}, {high:g}]
    # morphology: {{params: {{{params}}}}}
    # change: {{{change}}}
    # placement: {{region: edge, count: [1, 1]}}
    # materials: [metals]
    # causes: [why it happens]
    # severity: [barely visible, clear, gross]
"""

MATERIAL = """\
materials:
  - name: {name}
    groups: []    # names under which defects may list it, such as metals
    synonyms: []  # other names; each belongs to one material only
    description: {words}, in a few words that say how a good surface looks
    grain: {grain}  # true where the surface has a direction
    look:
      surface: {surface}
      params: {params}
"""


def defect_starter(name: str, parent: str | None, book: RecipeBook) -> str:
    """YAML of a defect type, of its own or an heir of `parent`; RecipeError for a name that is no good."""
    check_name(name, book)
    base = None if parent is None else book.defect(parent)
    words, example = name.replace("-", " "), "pit" if base is None else base.name
    domain = "general" if base is None else base.domain
    on = f"{words} on {base.materials[0]}" if base and base.materials else words
    look = f'defectgen synth "{on}" --recipe {name}.yaml --engine render'
    head = HEAD.format(what="A defect type", example=example, name=name, look=look, domain=domain)
    low, high = unlike(base, book)
    if base is None:
        return head + PLAIN.format(name=name, words=words, low=low, high=high)
    params = ", ".join(f"{key}: {flat(value)}" for key, value in base.morphology.params.items())
    change = ", ".join(f"{key}: {flat(value)}" for key, value in base.change if key in base.change.model_fields_set)
    return head + HEIR.format(
        name=name, parent=base.name, words=words, low=low, high=high, params=params, change=change
    )


def material_starter(name: str, like: str | None, book: RecipeBook) -> str:
    """YAML of a material that looks as `like` does; RecipeError for a name that is no good."""
    check_name(name, book)
    base = book.material(like or "matte-plastic")
    head = HEAD.format(
        what="A material", example=base.name, name=name, domain=base.domain,
        look=f"defectgen parts render {name} --recipe {name}.yaml",
    )  # fmt: skip
    return head + MATERIAL.format(
        name=name, words=name.replace("-", " "), grain=str(base.grain).lower(), surface=base.look.surface,
        params=flat(base.look.params),
    )  # fmt: skip


def check_name(name: str, book: RecipeBook) -> None:
    if not NAME.fullmatch(name):
        raise RecipeError(f"name {name!r}: expected lower-case words joined by hyphens, such as weld-porosity")
    key = phrase_key(name)
    if key in book.defect_aliases or key in book.material_aliases:
        raise RecipeError(f"{name!r} is a name already: defectgen recipes show {name}; choose another")


def unlike(base: Defect | None, book: RecipeBook) -> Range:
    """A size by which the starter differs from every type."""
    if base is None:
        return 0.05, 0.3
    looks = [visible(d) for d in book.defects.values() if d.morphology.kind == base.morphology.kind]
    for size in sizes(base.size):
        mine = visible(base.model_copy(update={"size": size}))
        if all(differ(mine, other) for other in looks):
            return size
    return base.size


def sizes(size: Range) -> Iterator[Range]:
    """Other sizes, the nearest first."""
    for factor in (0.7, 0.6, 0.5, 0.4, 0.3):
        yield round(size[0] * factor, 3), round(size[1] * factor, 3)


def flat(value: object) -> str:
    """A value in YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flat(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(flat, value)) + "]"
    return "null" if value is None else str(value)
