"""The command line: `sor-opt COMMAND`."""

from __future__ import annotations

import sys

import typer

from sor_opt.cli import allocate, data
from sor_opt.errors import SorOptError

app = typer.Typer(
    name="sor-opt",
    help="Smart order routing: exact allocators, honest Level-1 backtests, parameter searches.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("allocate")(allocate.allocate)
app.command("validate")(allocate.validate)
app.add_typer(data.app, name="data")


def main() -> None:
    """Run the command line; an error is one line on standard error and its exit code."""
    debug = "--debug" in sys.argv
    try:
        app()
    except SorOptError as error:
        if debug:
            raise
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
