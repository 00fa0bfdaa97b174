"""What a type checker sees of the public interface, from a script outside the project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import sor_opt

ROOT = Path(__file__).parent.parent

RIGHT = """
from typing import assert_type

import numpy as np
import numpy.typing as npt

import sor_opt
from sor_opt import Policy, Router, View


class Cheapest(Router):
    def split(self, view: View, due: float) -> npt.NDArray[np.float64]:
        price = np.where(view.ask_left > 0, view.ask, np.inf)
        shares = np.zeros(len(price))
        best = np.lexsort((view.fee, price))[0]
        assert_type(view.ask_left, npt.NDArray[np.float64])
        shares[best] = min(due, view.ask_left[best])
        return shares


tape = sor_opt.load_tape("quotes.csv")
orders = sor_opt.make_orders(tape, sor_opt.OrderParams(every=600 * 10**9))
fees = sor_opt.FeeSchedule.packaged()
market = sor_opt.prepare(tape, orders, sor_opt.ReplayParams(), fees)
result = sor_opt.run(market, Policy(sor_opt.Twap(), Cheapest()))
assert_type(tape, sor_opt.Tape)
assert_type(result, sor_opt.Result)
assert_type(result.shortfall_bps, npt.NDArray[np.float64])
"""

WRONG = """
import sor_opt
from sor_opt import Router, View


class Short(Router):
    def split(self, view: View) -> None:  # override
        pass


def untyped(view):  # no-untyped-def
    return view


sor_opt.Range("low", 1.0)  # arg-type
sor_opt.Twap(3)  # call-arg
sor_opt.no_such_name  # attr-defined
"""


@pytest.fixture
def checked(tmp_path: Path) -> Callable[[str], list[str]]:
    """Check a script with mypy; gives what is said of it, a line each.

    The settings are the project's own, strict, for which its cache mostly holds the answers.
    """

    def check(script: str) -> list[str]:
        path = tmp_path / "script.py"
        path.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--no-error-summary", str(path)],
            cwd=ROOT,
            env={**os.environ, "MYPYPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.stderr
        said = done.stdout.splitlines()
        assert all(line.startswith(f"{path}:") for line in said)
        return [line.removeprefix(f"{path}:") for line in said]

    return check


def test_a_script_with_a_router_of_its_own_is_well_typed(checked):
    assert checked(RIGHT) == []


def test_every_public_name_has_a_type(checked):
    names = sor_opt.__all__
    said = checked("import sor_opt\n" + "\n".join(f"reveal_type(sor_opt.{n})" for n in names))
    types = [re.fullmatch(r'\d+: note: Revealed type is "(.+)"', line) for line in said]
    found = dict(zip(names, types, strict=True))
    assert [name for name, type_ in found.items() if type_ is None or type_[1] == "Any"] == []


def test_each_wrong_use_is_told(checked):
    wanted = [
        (number, line.rpartition("# ")[2])
        for number, line in enumerate(WRONG.splitlines(), 1)
        if "# " in line
    ]
    errors = (re.match(r"(\d+): error: .*\[(.+)\]$", line) for line in checked(WRONG))
    assert [(int(error[1]), error[2]) for error in errors if error] == wanted
