"""Our own format, written and read."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sor_opt.errors import ConfigError, DataError
from sor_opt.market import Quotes, Tape, Trades
from sor_opt.market.loaders import load_tape, save_tape

PRICES = st.one_of(st.just(float("nan")), st.integers(0, 20_000).map(lambda cents: cents / 100))
SIZES = st.one_of(st.just(float("nan")), st.floats(0, 1e6).map(lambda size: round(size, 3)))


@st.composite
def tapes(draw: st.DrawFn) -> Tape:
    rows = draw(st.integers(2, 6))
    ts = np.sort(draw(st.lists(st.integers(0, 10**15), min_size=rows, max_size=rows)))
    venue = np.arange(rows) % 2

    def column(kind: st.SearchStrategy[float]) -> list[float]:
        return draw(st.lists(kind, min_size=rows, max_size=rows))

    side = draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=rows, max_size=rows))
    ts = ts + 1_700_000_000 * 10**9
    return Tape(
        venues=("A", "B,C"),
        quotes=Quotes(ts, venue, column(PRICES), column(SIZES), column(PRICES), column(SIZES)),
        trades=Trades(ts, venue, column(PRICES), column(SIZES), side),
        symbol=draw(st.sampled_from(["", "BRK.A", "7"])),
    )


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
@given(tape=tapes())
def test_what_is_written_is_read_back(tmp_path_factory, ending, tape):
    folder = tmp_path_factory.mktemp("tape")
    save_tape(tape, folder / f"q{ending}", folder / f"t{ending}")
    again = load_tape(folder / f"q{ending}", folder / f"t{ending}")
    assert again.fingerprint() == tape.fingerprint()


@pytest.fixture
def tape() -> Tape:
    ts = np.array([1, 2, 3]) + 1_700_000_000 * 10**9
    numbers = [10.0, 10.01, 10.02]
    quotes = Quotes(ts, [0, 1, 0], numbers, [100, 37, 0.5], [11.0, 11, 11], [1, 2, 3])
    return Tape(("A", "B"), quotes, Trades(ts, [0, 1, 1], numbers, [1, 2, 3], [1, -1, 0]))


def test_the_same_tape_gives_the_same_bytes(tape, tmp_path):
    for ending in (".csv", ".csv.gz", ".parquet"):
        save_tape(tape, tmp_path / f"one{ending}")
        save_tape(tape, tmp_path / f"two{ending}")
        assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()


def test_whole_sizes_are_written_without_a_point(tape, tmp_path):
    save_tape(tape, tmp_path / "q.csv")
    assert (tmp_path / "q.csv").read_text().splitlines()[
        1
    ] == "1700000000000000001,A,10.0,100.0,11.0,1"


def test_parquet_keeps_the_time_zone(tape, tmp_path):
    tokyo = Tape(tape.venues, tape.quotes, timezone="Asia/Tokyo")
    save_tape(tokyo, tmp_path / "q.parquet")
    assert load_tape(tmp_path / "q.parquet").fingerprint() == tokyo.fingerprint()


def test_compressed_parquet_is_read_as_it_is(tape, tmp_path):
    save_tape(tape, tmp_path / "q.parquet")
    content = (tmp_path / "q.parquet").read_bytes()
    for compress in (gzip.compress, zstandard.compress):
        (tmp_path / "packed").write_bytes(compress(content))
        expected = Tape(tape.venues, tape.quotes).fingerprint()
        assert load_tape(tmp_path / "packed").fingerprint() == expected


def test_an_unknown_ending_and_missing_trades_are_refused(tape, tmp_path):
    with pytest.raises(ConfigError, match=r"end it in \.parquet, \.csv\.gz, \.csv"):
        save_tape(tape, tmp_path / "q.xlsx")
    with pytest.raises(ConfigError, match="no trades to write"):
        save_tape(Tape(tape.venues, tape.quotes), tmp_path / "q.csv", tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []


def parquet(tmp_path: Path, **changes: object) -> Path:
    ts = pd.to_datetime([10**18, 10**18 + 1], utc=True)
    frame = pd.DataFrame(
        {"ts": ts, "venue": ["A", "B"], "bid": [1.0, 2], "bid_size": [1, 2], "ask": [2.0, 3]}
    )
    frame = frame.assign(**({"ask_size": [1, 2]} | changes))
    path = tmp_path / "bad.parquet"
    frame.drop(columns=[name for name, value in changes.items() if value is None]).to_parquet(path)
    return path


def test_a_foreign_parquet_file_with_our_columns_is_read(tmp_path):
    tape = load_tape(parquet(tmp_path))
    assert (tape.venues, tape.quotes.ask.tolist()) == (("A", "B"), [2.0, 3.0])
    assert load_tape(parquet(tmp_path, ts=[10**18, 10**18])).quotes.ts.tolist() == [10**18] * 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ask_size": None}, "missing column ask_size"),
        ({"bid": ["x", "y"]}, "column bid is not of type double"),
        ({"bid": [1.0, -2]}, "row 2: bid is negative"),
        ({"ts": pd.to_datetime([1, 2])}, "without their offset from UTC"),
        ({"ts": [10**18, 10**18 - 1]}, "row 2: time runs backwards"),
        ({"ts": [10**9, 10**9 + 1]}, "row 1: ts 1000000000 is not in nanoseconds"),
        ({"venue": ["A", None]}, "row 2: unknown venue ''"),
    ],
)
def test_bad_parquet_is_refused(tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        load_tape(parquet(tmp_path, **changes))


def test_damaged_and_empty_parquet_is_refused(tmp_path):
    path = parquet(tmp_path)
    content = path.read_bytes()
    for broken in (content[:-20], b"PAR1"):
        path.write_bytes(broken)
        with pytest.raises(DataError, match="Parquet data is damaged"):
            load_tape(path)
    pd.read_parquet(parquet(tmp_path)).head(0).to_parquet(path)
    with pytest.raises(DataError, match="no rows"):
        load_tape(path)


def test_a_time_without_its_offset_is_refused(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text("ts,venue,bid,bid_size,ask,ask_size\n2024-01-02T09:30:00,A,1,1,2,1\n")
    with pytest.raises(DataError, match="row 1: ts is not a time with its offset from UTC"):
        load_tape(path)


def test_an_unknown_side_is_refused(tape, tmp_path):
    save_tape(tape, tmp_path / "q.csv", tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_text().replace("sell", "short")
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match="row 2: side is 'short'; write buy, sell or blank"):
        load_tape(tmp_path / "q.csv", tmp_path / "t.csv")


def test_a_big_file_of_several_blocks_is_read_whole(tmp_path):
    rows = 60_000
    frame = pd.DataFrame(
        {
            "ts": 10**18 + np.arange(rows),
            "venue": np.where(np.arange(rows) < rows // 2, "B", "A"),
            "bid": 1.0,
            "bid_size": 100,
            "ask": 2.0,
            "ask_size": 100,
        }
    )
    frame.to_csv(tmp_path / "q.csv", index=False)
    quotes = load_tape(tmp_path / "q.csv").quotes
    assert (np.diff(quotes.venue) != 0).sum() == 1
    assert quotes.venue[0] == 1
    frame["bid"] = frame["bid"].astype(object)
    frame.loc[rows - 2, "bid"] = "oops"
    frame.to_csv(tmp_path / "q.csv", index=False)
    with pytest.raises(DataError, match=f"row {rows - 1}: bid is not a number"):
        load_tape(tmp_path / "q.csv")


@pytest.mark.parametrize(
    ("venue", "message"),
    [(b"\xff\xfe", "row 1: venue is not text in UTF-8"), (b"A\x1b[31m", r"unknown venue 'A\\x1b")],
)
def test_a_venue_that_cannot_be_printed_is_refused(tmp_path, venue, message):
    path = tmp_path / "q.csv"
    path.write_bytes(
        b"ts,venue,bid,bid_size,ask,ask_size\n1700000000000000000,%b,1,1,2,1\n" % venue
    )
    with pytest.raises(DataError, match=message):
        load_tape(path)


def test_a_symbol_is_refused_where_the_file_does_not_tell_its_own(tape, tmp_path):
    save_tape(tape, tmp_path / "q.csv")
    with pytest.raises(DataError, match="does not say which symbol it holds; omit --symbol"):
        load_tape(tmp_path / "q.csv", symbol="FOO")


def test_trades_without_a_symbol_go_with_quotes_that_have_one(tape, tmp_path):
    save_tape(replace(tape, symbol="FOO"), tmp_path / "q.csv")
    save_tape(tape, tmp_path / "none.csv", tmp_path / "t.csv")
    assert load_tape(tmp_path / "q.csv", tmp_path / "t.csv", "FOO").symbol == "FOO"


def test_a_wrong_name_for_the_trades_leaves_no_quotes_behind(tape, tmp_path):
    with pytest.raises(ConfigError, match="cannot tell the format"):
        save_tape(tape, tmp_path / "q.csv", tmp_path / "t.foo")
    assert list(tmp_path.iterdir()) == []
