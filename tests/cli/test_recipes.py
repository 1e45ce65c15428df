"""`recipes` lists what can be named, and shows one recipe as YAML that loads again."""

from __future__ import annotations

import yaml
from typer.testing import CliRunner

from defectgen.book import load_book
from defectgen.cli.recipes import recipes_app
from defectgen.recipe import Defect


def run(*arguments: str) -> str:
    result = CliRunner().invoke(recipes_app, list(arguments), env={"COLUMNS": "120"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_list_names_every_defect_and_material() -> None:
    output, book = run("list"), load_book()
    assert all(name in output for name in (*book.defects, *book.materials))


def test_list_for_a_material_leaves_out_what_makes_no_sense_on_it() -> None:
    output = run("list", "--material", "fabric")
    assert "missing-pick" in output and "missing-pick" not in run("list", "--material", "concrete")


def test_show_prints_yaml_that_is_the_recipe() -> None:
    shown = Defect.model_validate(yaml.safe_load(run("show", "oil spot")))
    assert shown == load_book().defects["oil-stain"]


def test_show_of_an_unknown_name_offers_close_ones() -> None:
    try:
        run("show", "scrach")
    except Exception as error:
        assert "did you mean 'scratch'" in str(error)
    else:
        raise AssertionError("no error")
