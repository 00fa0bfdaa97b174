"""The command line: `sor-opt COMMAND`."""

from __future__ import annotations

import sys

import typer
from typer.exceptions import Abort, Exit, TyperException

from sor_opt.cli import data, study
from sor_opt.cli.allocate import allocate, validate
from sor_opt.cli.backtest import backtest
from sor_opt.cli.compiling import compiling_shown
from sor_opt.cli.console import Output, flush, library_warnings
from sor_opt.cli.names import NamingCommand
from sor_opt.cli.search import compare, grid, landscape
from sor_opt.errors import SorOptError

app = typer.Typer(
    name="sor-opt",
    help="Smart order routing: exact allocators, honest Level-1 backtests, parameter searches.",
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (allocate, validate, backtest, grid, landscape, compare):
    app.command(cls=NamingCommand)(command)
app.add_typer(data.app)
app.add_typer(study.app)


def main() -> None:
    """Run the command line; an error is one line on standard error and its exit code."""
    with library_warnings(), compiling_shown():
        code = _run(sys.argv[1:] or ["--help"])
    sys.exit(code)


def _run(words: list[str]) -> int:
    try:
        try:
            code = app(words, standalone_mode=False)
        finally:
            flush()  # where standard output is the cause, its error takes the place of others
    except Abort:
        Output.note("aborted")
        return 1
    except Exit as end:
        return end.exit_code
    except Exception as error:
        if "--debug" in words:
            raise
        Output.note(f"error: {_text(error)}")
        return getattr(error, "exit_code", 1)
    return int(code or 0)


def _text(error: Exception) -> str:
    if isinstance(error, TyperException):
        return error.format_message()
    if isinstance(error, SorOptError):
        return str(error)
    return f"unexpected: {type(error).__name__}: {error}; --debug shows the trace"
