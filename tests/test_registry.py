"""Classes by name: rows, installed packages, files."""

from __future__ import annotations

import sys

import pytest

from sor_opt.errors import ConfigError
from sor_opt.policies.registry import ROUTERS
from sor_opt.policies.routers.base import Router

PACKAGE = """
from sor_opt import Router

class Elsewhere(Router):
    name = "elsewhere"

    def split(self, view, due):
        return view.ask_left * 0

class Sweep(Elsewhere):
    name = "sweep"
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package with entry points."""
    (tmp_path / "their_routers.py").write_text(PACKAGE)
    folder = tmp_path / "their_routers-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: their-routers\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(
        "[sor_opt.routers]\n"
        "elsewhere = their_routers:Elsewhere\n"
        "sweep = their_routers:Sweep\n"
        "broken = their_routers:Nowhere\n"
        "other = their_routers:Router.split\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("their_routers", None)


def test_an_installed_package_adds_to_a_registry(installed):
    assert list(ROUTERS)[-3:] == ["broken", "elsewhere", "other"]
    assert "elsewhere" in ROUTERS
    assert issubclass(ROUTERS.find("elsewhere"), Router)
    assert ROUTERS.make("elsewhere").name == "elsewhere"


def test_a_row_of_the_package_wins(installed):
    assert ROUTERS["sweep"].__module__ == "sor_opt.policies.routers.sweep"
    assert list(ROUTERS).count("sweep") == 1


def test_what_is_installed_and_broken_is_told(installed):
    with pytest.raises(ConfigError, match="the router broken of their_routers:Nowhere cannot be"):
        ROUTERS.find("broken")
    with pytest.raises(ConfigError, match=r"their_routers:Router.split is no subclass of Router"):
        ROUTERS.find("other")


def test_command_lines_know_it(installed, monkeypatch, capsys):
    import sor_opt.cli

    monkeypatch.setattr(sys, "argv", ["sor-opt", "backtest", "none.csv", "--router", "elsewhere"])
    with pytest.raises(SystemExit) as stop:
        sor_opt.cli.main()
    assert stop.value.code == 3
    assert "none.csv" in capsys.readouterr().err
