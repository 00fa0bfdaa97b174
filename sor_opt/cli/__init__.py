"""The command line: `sor-opt COMMAND`."""

from __future__ import annotations

import sys

import typer
from typer.exceptions import Abort, TyperException

from sor_opt.cli import allocate, data, replay
from sor_opt.errors import SorOptError

app = typer.Typer(
    name="sor-opt",
    help="Smart order routing: exact allocators, honest Level-1 backtests, parameter searches.",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("allocate")(allocate.allocate)
app.command("validate")(allocate.validate)
app.command("backtest")(replay.backtest)
app.command("grid")(replay.grid)
app.add_typer(data.app, name="data")


def main() -> None:
    """Run the command line; an error is one line on standard error and its exit code."""
    debug = "--debug" in sys.argv
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except (SorOptError, TyperException) as error:
        if debug:
            raise
        text = error.format_message() if isinstance(error, TyperException) else str(error)
        print(f"error: {' '.join(text.split())}", file=sys.stderr)  # noqa: T201
        code = error.exit_code
    except Abort:
        print("aborted", file=sys.stderr)  # noqa: T201
        code = 1
    sys.exit(code)
