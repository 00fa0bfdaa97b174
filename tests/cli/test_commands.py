"""The table of commands, and the help of each."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from sor_opt import cli
from sor_opt.cli.commands import Command, Commands
from sor_opt.policies.policy import PAIRS
from sor_opt.policies.registry import ROUTERS, SCHEDULES
from sor_opt.policies.routers.base import Router
from sor_opt.registry import Registry

REPLAYING = [["backtest"], ["grid"], ["landscape"], ["compare"], ["study", "run"]]


def walk(group: Commands, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Command]]:
    for name, row in group.rows.items():
        if isinstance(row, Commands):
            yield from walk(row, (*above, name))
        else:
            yield (*above, name), row


ROWS = dict(walk(cli.COMMANDS))
rows = pytest.mark.parametrize("words", ROWS, ids=" ".join)


@rows
def test_a_command_says_in_its_first_line_what_its_row_says(words):
    text = ROWS[words].function().__doc__ or ""
    assert text.splitlines()[0] == ROWS[words].summary
    assert "Example: sor-opt " + " ".join(words) in text


@rows
def test_every_option_says_what_it_is(words):
    for option in ROWS[words].load(words[-1]).params:
        assert len(getattr(option, "help", "") or "") > 5, option.name


@pytest.mark.parametrize("command", REPLAYING, ids=" ".join)
def test_help_of_what_replays_is_grouped_and_lists_the_names(run, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "300")
    out = run(*command, "--help")[1]
    panels = ("Data and fees", "Parent orders", "Rules of the replay", "Policy", "Output")
    assert [panel for panel in panels if f"─ {panel} ─" not in out] == []
    for names in (PAIRS, SCHEDULES, ROUTERS, ("price", "update", "every-snapshot")):
        assert "|".join(names) in out


def test_help_says_units_and_defaults(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    out = " ".join(run("backtest", "--help")[1].split())
    for text in (
        "Size of each parent order, shares. [default: 5000.0]",
        "Time that the policy has. [default: 9m]",
        "Leave out quotes further than this from the mid, and wider books, bps. [default: 100]",
        "Bought, shares per share that is printed (pov), 0.1 if left out.",
        "First order of a day, 09:30 if left out.",
    ):
        assert text in out


def test_the_options_of_a_search_are_what_it_does_not_move(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    assert "--lambda-under" in run("backtest", "--help")[1]
    out = run("grid", "--help")[1]
    assert "--lambda-under" not in out
    assert "--urgency" in out


ROW = """
import sys
from sor_opt.policies.registry import ROUTERS
from sor_opt.policies.routers.sweep import Sweep

class Another(Sweep):
    name = "another"

ROUTERS.rows["another"] = Another
import sor_opt.cli
sor_opt.cli.main()
"""


def test_a_row_of_a_registry_is_all_that_help_and_choices_need(monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")

    def call(*words):
        command = [sys.executable, "-c", ROW, *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert f"{'|'.join(ROUTERS)}|another|" in call("grid", "--help").stdout
    done = call("backtest", "none.csv", "--router", "another")
    assert (done.returncode, "none.csv" in done.stderr) == (3, True)


def test_the_names_of_a_registry_are_those_of_its_rows_and_of_installed_packages():
    assert isinstance(ROUTERS, Registry)
    assert ROUTERS.group == "sor_opt.routers"
    assert all(issubclass(kind, Router) and kind.name == name for name, kind in ROUTERS.items())


def test_help_of_the_whole_imports_nothing_heavy():
    script = (
        "import sys; sys.argv = ['sor-opt', '--help']\n"
        "import sor_opt.cli\n"
        "try: sor_opt.cli.main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('numpy', 'numba', 'pandas', 'optuna') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Split one order over the venues of a book at the least cost." in done.stdout
