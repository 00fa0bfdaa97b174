"""`sor-opt data`, as a user calls it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from sor_opt.market.loaders import load_tape

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
