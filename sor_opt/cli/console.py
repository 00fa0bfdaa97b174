"""The only place that prints: tables, notes, progress, JSON."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sor_opt.cli.options import OutputOptions
from sor_opt.errors import ConfigError
from sor_opt.files import check_place, whole

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

Progress = Callable[[int, int], None]
"""Called with (done, total) as work goes on."""

_WIDEST = 10_000
"""Columns of a screen on which any table has room."""


class Output:
    """Where a command's result goes: a console for people, JSON for programs.

    With ``--json -`` standard output holds the JSON alone, and the console nothing. A command makes
    it first, with the `files` that it will write, so that a place of no use costs no work.

    Raises
    ------
    ConfigError
        If a file cannot be written, or two are the same.
    """

    def __init__(self, options: OutputOptions, *files: Path | None) -> None:
        from rich.console import Console

        _check_places(None if options.to_stdout else options.json, *files)
        self._options = options
        self._console: Console = Console(quiet=options.to_stdout)
        self._notes: Console = Console(stderr=True)

    def show(self, *what: RenderableType) -> None:
        """Print tables and text for people; a table too wide for the screen is printed whole."""
        from rich.table import Table

        for item in what:
            if isinstance(item, Table):
                self._keep_whole(item)
            self._console.print(item, crop=False)

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

    def warn(self, text: str) -> None:
        """Print one warning line on standard error."""
        self._notes.print(
            f"warning: {text}", style="yellow", highlight=False, markup=False, soft_wrap=True
        )

    def result(self, payload: dict[str, Any]) -> None:
        """Write the JSON document where ``--json`` says; NaN and infinity become null."""
        if self._options.json is None:
            return
        text = json.dumps(_plain(payload), indent=2, allow_nan=False) + "\n"
        if self._options.to_stdout:
            sys.stdout.write(text)
            return
        with whole(self._options.json) as path:
            path.write_text(text, encoding="utf-8")

    @contextmanager
    def progress(self, label: str) -> Iterator[Progress]:
        """Give a callback that moves a bar on standard error; silent where that is no terminal."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        silent = not self._notes.is_terminal
        with Bars(*columns, console=self._notes, transient=True, disable=silent) as bars:
            task = bars.add_task(label, total=None)
            yield lambda done, total: bars.update(task, completed=done, total=total)


def _check_places(*files: Path | None) -> None:
    taken: set[str] = set()
    for file in filter(None, files):
        check_place(file)
        place = os.path.realpath(file)
        if place in taken:
            raise ConfigError(f"{file} is given for two outputs; name another file for one")
        taken.add(place)


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
