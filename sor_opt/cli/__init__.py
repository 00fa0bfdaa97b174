"""The command line: `sor-opt COMMAND`."""

from __future__ import annotations

import sys

from typer.exceptions import Abort, Exit, TyperException

from sor_opt.cli.commands import Command, Commands
from sor_opt.cli.compiling import compiling_shown
from sor_opt.cli.console import Output, flush, library_warnings
from sor_opt.errors import SorOptError
from sor_opt.extensions import own_error

COMMANDS = Commands(
    "Smart order routing: exact allocators, honest Level-1 backtests, parameter searches.",
    {
        "allocate": Command(
            "sor_opt.cli.allocate:allocate",
            "Split one order over the venues of a book at the least cost.",
        ),
        "validate": Command(
            "sor_opt.cli.allocate:validate",
            "Hold all allocators that prove their answers against the exhaustive search.",
        ),
        "backtest": Command(
            "sor_opt.cli.backtest:backtest",
            "Replay one policy and the baselines, or every --schedule with every --router.",
        ),
        "grid": Command(
            "sor_opt.cli.search:grid",
            "Replay all combinations of the levels of what a policy lets move, and rank them.",
        ),
        "landscape": Command(
            "sor_opt.cli.search:landscape",
            "Compute the objective at every threshold, its minimum, and the regret of the grid.",
        ),
        "compare": Command(
            "sor_opt.cli.search:compare",
            "Let search strategies compete on equal budgets, over several seeds.",
        ),
        "data": Commands(
            "Inspect, convert and generate market data.",
            {
                "inspect": Command(
                    "sor_opt.cli.data:inspect_file",
                    "Show what is in a file, how good it is, and which age limit its quotes need.",
                ),
                "convert": Command(
                    "sor_opt.cli.data:convert",
                    "Write quotes, and trades, in sor_opt's own format.",
                ),
                "generate": Command(
                    "sor_opt.cli.data:generate_file",
                    "Make a synthetic market of six venues; the same call gives the same bytes.",
                ),
            },
        ),
        "study": Commands(
            "Searches that are kept, resumed and shared.",
            {
                "run": Command(
                    "sor_opt.cli.study:run",
                    "Make a study, or go on with it, until it holds so many finished trials.",
                ),
                "list": Command(
                    "sor_opt.cli.study:list_studies", "Show the studies of a database."
                ),
                "show": Command(
                    "sor_opt.cli.study:show",
                    "Show a study: what it searches, its best trials, how far it is.",
                ),
                "export": Command(
                    "sor_opt.cli.study:export", "Write the finished trials of a study to a file."
                ),
                "delete": Command(
                    "sor_opt.cli.study:delete", "Delete a study with all of its trials."
                ),
                "dashboard": Command(
                    "sor_opt.cli.study:dashboard",
                    "Serve Optuna's dashboard to this machine alone, until Ctrl-C.",
                ),
            },
        ),
    },
)
"""To add a command: a function in a file of this folder, and a row here."""

app = COMMANDS.load("sor-opt")


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
        told = own_error(error)
        Output.note(f"error: {_text(told)}")
        return getattr(told, "exit_code", 1)
    return int(code or 0)


def _text(error: Exception) -> str:
    if isinstance(error, TyperException):
        return error.format_message()
    if isinstance(error, SorOptError):
        return str(error)
    return f"unexpected: {type(error).__name__}: {error}; --debug shows the trace"
