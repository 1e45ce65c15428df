"""German, Korean and Chinese prompts: every name means what it says, and nothing else is claimed to be understood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from defectgen.attribute import FILLERS, phrase_words
from defectgen.book import RecipeBook, load_book, phrase_key
from defectgen.errors import PromptError, RecipeError
from defectgen.foreign import translate
from defectgen.foreign.alternative import PARTED
from defectgen.foreign.names import LANGUAGES, Language, load_names, names_path, read_names
from defectgen.foreign.translation import english_stems
from defectgen.lexicon import stem, words_of
from defectgen.prompt import parse_prompt

PROMPTS = Path(__file__).parents[1] / "eval/vocabulary/prompts/tune.jsonl"


@pytest.fixture(scope="module")
def book() -> RecipeBook:
    return load_book()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_stands_for_words_that_the_recipes_know(language: Language, book: RecipeBook) -> None:
    file = load_names(language).file
    phrases = [phrase for key in file.defects for phrase in key.split(PARTED)]
    assert [phrase for phrase in phrases if phrase_key(phrase) not in book.defect_owners] == []
    assert [key for key in file.materials if phrase_key(key) not in book.material_owners] == []
    known = english_stems(book) | {stem(word) for word in FILLERS | phrase_words()} | {stem("free")}
    strange = {word for key in file.words for word in words_of(key) if stem(word) not in known}
    assert strange == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_names_cover_the_field(language: Language, book: RecipeBook) -> None:
    file = load_names(language).file
    types = {book.defect_owners[phrase_key(key.split(PARTED)[0])][0] for key in file.defects}
    assert len(types) >= 130
    assert len({book.material_aliases[phrase_key(key)] for key in file.materials}) >= 70


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_by_itself_is_what_its_english_words_are(language: Language, book: RecipeBook) -> None:
    """Every name is cut as one piece and not as some of its parts."""
    table = load_names(language)
    for role, english, name in table.file.entries():
        found = translate(name, book)
        if role == "filler" or found is None or (role == "word" and " " in english):
            continue
        implied = f" with {english.split(PARTED)[0]}"
        whole = english.replace("-", " ") if role != "defect" or implied not in found.english else found.english
        assert found.unknown == () and (found.english == whole or found.english in whole.split(PARTED)), name


def read(text: str, book: RecipeBook) -> tuple[str, str | None]:
    spec = parse_prompt(text, book).spec
    return spec.defect, spec.material


@pytest.mark.parametrize(
    ("text", "defect", "material"),
    [
        ("Haarriss in Glas", "hairline-crack", "glass"),
        ("feine Haarrisse in Glasscheiben", "hairline-crack", "glass"),
        ("Riß im Porzellanteller", "crack", "tableware"),
        ("Kratzer auf gebürstetem Aluminium", "scratch", "brushed-aluminum"),
        ("Edelstahlkratzer", "scratch", "stainless-steel"),
        ("Kratzer auf MDF-Platten", "scratch", "mdf"),
        ("LÖTBRÜCKE AUF DER LEITERPLATTE", "solder-bridge", "pcb"),
        ("Loetbruecken auf Platine", "solder-bridge", "pcb"),
        ("Aluminium-Druckguss mit Lunkern", "shrinkage-cavity", "cast-aluminum"),
        ("kalte Lötstelle an einer Lötverbindung", "cold-joint", "solder-joint"),
        ("kalten Lötstellen auf der Platine", "cold-joint", "pcb"),
        ("Poren in der Schweissnaht", "weld-porosity", "weld-seam"),
        ("Kratzer auf Edelsthal", "scratch", "stainless-steel"),
        ("Scratch auf Edelstahl", "scratch", "stainless-steel"),
        ("알루미늄 표면의 긁힘", "scratch", "brushed-aluminum"),
        ("알루미늄표면의긁힘", "scratch", "brushed-aluminum"),
        ("용접 기공", "weld-porosity", "weld-seam"),
        ("용접부에서 발생한 기공들", "weld-porosity", "weld-seam"),
        ("PCB 쇼트", "short-circuit", "pcb"),
        ("拉丝铝上的划痕", "scratch", "brushed-aluminum"),
        ("拉絲鋁表面的劃痕", "scratch", "brushed-aluminum"),
        ("焊点桥接", "solder-bridge", "solder-joint"),
        ("矽晶圓刮痕", "wafer-scratch", "silicon-wafer"),
        ("PCB短路", "short-circuit", "pcb"),
    ],
)
def test_prompts_as_people_write_them(text: str, defect: str, material: str, book: RecipeBook) -> None:
    assert read(text, book) == (defect, material)


@pytest.mark.parametrize(
    ("text", "defect", "material"),
    [
        ("Riss im Stoff", "tear", "woven-fabric"),
        ("Riss in Gusseisen", "crack", "cast-iron"),
        ("Riss", "crack", None),
        ("Lackläufer", "paint-run", "painted-metal"),
        ("Lackläufer an der Autotür", "paint-run", "metallic-paint"),
        ("Steinschlag", "stone-chip", "metallic-paint"),
        ("와이어로프 단선", "broken-wire", "wire-rope"),
        ("PCB 단선", "open-circuit", "pcb"),
        ("铸铁缩孔", "shrinkage-cavity", "cast-iron"),
        ("车漆缩孔", "coat-cratering", "metallic-paint"),
    ],
)
def test_the_material_settles_names_of_several_meanings_and_may_be_implied(
    text: str, defect: str, material: str | None, book: RecipeBook
) -> None:
    assert read(text, book) == (defect, material)


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("2 sehr große, runde Dellen oben links auf Stahlblech", "2 very large round dents top left on steel sheet"),
        ("mehrere lange Kratzer am Rand von Glas", "several long scratches near the edge of glass"),
        ("가장자리에 여러 개의 긴 스크래치가 있는 유리", "several long scratches near the edge of glass"),
        ("玻璃边缘的多条长划痕", "several long scratches near the edge of glass"),
        ("陶瓷砖中央一个很小的圆形针孔", "one very small round pinhole in the centre of ceramic tile"),
    ],
)
def test_size_count_and_place_are_read_too(text: str, english: str, book: RecipeBook) -> None:
    own, plain = parse_prompt(text, book).spec, parse_prompt(english, book).spec
    for field in ("defect", "material", "severity", "size", "region", "shape"):
        assert getattr(own, field) == getattr(plain, field), field
    assert own.count == plain.count
    assert own.prompt == text


def test_what_was_taken_for_what_is_told_in_the_users_words(book: RecipeBook) -> None:
    found = parse_prompt("Tiefe Lederkratzer am Rand, Fnurz", book)
    taken = {reading.words: reading.taken_for for reading in found.readings}
    assert taken["Leder"] == "leather"
    assert taken["kratzer"] == "scratch"
    assert taken["Rand"] == "edge"
    assert found.unknown == ("Fnurz",)
    assert any("German" in line for line in found.notices)
    assert "not used: Fnurz" in found.notices


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Fnurz auf Edelstahl", "names a material but no defect"),
        ("오늘 날씨 어때", "unknown: '오늘', '날씨', '어때'"),
        ("你好世界", "unknown: '你好世界'"),
        ("Glas ohne Kratzer", "asks for no scratch"),
        ("스크래치 없는 유리", "asks for no scratch"),
        ("没有划痕的玻璃", "asks for no scratch"),
    ],
)
def test_what_no_name_covers_is_refused_in_one_line(text: str, message: str, book: RecipeBook) -> None:
    with pytest.raises(PromptError, match=message) as caught:
        parse_prompt(text, book)
    assert "\n" not in str(caught.value)


def test_a_single_character_counts_only_where_its_neighbours_are_known(book: RecipeBook) -> None:
    assert read("铁上的锈", book)[0] == "rust-spot"
    with pytest.raises(PromptError):
        parse_prompt("孔子说过", book)
    with pytest.raises(PromptError):
        parse_prompt("멍청한 사람", book)


def test_english_prompts_pass_as_they_are(book: RecipeBook) -> None:
    lines = [json.loads(line) for line in PROMPTS.read_text("utf-8").splitlines()]
    english = [line["prompt"] for line in lines if line["lang"] == "en"]
    assert len(english) > 200
    assert [prompt for prompt in english if translate(prompt, book) is not None] == []


def write(folder: Path, text: str) -> Path:
    path = folder / "de.yaml"
    path.write_text(f"language: German\nmaterials: {{}}\nwords: {{}}\n{text}", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("defects: {scratch: [Kratzer], dent: [kratzer]}", "'kratzer' stands twice, also under 'scratch'"),
        ("defects: {scratch: [Lötriss, Lotriss]}", "'Lotriss' stands twice"),
        ("defects: {scratch: Kratzer}", "defects.scratch: input should be a valid list"),
        ("defects: {scratch: [' ']}", "expected a name with letters"),
        ("defects: {}\nfehler: {}", "fehler: extra inputs are not permitted; keys are language"),
    ],
)
def test_a_file_that_breaks_the_schema_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        read_names(path, "de")
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_names_ship_with_the_recipes() -> None:
    assert all(names_path(language).is_file() for language in LANGUAGES)
