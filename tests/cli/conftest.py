"""Runs commands in this process, as a user would type them."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

import sor_opt.cli


@pytest.fixture
def run(monkeypatch, capsys) -> Callable[..., tuple[int, str, str]]:
    """Run `sor-opt` with these words; give the exit code, standard output and standard error."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sor-opt", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            sor_opt.cli.main()
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err

    return call
