"""`sor-opt data`, as a user calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sor_opt.market.loaders import load_tape, save_tape
from sor_opt.market.tape import SECOND, Trades

DATA = Path(__file__).parents[2] / "data"
SAMPLE = [str(DATA / "sample_quotes.csv.gz"), "--trades", str(DATA / "sample_trades.csv.gz")]


@pytest.fixture
def call(run):
    return partial(run, "data")


def test_inspect_tells_what_is_in_the_sample(call):
    code, out, err = call("inspect", *SAMPLE)
    assert (code, err) == (0, "")
    assert "117,043 quotes and 25,915 trades" in " ".join(out.split())
    assert "SYN-F" in out
    assert "No age limit is needed." in out


def test_inspect_gives_the_same_as_json_and_then_prints_nothing_else(call):
    code, out, _ = call("inspect", *SAMPLE, "--json", "-")
    found = json.loads(out)
    assert code == 0
    assert (found["rows"], found["trades"], len(found["venues"])) == (117_043, 25_915, 6)
    assert found["proposed_max_quote_age_ns"] is None
    assert found["by_age"][0]["max_quote_age_ns"] is None
    assert found["by_age"][0]["crossed_share"] == 0


def test_inspect_proposes_an_age_limit_for_the_real_day(call, shared):
    code, out, _ = call("inspect", shared("taq/quotes_2018-01-02.csv.gz"))
    assert code == 0
    assert "Proposed: --max-quote-age 2s" in out


def test_generate_makes_the_same_bytes_twice(call, tmp_path):
    for name in ("one", "two"):
        quotes, trades = tmp_path / f"{name}.csv.gz", tmp_path / f"{name}_trades.csv.gz"
        code, out, _ = call(
            "generate", "-o", quotes, "--trades", trades, "--seed", 5, "--minutes", 10
        )
        assert code == 0
        assert "quotes of 6 venues" in out
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()
    one, two = tmp_path / "one_trades.csv.gz", tmp_path / "two_trades.csv.gz"
    assert one.read_bytes() == two.read_bytes()


def test_convert_to_parquet_loses_nothing(call, tmp_path):
    quotes, trades = tmp_path / "q.parquet", tmp_path / "t.parquet"
    code, out, _ = call("convert", *SAMPLE, "-o", quotes, "--trades-output", trades, "--json", "-")
    assert code == 0
    assert json.loads(out)["fingerprint"] == load_tape(quotes, trades).fingerprint()


def test_convert_says_when_it_leaves_trades_out(call, tmp_path):
    code, _, err = call("convert", *SAMPLE, "-o", tmp_path / "q.parquet")
    assert code == 0
    assert "warning: 25,915 trades left out; --trades-output FILE writes them" in err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["inspect", "{tmp}"], 3, "is a directory"),
        (["inspect", "{tmp}/none"], 3, "no such file"),
        (["inspect", str(DATA / "README.md")], 3, "the format is not known"),
        (["generate", "-o", "{tmp}/q.csv", "--minutes", "0"], 2, "minutes must be"),
        (
            ["generate", "-o", "{tmp}/q.csv", "--price", "1e16"],
            2,
            "price must be between 10 and 1e+06",
        ),
        (["generate", "-o", "{tmp}/q.csv", "--rate", "1e5"], 2, "raise it with --max-rows"),
        (["generate", "-o", "{tmp}/q.csv", "--minutes", "1e9"], 2, "minutes must be between 0.001"),
        (["generate", "-o", "{tmp}/q.csv", "--max-rows", "5"], 2, "more than the limit of 5;"),
        (["generate", "-o", "{tmp}/q.txt"], 2, "cannot tell the format"),
        (["generate", "-o", "{tmp}/q.csv", "--seed", "-1"], 2, "greater than or equal to 0"),
        (["convert", SAMPLE[0], "-o", "{tmp}/q.csv", "--trades-output", "{tmp}/t.csv"], 2, "no tr"),
        (["generate"], 2, "Missing option"),
    ],
)
def test_a_wrong_call_is_one_line_and_its_exit_code(call, tmp_path, words, code, message):
    found, out, err = call(*(word.format(tmp=tmp_path) for word in words))
    assert (found, out) == (code, "")
    assert message in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


@pytest.fixture
def altered(tmp_path) -> Callable[[Callable[[Trades], Trades]], list[str]]:
    """Write the sample's trades in an altered form; give the words that name both files."""

    def write(change: Callable[[Trades], Trades]) -> list[str]:
        sample = load_tape(*SAMPLE[::2])
        trades = tmp_path / "trades.csv"
        tape = replace(sample, trades=change(sample.trades))
        save_tape(tape, tmp_path / "quotes.csv", trades)
        return [SAMPLE[0], "--trades", str(trades)]

    return write


ALTERED = {
    "halved": (
        lambda trades: replace(trades, price=trades.price / 2),
        "warning: 100.0% of the trades are outside the quotes of their moment, 0.0% if their "
        "prices are divided by 0.5; correct the prices of the trades (unit, split)\n",
    ),
    "an hour late": (
        lambda trades: replace(trades, ts=trades.ts + 3600 * SECOND),
        "warning: 97.8% of the trades are outside the quotes of their moment, 0.0% if their times "
        "are moved by -1h; correct the times of the trades (time zone, clock)\n",
    ),
    "twice": (
        lambda trades: Trades(
            *(np.repeat(getattr(trades, field.name), 2) for field in fields(trades))
        ),
        "warning: most prints come 2 times, with the same time, venue, price, size and side; keep "
        "one copy of each in the trades\n",
    ),
    "another's": (
        lambda trades: replace(trades, price=trades.price[::-1] + 40),
        "warning: 100.0% of the trades are outside the quotes of their moment (price / mid 1.334), "
        "and no scale of prices and no move of times helps; give the trades of this symbol and "
        "these days\n",
    ),
}


@pytest.mark.parametrize("name", ALTERED)
def test_trades_that_cannot_belong_to_the_quotes_are_warned_of(run, altered, name):
    change, warning = ALTERED[name]
    words = altered(change)
    code, out, err = run("data", "inspect", *words, "--json", "-")
    assert (code, err) == (0, warning)
    assert [f"warning: {text}\n" for text in json.loads(out)["prints"]["warnings"]] == [warning]
    code, _, err = run("backtest", *words)
    assert (code, err) == (0, warning)


def test_the_samples_own_trades_are_not_warned_of(run):
    assert run("backtest", *SAMPLE)[::2] == (0, "")
