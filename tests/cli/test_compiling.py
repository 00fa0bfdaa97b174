"""What the command line says while functions are compiled."""

from __future__ import annotations

import io
import logging

import pytest
from rich.console import Console

from sor_opt.cli import compiling

LOGGER = logging.getLogger("sor_opt.compiled")


@pytest.fixture
def screen(monkeypatch):
    """Give a console on standard error that is a terminal, or not."""

    def make(is_terminal):
        console = Console(file=io.StringIO(), force_terminal=is_terminal, width=80)
        monkeypatch.setattr(compiling, "error_console", lambda: console)
        return console.file

    return make


def compile_something():
    LOGGER.debug("compiling: %d functions done", 0)
    LOGGER.debug("compiling: %d functions done", 7)
    LOGGER.info("compiled")


def test_a_terminal_shows_a_line_that_goes_away(screen):
    shown = screen(True)
    with compiling.compiling_shown():
        compile_something()
    assert "compiling: 7 functions done" in shown.getvalue()
    assert shown.getvalue().endswith("\x1b[1A\x1b[2K")  # the line is cleared
    before = shown.getvalue()
    compile_something()
    assert shown.getvalue() == before


def test_elsewhere_nothing_is_shown(screen):
    shown = screen(False)
    with compiling.compiling_shown():
        compile_something()
    assert shown.getvalue() == ""


def test_an_error_takes_the_line_away(screen):
    shown = screen(True)

    def fail():
        LOGGER.debug("compiling")
        raise KeyError

    with pytest.raises(KeyError), compiling.compiling_shown():
        fail()
    assert shown.getvalue().endswith("\x1b[1A\x1b[2K")


def test_it_may_stand_beside_a_bar(screen):
    from rich.progress import Progress

    shown = screen(True)
    with compiling.compiling_shown(), Progress(console=compiling.error_console()) as bar:
        bar.add_task("grid", total=27)
        LOGGER.debug("compiling")
        bar.refresh()
        assert "compiling" in shown.getvalue()
        LOGGER.info("compiled")
        before = len(shown.getvalue())
        bar.refresh()
        assert "grid" in shown.getvalue()[before:]
        assert "compiling" not in shown.getvalue()[before:]
