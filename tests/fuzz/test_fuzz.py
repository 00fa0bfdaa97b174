"""Spoiled files of every format: an error of one line, or what the file says, and nothing else."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from sor_opt.errors import ConfigError, DataError
from sor_opt.market.loaders import load_tape
from tests.fuzz import cases
from tests.fuzz.cases import Kind, Outcome, judge, spoiled
from tests.fuzz.formats import FORMATS, OWN_TRADES, Format
from tests.fuzz.readings import ChangedError, OwnQuotes, OwnTrades
from tests.fuzz.runs import run

CASES = 20
"""Of each format; `python -m tests.fuzz --cases 20000` runs as many as asked."""


def test_spoiled_files_are_refused_in_a_line_or_read_as_they_are():
    outcomes = list(run([*FORMATS], seed=0, first=0, end=CASES * len(FORMATS)))
    assert [outcome for outcome in outcomes if outcome.kind.is_fault] == []
    assert {(outcome.format, outcome.number) for outcome in outcomes} == {
        (name, number) for name in FORMATS for number in range(CASES)
    }
    assert {outcome.kind for outcome in outcomes} == {Kind.LOADED, Kind.REFUSED}


@pytest.mark.parametrize("name", FORMATS)
def test_a_valid_file_is_read_as_it_is(name, tmp_path):
    format_ = FORMATS[name]
    path = tmp_path / "valid"
    path.write_bytes(format_.packed())
    format_.check(path, format_.text)


def test_a_case_is_the_same_whenever_it_is_made():
    for name in FORMATS:
        made = [spoiled(name, number, seed=3) for number in range(5)]
        assert made == [spoiled(name, number, seed=3) for number in range(5)]
        assert len({content for content, _ in made}) > 1
        assert made[0] != spoiled(name, 0, seed=4)


@pytest.fixture
def judged(monkeypatch, tmp_path):
    """Judge a case of a format whose check is given."""

    def judge_with(check) -> Outcome:
        formats = {"any": Format("any", b"a,b\n1,2\n", FORMATS["book, CSV"].mutators, check)}
        monkeypatch.setattr(cases, "FORMATS", formats)
        return judge("any", 7, 0, tmp_path)

    return judge_with


def raising(error):
    def check(path, text):
        raise error

    return check


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DataError("is wrong", file="x", hint="hint it"), Kind.REFUSED),
        (ConfigError("two\nlines"), Kind.RIDDLE),
        (DataError("\x1b[31m"), Kind.RIDDLE),
        (DataError("A" * 601), Kind.RIDDLE),
        (DataError("A" * 600), Kind.REFUSED),
        (KeyError("x"), Kind.RAW),
        (RecursionError(), Kind.RAW),
        (ChangedError("a bid is 1"), Kind.CHANGED),
    ],
)
def test_what_comes_of_a_case_is_distinguished(judged, error, kind):
    outcome = judged(raising(error))
    assert (outcome.format, outcome.number, outcome.kind) == ("any", 7, kind)


def test_a_load_without_end_is_a_hang(judged, monkeypatch):
    monkeypatch.setattr(cases, "SECONDS", 0.05)
    assert judged(lambda path, text: time.sleep(5)).kind is Kind.HANG
    assert judged(lambda path, text: None).kind is Kind.LOADED


def test_a_case_that_ends_its_worker_is_reported_and_the_others_are_judged(tmp_path, monkeypatch):
    (tmp_path / "dying.py").write_text(
        "import json, os, sys\n"
        "first, end = map(int, sys.argv[2:4])\n"
        "for case in range(first, end):\n"
        "    if case in (2, 4):\n"
        "        os.kill(os.getpid(), 9)\n"
        "    print(json.dumps([sys.argv[4 + case % 2], case // 2, 'loaded', '']), flush=True)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    killed = "the worker ended with -9"
    assert list(run(["a", "b"], 0, 1, 6, worker="dying")) == [
        Outcome("b", 0, Kind.LOADED, ""),
        Outcome("a", 1, Kind.CRASH, killed),
        Outcome("b", 1, Kind.LOADED, ""),
        Outcome("a", 2, Kind.CRASH, killed),
        Outcome("b", 2, Kind.LOADED, ""),
    ]


def with_quotes(tape, **columns):
    return replace(tape, quotes=replace(tape.quotes, **columns))


def with_trades(tape, **columns):
    return replace(tape, trades=replace(tape.trades, **columns))


ALTERED_QUOTES = {
    "a number": lambda tape: with_quotes(tape, bid=tape.quotes.bid + 1e-3),
    "a number that is lost": lambda tape: with_quotes(
        tape, ask=np.where(tape.quotes.ask == 120.01, np.nan, tape.quotes.ask)
    ),
    "a number from nowhere": lambda tape: with_quotes(
        tape, bid_size=np.nan_to_num(tape.quotes.bid_size, nan=5.0)
    ),
    "a time": lambda tape: with_quotes(tape, ts=tape.quotes.ts + 1),
    "a venue": lambda tape: with_quotes(tape, venue=(tape.quotes.venue + 1) % 3),
    "a row": lambda tape: replace(tape, quotes=tape.quotes.select(slice(1, None))),
    "a count": lambda tape: replace(tape, left_out={"any": 1}),
}
ALTERED_TRADES = {
    "a side": lambda tape: with_trades(tape, side=-tape.trades.side),
    "a size": lambda tape: with_trades(tape, size=tape.trades.size * 100),
    "all prints": lambda tape: replace(tape, trades=None),
    "a count": lambda tape: replace(tape, emptied={"any": 1}),
}


@pytest.mark.parametrize("what", ALTERED_QUOTES)
def test_quotes_that_say_something_else_are_noticed(what, tmp_path):
    path = tmp_path / "quotes"
    path.write_bytes(FORMATS["own quotes"].text)
    tape = load_tape(path)
    OwnQuotes().compare(tape, FORMATS["own quotes"].text)
    with pytest.raises(ChangedError):
        OwnQuotes().compare(ALTERED_QUOTES[what](tape), FORMATS["own quotes"].text)


@pytest.mark.parametrize("what", ALTERED_TRADES)
def test_trades_that_say_something_else_are_noticed(what, tmp_path):
    quotes, path = tmp_path / "quotes", tmp_path / "trades"
    quotes.write_bytes(FORMATS["own quotes"].text)
    path.write_bytes(OWN_TRADES)
    tape = load_tape(quotes, path)
    OwnTrades().compare(tape, OWN_TRADES)
    with pytest.raises(ChangedError):
        OwnTrades().compare(ALTERED_TRADES[what](tape), OWN_TRADES)


@pytest.mark.parametrize("name", ["book, TOML", "book, JSON", "book, CSV", "fees", "levels"])
def test_a_book_or_table_that_says_something_else_is_noticed(name, tmp_path):
    format_ = FORMATS[name]
    path = tmp_path / "file"
    path.write_bytes(format_.text)
    said = format_.text.replace(b"0.00", b"0.01").replace(b"2000", b"2001")
    with pytest.raises(ChangedError):
        format_.check(path, said)
