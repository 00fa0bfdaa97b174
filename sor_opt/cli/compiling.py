"""Says on a terminal that functions are compiled, and how many are done."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sor_opt.cli.console import error_console

if TYPE_CHECKING:
    from rich.status import Status

_LOGGER = "sor_opt.compiled"
"""By name: to import it takes longer than `--help` may."""


@contextmanager
def compiling_shown() -> Iterator[None]:
    """During a block, show what is compiled in a line that goes away; nothing where no screen is.

    The first run of a version compiles for half a minute.
    """
    logger, shown = logging.getLogger(_LOGGER), _Shown()
    level = logger.level
    logger.addHandler(shown)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield
    finally:
        shown.stop()
        logger.removeHandler(shown)
        logger.setLevel(level)
        logger.propagate = True


class _Shown(logging.Handler):
    """A spinning line from the first message until one of level INFO."""

    def __init__(self) -> None:
        super().__init__()
        self._status: Status | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Show a function that is compiled, or the end."""
        if record.levelno >= logging.INFO:
            self.stop()
        elif self._status is not None:
            self._status.update(record.getMessage())
        else:
            console = error_console()
            if console.is_terminal:
                self._status = console.status(record.getMessage())
                self._status.start()

    def stop(self) -> None:
        """Let the line go away."""
        if self._status is not None:
            self._status.stop()
            self._status = None
