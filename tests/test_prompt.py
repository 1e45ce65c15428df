"""Prompts: what words are taken for, what is refused, and how often the nearest neighbour is right."""

from __future__ import annotations

from typing import Any

import pytest

from defectgen.attribute import SHAPES, shape_overrides
from defectgen.book import RecipeBook, load_book
from defectgen.errors import PromptError
from defectgen.lexicon import edit_distance, nearest_spelling, stem
from defectgen.mask.params import KINDS, shape_params
from defectgen.model.text import TextEncoder
from defectgen.prompt import DefectSpec, Understanding, parse_prompt

# fmt: off
NAMES: list[tuple[str, str, str | None]] = [
    ("hairline crack on brushed aluminum", "hairline-crack", "brushed-aluminum"),
    ("Hairline cracks in brushed aluminium", "hairline-crack", "brushed-aluminum"),
    ("hair line crack, brushed-aluminum", "hairline-crack", "brushed-aluminum"),
    ("oil stain on woven fabric", "oil-stain", "woven-fabric"),
    ("oily patch on cloth", "oil-stain", "woven-fabric"),
    ("2 deep vertical scratches on painted metal near the edge", "scratch", "painted-metal"),
    ("blow hole in cast iron", "blowhole", "cast-iron"),
    ("blowholes in grey iron", "blowhole", "cast-iron"),
    ("delaminated paint on steel", "delamination", "painted-metal"),
    ("rusty patch", "rust-patch", None),
    ("fissure in ceramic", "hairline-crack", "ceramic-tile"),
    ("scrach on alumium", "scratch", "brushed-aluminum"),
    ("scratchs on stainles steel", "scratch", "stainless-steel"),
    ("corosion on galvanized steel", "rust-patch", "galvanized-steel"),
    ("cracked solar panel", "crack", "solar-cell"),
    ("CRACK ON CONCRETE!!!", "crack", "concrete"),
    ("wrinkled leather", "wrinkle", "leather"),
    ("dented washer", "dent", "turned-steel"),
    ("chipped edge on granite", "edge-chip", "granite"),
    ("broken corner on a ceramic tile", "corner-break", "ceramic-tile"),
    ("missing thread in the fabric", "missing-pick", "woven-fabric"),
    ("loose hair on pcb", "hair", "pcb"),
    ("dimpled gelcaps", "capsule-dent", "capsule"),
    ("dunts on tableware", "glaze-dunt", "tableware"),
    ("powder coat with runs", "paint-run", "powder-coat"),
    ("spalls with bare rebar", "rebar-spall", "concrete"),
    ("shelly boards with ring shakes", "ring-shake", "wood"),
    ("berries stuck next to the weld", "seam-spatter", "weld-seam"),
    ("glass, stone inclusion", "glass-stone", "glass"),
    ("heavily corroded iron", "rust-patch", "cast-iron"),
    ("burnt wood", "burn-mark", "wood"),
    ("burn mark on a wooden board", "burn-mark", "wood"),
    ("torn paper", "tear", "paper"),
    ("peeling paint", "paint-peel", None),
    ("blowholes in a cast iron bed", "blowhole", "cast-iron"),
    ("scoring on stainless cups", "scratch", "stainless-steel"),
    ("hole in printed voile", "hole", "woven-fabric"),
    ("crack in a bar of chocolate", "crack", "chocolate"),
    ("blisters under car paint", "coat-blistering", "metallic-paint"),
    ("water spots on glass", "water-stain", "glass"),
    ("fingerprints on the lens", "fingerprint", "optical-lens"),
    ("porosity in die-cast aluminium", "porosity", "cast-aluminum"),
    ("fiber on carbon fibre", "fibre", "carbon-fibre"),
    ("lint on rubber seal", "fibre", "rubber"),
    ("discolouration of plastic", "discoloration", "matte-plastic"),
    ("two dents and a scratch on copper", "dent", "copper"),
    ("weld spatter", "weld-spatter", None),
    ("solder bridge on circuit board", "solder-bridge", "pcb"),
    ("slag inclusions in steel", "slag-inclusion", "milled-steel"),
    ("pinholes in glazed tile", "glaze-pinholing", "ceramic-tile"),
    ("creased cardboard", "fold", "cardboard"),
    ("there is a crack running through the concrete wall", "crack", "concrete"),
    ("photo of a stained marble slab", "dirt-smudge", "marble"),
    ("crack on oak table", "crack", None),
    ("scratch on titanium", "scratch", None),
    ("porosity in weld", "weld-porosity", "weld-seam"),
    ("sink mark on moulded plastic", "sink-mark", "matte-plastic"),
    ("flash on injection moulded part", "moulding-flash", "matte-plastic"),
    ("doctor blade streak on label", "doctor-blade-line", "printed-label"),
    ("orange peel on car paint", "coat-orange-peel", "metallic-paint"),
    ("sags in powder-coated metal", "paint-sag", "powder-coat"),
    ("spalling on bearing ring", "race-spalling", "bearing-race"),
    ("gear tooth pitting", "gear-pitting", "gear"),
    ("bubble in glass", "glass-blister", "glass"),
    ("dead pixel on display", "dead-pixel", "display-panel"),
    ("knot in plywood", "live-knot", "plywood"),
    ("rust on rail", "rust-spot", "rail"),
    ("scratch on apple", "scratch", "apple"),
    ("bruise on apple", "fruit-bruise", "apple"),
    ("mould on bread", "bread-mould", "bread-crust"),
    ("deep scratch", "deep-gouge", None),
    ("spatter", "weld-spatter", None),
    ("spatter on weld", "seam-spatter", "weld-seam"),
    ("spalled concrete", "spall", "concrete"),
    ("dent on pipes", "dent", "pipe"),
    ("crack in moulded rubber", "crack", "rubber"),
    ("seeds in glass bottle", "glass-seed", "glass-bottle"),
    ("corrosion on steel bolt", "rust-patch", "bolt"),
    ("misrun in aluminium die casting", "misrun", "cast-aluminum"),
]

ATTRIBUTES: list[tuple[str, str, Any]] = [
    ("a dent", "count", (1, 1)),
    ("one dent", "count", (1, 1)),
    ("2 dents", "count", (2, 2)),
    ("three dents", "count", (3, 3)),
    ("a few dents", "count", (2, 4)),
    ("several dents", "count", (3, 6)),
    ("a cluster of pores", "count", (4, 9)),
    ("many scratches on a steel plate", "count", (6, 12)),
    ("scratches", "count", (2, 3)),
    ("faint scratch", "severity", (0.0, 0.25)),
    ("slight dent", "severity", (0.05, 0.3)),
    ("slightly dented steel", "severity", (0.05, 0.3)),
    ("barely visible scratch", "severity", (0.0, 0.12)),
    ("shallow dent", "severity", (0.1, 0.35)),
    ("moderate wrinkle", "severity", (0.35, 0.65)),
    ("deeply scratched plastic", "severity", (0.65, 0.95)),
    ("severe rust on iron", "severity", (0.75, 1.0)),
    ("gross corrosion", "severity", (0.85, 1.0)),
    ("horizontal scratch", "orientation", 0.0),
    ("vertical crack", "orientation", 90.0),
    ("diagonally scratched glass", "orientation", 45.0),
    ("scratch at 30 degrees", "orientation", 30.0),
    ("scratch at 210°", "orientation", 30.0),
    ("crack along the grain in oak", "grain", "along"),
    ("scratch across the grain", "grain", "across"),
    ("dent near the edge", "region", "edge"),
    ("dent close to the border", "region", "edge"),
    ("dent in the corner", "region", "corner"),
    ("dent in the center", "region", "centre"),
    ("dent in the middle of the part", "region", "centre"),
    ("dent at the top", "region", "top"),
    ("dent, upper left corner", "region", "top-left"),
    ("dent in the bottom-right", "region", "bottom-right"),
    ("dent on the left side", "region", "left"),
    ("rust at the lower edge", "region", "bottom"),
    ("dent, 3% of the part", "size", (0.03, 0.03)),
    ("dent of 12 percent", "size", (0.12, 0.12)),
    ("jagged crack", "shape", ("irregular",)),
    ("long straight scratch", "shape", ("straight",)),
    ("dark round oil stain", "adjectives", ("round", "dark")),
    ("thin crack with branches on blue plastic", "adjectives", ("branching", "blue")),
]

SENSELESS = [
    "", "   ", "!!!", "42", "asdf qwer", "hello world", "the quick brown fox jumps over the lazy dog",
    "buy milk and eggs", "brushed aluminum", "near the edge", "two large", "what time is it",
]

UNLISTED: list[tuple[str, set[str]]] = [
    ("rubbing trace", {"scratch"}), ("shattered impact point", {"crack", "chip", "dent"}),
    ("unravelled yarn", {"weave"}), ("trapped gas pocket", {"pit", "bulge"}), ("loose coating strip", {"peel"}),
    ("swollen zone", {"bulge"}), ("tattered opening", {"hole", "weave"}), ("spider web pattern", {"crack"}),
    ("charcoal trace", {"stain", "burn"}), ("foreign granule", {"inclusion", "contamination"}),
]
UNRELATED = [
    "quarterly report", "python programming", "new york city", "jazz music", "train ticket", "a beautiful woman",
    "send an email", "car race", "one two three", "banana", "university degree", "spaceship", "guitar solo",
    "football match", "a cat sitting on a sofa",
]
# fmt: on


@pytest.fixture(scope="module")
def book() -> RecipeBook:
    return load_book()


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder()


def read(text: str, book: RecipeBook, encoder: TextEncoder | None = None) -> DefectSpec:
    return parse_prompt(text, book, encoder).spec


@pytest.mark.parametrize(("text", "defect", "material"), NAMES)
def test_names(text: str, defect: str, material: str | None, book: RecipeBook, encoder: TextEncoder) -> None:
    spec = read(text, book, encoder)
    assert spec.defect == defect
    if material is not None:
        assert spec.material == material


@pytest.mark.parametrize(("text", "name", "value"), ATTRIBUTES)
def test_attributes(text: str, name: str, value: Any, book: RecipeBook, encoder: TextEncoder) -> None:
    assert getattr(read(text, book, encoder), name) == value


@pytest.mark.parametrize("text", SENSELESS)
def test_senseless_prompts_are_refused_in_one_line(text: str, book: RecipeBook, encoder: TextEncoder) -> None:
    with pytest.raises(PromptError, match="defectgen recipes list") as caught:
        parse_prompt(text, book, encoder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steel without scratches", "asks for no scratches"),
        ("scratch-free steel", "asks for no scratch"),
        ("0 cracks in glass", "asks for 0 defects"),
        ("dent of 300%", "size 300% is impossible"),
        ("crack " * 100, "100 words, expected at most 60"),
        ("brushed aluminum", "names a material but no defect"),
    ],
)
def test_impossible_prompts_say_why(text: str, message: str, book: RecipeBook) -> None:
    with pytest.raises(PromptError, match=message):
        parse_prompt(text, book)


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ("scrach on steel", "'scrach' read as 'scratch'"),
        ("dent", "no material named"),
        ("missing thread in concrete", "missing-pick is unusual on concrete"),
        ("two dents and a scratch on copper", "left out scratch"),
        ("5 mm scratch on steel", "scale is unknown"),
        ("crack on a flurbish of steel", "not used: flurbish"),
        ("straight dent on steel", "only goes into the caption"),
    ],
)
def test_guesses_are_announced(text: str, notice: str, book: RecipeBook) -> None:
    assert any(notice in line for line in parse_prompt(text, book).notices)


def test_nearest_neighbour_is_announced_with_its_cosine(book: RecipeBook, encoder: TextEncoder) -> None:
    found = parse_prompt("scratch on bamboo", book, encoder)
    reading = next(reading for reading in found.readings if reading.words == "bamboo")
    assert (reading.how, reading.role) == ("nearest", "material") and 0.5 <= reading.sure < 0.9
    assert any("cosine" in notice for notice in found.notices)


def test_unlisted_words_find_the_right_family_and_unrelated_ones_none(book: RecipeBook, encoder: TextEncoder) -> None:
    readable = [(text, families) for text, families in UNLISTED if reads(text, book, encoder)]
    right = sum(book.defects[read(text, book, encoder).defect].family in families for text, families in readable)
    # Two hold words that the encoder does not, which it cannot tell from made-up ones.
    assert right >= 7
    through = [text for text in UNRELATED if reads(text, book, encoder)]
    assert len(through) <= 1, through


def reads(text: str, book: RecipeBook, encoder: TextEncoder) -> bool:
    try:
        parse_prompt(text, book, encoder)
    except PromptError:
        return False
    return True


def test_encoder_is_only_made_when_words_are_left(book: RecipeBook) -> None:
    def never() -> TextEncoder:
        raise AssertionError("the encoder was made")

    assert isinstance(parse_prompt("2 deep scratches on steel near the edge", book, never), Understanding)


def test_size_words_move_the_size_both_ways(book: RecipeBook) -> None:
    usual = book.defects["dent"].size
    small, large = read("small dent", book).size, read("large dent", book).size
    assert usual[0] * 0.999 <= small[0] < small[1] < large[0] < large[1] <= usual[1] * 1.001
    assert read("tiny dent", book).size[0] < usual[0] and read("huge dent", book).size[1] > usual[1]
    assert read("very small dent", book).size[1] < small[1]


def test_intensifier_narrows_severity(book: RecipeBook) -> None:
    faint, very_faint = read("faint dent", book).severity, read("very faint dent", book).severity
    assert very_faint[1] < faint[1] and very_faint[0] == 0
    assert read("very heavy rust", book).severity[0] > read("heavy rust", book).severity[0]


def test_unsaid_attributes_keep_the_recipe_spread(book: RecipeBook) -> None:
    spec, recipe = read("dent on steel", book), book.defects["dent"]
    assert spec.size == recipe.size and spec.count == recipe.placement.count
    assert spec.region is None and spec.orientation is None and spec.params == {}


def test_shape_words_give_parameters_that_their_kind_accepts(book: RecipeBook) -> None:
    for word in SHAPES:
        for kind in KINDS:
            shape_params(kind, shape_overrides(word, kind))
    crack = book.defects["crack"]
    assert read("straight crack", book).morphology(crack).params["branching"] == (0.0, 0.0)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("scratches", "scratch"), ("chipped", "chip"), ("delaminated", "delamination"), ("rusty", "rust"),
        ("aluminium", "aluminum"), ("fibres", "fiber"), ("moulded", "molded"), ("creased", "crease"),
        ("corroded", "corrosion"), ("cavities", "cavity"), ("discolouration", "discolored"), ("peeling", "peel"),
    ],
)  # fmt: skip
def test_stems_meet(a: str, b: str) -> None:
    assert stem(a) == stem(b)


def test_spelling_repairs_are_cautious() -> None:
    assert edit_distance("scrach", "scratch") == 1 and edit_distance("dnet", "dent") == 1
    assert nearest_spelling("scrach", ["scratch", "crack"]) == "scratch"
    assert nearest_spelling("hot", ["hole"]) is None
    assert nearest_spelling("grack", ["crack"]) is None, "the first letter must stand"
    assert nearest_spelling("stain", ["staid", "stair"]) is None, "two repairs are as good"


@pytest.mark.parametrize(
    ("text", "defect", "material"),
    [
        ("knots in boards", "live-knot", "wood"),  # no dark spots on a circuit board
        ("scabs on castings", "expansion-scab", "cast-iron"),
        ("slivers on slabs", "steel-sliver", "hot-rolled-steel"),
        ("mill scale on plate", "rolled-in-scale", "hot-rolled-steel"),
        ("dry spots in laminates", "dry-spot", "carbon-fibre"),
        ("verdigris on copper", None, "copper"),  # a material's own name is not read otherwise
        ("peeling veneers", "paint-peel", "wood-veneer"),  # and no peeled veneer
        ("undercuts on fillets", "undercut", "weld-seam"),
        ("short shots", "short-shot", "matte-plastic"),
        ("sink marks on housings", "sink-mark", "matte-plastic"),
    ],
)
def test_a_trade_is_known_by_its_defects(
    text: str, defect: str | None, material: str, book: RecipeBook, encoder: TextEncoder
) -> None:
    spec = read(text, book, encoder)
    assert spec.material == material
    if defect is not None:
        assert spec.defect == defect
