"""The only place that prints: tables, lines, progress, JSON. What it prints is text, no markup."""

from __future__ import annotations

import json
import logging
import math
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TextIO

import typer

from sor_opt.cli.options import OutputOptions
from sor_opt.files import unwritable, write_atomically

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from sor_opt.report.tables import Shown

Progress = Callable[[int, int], None]
"""Called with (done, total) as work goes on."""

_WIDEST = 10_000
"""Columns of a screen on which any table has room."""

_LONGEST_NOTE = 2_000
"""Characters of a line on standard error; of a longer one the middle is left out."""


def printable(text: str) -> str:
    r"""Give a text with what a terminal would obey, not show, written as ``\x1b`` or ``\u202e``."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class Output:
    """Where a command's result goes: a console for people, JSON for programs.

    With ``--json -`` standard output holds the JSON alone, and the console nothing. A command
    writes its files and the JSON before it shows anything, so that a screen which fails costs no
    result.
    """

    def __init__(self, options: OutputOptions) -> None:
        from rich.console import Console

        self._options = options
        self._console: Console = Console(markup=False, emoji=False, highlight=False)

    def show(self, *what: Shown) -> None:
        """Print tables and lines for people; a table too wide for the screen is printed whole."""
        from rich.table import Table
        from rich.text import Text

        if self._options.to_stdout:
            return
        screen = self._console.is_terminal
        for item in what:
            with self._console.capture() as printed:
                if isinstance(item, Table):
                    _as_text(item)
                    self._keep_whole(item)
                    self._console.print(item, crop=False)
                else:
                    line = Text(printable(str(item)), style=getattr(item, "style", ""))
                    self._console.print(line, crop=False, soft_wrap=not screen)
            _write(printed.get())

    def _keep_whole(self, table: Table) -> None:
        """Let no number and no word be cut, however narrow the screen."""
        from rich.cells import cell_len

        for column in table.columns:
            if column.justify == "right":
                cells = (column.header, *column.cells)
                column.no_wrap, column.min_width = True, max(cell_len(str(cell)) for cell in cells)
        free = self._console.options.update(max_width=_WIDEST)
        least = self._console.measure(table, options=free).minimum
        if least > self._console.width:
            table.width = least

    @staticmethod
    def note(text: str) -> None:
        """Print one line on standard error; where that fails nothing is lost and nothing said."""
        _note(text)

    @staticmethod
    def warn(text: str) -> None:
        """Print one warning line on standard error."""
        _note(f"warning: {text}", typer.colors.YELLOW)

    def confirm(self, question: str) -> None:
        """Ask whether to go on.

        Raises
        ------
        typer.Abort
            If the user does not say yes.
        """
        typer.confirm(printable(question), abort=True)

    def result(self, payload: dict[str, Any]) -> None:
        """Write the JSON document where ``--json`` says; NaN and infinity become null.

        Raises
        ------
        OutputError
            If the system cannot write it.
        """
        if self._options.json is None:
            return
        text = json.dumps(_plain(payload), indent=2, allow_nan=False) + "\n"
        if self._options.to_stdout:
            _write(text)
        else:
            write_atomically(self._options.json, text.encode())

    @contextmanager
    def progress(self, label: str) -> Iterator[Progress]:
        """Give a callback that moves a bar on standard error; silent where that is no terminal."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        console = error_console()
        silent = not console.is_terminal
        with Bars(*columns, console=console, transient=True, disable=silent) as bars:
            task = bars.add_task(printable(label), total=None)
            yield lambda done, total: bars.update(task, completed=done, total=total)


def error_console() -> Console:
    """The one console on standard error: two of them would write over each other's bars."""
    return _console_on(sys.stderr)


@lru_cache(maxsize=1)
def _console_on(stream: TextIO | None) -> Console:
    from rich.console import Console

    return Console(file=stream, stderr=True)


@contextmanager
def library_warnings() -> Iterator[None]:
    """During a block, print what a library warns of as warning lines like our own."""
    logger, handler = logging.getLogger(), _Lines(logging.WARNING)
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            yield
    finally:
        logger.removeHandler(handler)


def flush() -> None:
    """Hand over what standard output still holds.

    Raises
    ------
    OutputError
        If the system cannot write it.
    """
    if sys.stdout is not None:  # closed by the caller, and nothing was to be shown
        _write("")


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Print the message without its trace."""
        Output.warn(record.getMessage())


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Stand in for `warnings.showwarning`, which must take all of these."""
    Output.warn(f"{category.__name__}: {message}")


def _note(text: str, color: str | None = None) -> None:
    line = printable(re.sub(r"[ \t\r\n]+", " ", text).strip())
    if len(line) > _LONGEST_NOTE:
        line = f"{line[: _LONGEST_NOTE // 2]} ... {line[-_LONGEST_NOTE // 2 :]}"
    with suppress(OSError):  # who closed standard error does not want to know
        typer.secho(line, err=True, fg=color)


def _write(text: str) -> None:
    """Write to standard output at once; what it cannot encode is replaced by question marks."""
    if sys.stdout is None:
        raise unwritable("standard output", OSError("it is closed"))
    encoding = sys.stdout.encoding
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except OSError as error:
        _abandon_stdout()
        if isinstance(error, BrokenPipeError):  # the reader has seen enough
            raise typer.Exit(1) from error
        raise unwritable("standard output", error) from error


def _abandon_stdout() -> None:
    """Let what is left go nowhere, or the interpreter would fail on it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _as_text(table: Table) -> None:
    """Escape all that a table shows."""
    for column in table.columns:
        column.header = printable(str(column.header))
        column._cells = [printable(str(cell)) for cell in column.cells]
    table.title = table.title and printable(str(table.title))
    table.caption = table.caption and printable(str(table.caption))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
