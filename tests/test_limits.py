"""`docs/limits.md` says what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from sor_opt.allocators import exhaustive, robbins_monro
from sor_opt.allocators.base import IntegerParams
from sor_opt.allocators.fast import certificate, knapsack
from sor_opt.backtest import latency, parallel
from sor_opt.backtest.limits import Limits
from sor_opt.durations import write_duration
from sor_opt.market import synthetic
from sor_opt.market.loaders import possible, source
from sor_opt.models import bounds, outflow, static
from sor_opt.policies import context
from sor_opt.search import compare, space
from sor_opt.search.studies import study
from sor_opt.texts import MAX_BYTES

PAGE = (Path(__file__).parents[1] / "docs" / "limits.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (.+?) \| (.+?) \|", PAGE, re.MULTILINE))

COUNTS = {
    "parent orders of a replay": Limits().orders,
    "decisions of a replay, and of all replays of a landscape": Limits().decisions,
    "slices, and past windows of a day, of the placement router": context.MAX_MOMENTS,
    "numbers of the scenarios of all slices (`--conditional`)": bounds.MAX_CELLS,
    "bytes of a data file, decompressed, and of its columns": source.MAX_BYTES,
    "quotes of `data generate`": synthetic.MAX_ROWS,
    "points of a grid": space.MAX_POINTS,
    "trials of a study": study.MOST["trials"],
    "threads of a command (`--jobs`)": parallel.MAX_JOBS,
    "workers of a study": study.MOST["workers"],
    "trials that are saved at once (`--batch`)": study.MOST["batch"],
    "evaluations of `compare`: budget x repeats x strategies": compare.MAX_EVALUATIONS,
    "points that `exhaustive` evaluates": exhaustive.DEFAULT_LIMIT,
    "terms of an integer program": IntegerParams().max_terms,
    "iterations of `robbins-monro`": robbins_monro.MAX_ITERATIONS,
    "chunks of one venue's display, and of an order that is posted": static.MAX_RUNGS,
    "chunks x scenarios of a problem": bounds.MAX_CELLS,
    "scenarios of an outflow": outflow.MAX_SCENARIOS,
    "venues of a book": bounds.MAX_VENUES,
    "bytes of a book, of fees, of levels": MAX_BYTES,
    "steps of `fast`'s knapsack (odd lots, one scenario)": knapsack.STEPS,
    "states of it": knapsack.STATES,
    "fills of a linear relaxation": certificate.NONZEROS,
    "splits x scenarios that the certificate evaluates": certificate.MAX_EVALUATED,
}
NUMBERS = {
    "prices and fees of a book": [bounds.MAX_PRICE],
    "sizes of orders and displays": [bounds.MAX_SHARES],
    "`--step`": [bounds.MIN_STEP, bounds.MAX_SHARES],
    "penalties": [bounds.MAX_PENALTY],
    "levels of a grid": [space.MIN_LEVEL, bounds.MAX_PENALTY],
    "`reach` of the levels": [space.MAX_REACH],
    "mean outflow": [outflow.MAX_MEAN],
    "`tail` of a Pareto": [outflow.MAX_TAIL],
    "`data generate --price`": [synthetic.MAX_PRICE],
}


@pytest.mark.parametrize("what", COUNTS)
def test_a_documented_count_is_the_codes(what):
    assert ROWS[what] == f"{COUNTS[what]:,}"


@pytest.mark.parametrize("what", NUMBERS)
def test_a_documented_bound_is_the_codes(what):
    for number in NUMBERS[what]:
        assert f"{number:g}" in ROWS[what].split()


def test_the_longest_latency_is_the_codes():
    assert ROWS["latency of orders, and of quotes"] == write_duration(latency.LONGEST)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("backtest", {"--max-orders": Limits().orders, "--max-decisions": Limits().decisions}),
        ("generate", {"--max-rows": synthetic.MAX_ROWS}),
        ("validate", {"--instances": 200}),
    ],
)
def test_the_options_have_the_defaults_of_the_library(command, options):
    import sor_opt.cli

    rows = sor_opt.cli.COMMANDS.rows
    made = {**rows, **rows["data"].rows}[command].load(command)
    defaults = {option: p.default for p in made.params for option in p.opts}
    assert {name: defaults[name] for name in options} == options


def test_every_option_that_raises_a_limit_is_documented():
    assert {f"--max-{field.name}" for field in fields(Limits)} <= set(re.findall(r"--[\w-]+", PAGE))


def test_files_and_books_hold_prices_and_sizes_to_the_same_bounds():
    assert (possible.MOST_DOLLARS, possible.MOST_SHARES) == (bounds.MAX_PRICE, bounds.MAX_SHARES)
