"""The command line: one module a verb, each of which parses, calls the library and prints.

What a user can mend (`DefectgenError`, and options that do not parse) is one line on stderr and exit code 2;
Ctrl-C is exit code 130; anything else is a bug and shows its traceback. No module here imports torch, diffusers or
cv2 before the command that needs them runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

import defectgen
from defectgen.cli.audit import audit
from defectgen.cli.caption import caption
from defectgen.cli.doctor import doctor
from defectgen.cli.explain import explain
from defectgen.cli.export import export
from defectgen.cli.finetune import finetune
from defectgen.cli.gain import gain
from defectgen.cli.import_set import import_set
from defectgen.cli.parts import parts_app
from defectgen.cli.plan import plan
from defectgen.cli.pretrain import pretrain
from defectgen.cli.recipes import recipes_app
from defectgen.cli.sets import sets_app
from defectgen.cli.split import split
from defectgen.cli.synth import synth
from defectgen.errors import DefectgenError

__all__ = ["app", "main"]

# typer has carried its own copy of click since 0.26; the base of the usage errors is found through what it exports
ParseError: type[Exception] = typer.BadParameter.__mro__[2]


def leave(message: str, code: int) -> NoReturn:
    """Ends the process with one line on stderr."""
    print(" ".join(message.split()), file=sys.stderr)
    sys.exit(code)


def explain_parse(error: Exception) -> str:
    """typer's message, with the value that came where the message leaves it out."""
    message: str = error.format_message()  # type: ignore[attr-defined]
    problems = getattr(error.__cause__, "errors", None)
    if problems is None:
        return message
    got = repr(problems()[0]["input"])
    return message if got in message else f"{message}; got {got}"


class Commands(TyperGroup):
    """The group of commands, with this project's rules for errors and exit codes."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Runs one command; always ends in SystemExit."""
        extra |= {"standalone_mode": False, "prog_name": "defectgen"}
        try:
            code = super().main(args, *rest, **extra)
        except DefectgenError as error:
            leave(f"error: {error}", 2)
        except ParseError as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # the help is on the screen already
                sys.exit(2)
            leave(f"error: {explain_parse(error)}", 2)
        except (typer.Abort, KeyboardInterrupt):
            leave("stopped", 130)
        sys.exit(code if isinstance(code, int) else 0)


app = typer.Typer(
    name="defectgen",
    cls=Commands,
    help="Rare-defect images with true masks, on your own good parts.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def version(asked: bool) -> None:
    if asked:
        print(f"defectgen {defectgen.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


app.command()(synth)
app.command()(explain)
app.command("import")(import_set)
app.add_typer(recipes_app)
app.add_typer(parts_app)
app.add_typer(sets_app)
app.command()(split)
app.command()(export)
app.command()(caption)
app.command()(finetune)
app.command()(pretrain)
app.command()(plan)
app.command()(audit)
app.command()(gain)
app.command()(doctor)


def main() -> None:
    """Entry point of the `defectgen` script."""
    # Read when torch is loaded: threads that wait for work sleep instead of spinning against other programs
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    app()
