"""Our own format, written and read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as pq

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


def test_an_unknown_ending_and_missing_trades_are_refused(tape, tmp_path):
    with pytest.raises(ConfigError, match=r"end it in \.parquet, \.csv\.gz, \.csv"):
        save_tape(tape, tmp_path / "q.xlsx")
    with pytest.raises(ConfigError, match="no trades to write"):
        save_tape(Tape(tape.venues, tape.quotes), tmp_path / "q.csv", tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []


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


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_every_format_keeps_the_time_zone(tape, tmp_path, ending):
    london = replace(tape, timezone="Europe/London")
    save_tape(london, tmp_path / f"q{ending}", tmp_path / f"t{ending}")
    again = load_tape(tmp_path / f"q{ending}", tmp_path / f"t{ending}")
    assert again.fingerprint() == london.fingerprint()
    tokyo = load_tape(tmp_path / f"q{ending}", timezone="Asia/Tokyo")
    assert tokyo.timezone == "Asia/Tokyo"
    assert tokyo.quotes.ts.tolist() == tape.quotes.ts.tolist()


def test_a_zone_in_csv_is_a_column_that_pandas_reads(tape, tmp_path):
    save_tape(replace(tape, timezone="Europe/London"), tmp_path / "q.csv")
    lines = (tmp_path / "q.csv").read_text().splitlines()
    assert [line.rpartition(",")[2] for line in lines] == ["timezone", "Europe/London", "", ""]
    frame = pd.read_csv(tmp_path / "q.csv")
    assert frame["bid"].tolist() == tape.quotes.bid.tolist()
    save_tape(tape, tmp_path / "new_york.csv")
    assert "timezone" not in (tmp_path / "new_york.csv").read_text()


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ("", "", "column timezone is blank; name the zone in it, or give it with --tim"),
        (
            "Europe/London",
            "Asia/Tokyo",
            r"names 2 time zones \('Asia/Tokyo, Europe/London'\); give ",
        ),
        ("Mars/Olympus", "", "its time zone 'Mars/Olympus' is not known; give an IANA name with"),
    ],
)
def test_a_column_of_zones_names_one_known_zone(tmp_path, first, second, problem):
    path = tmp_path / "q.csv"
    rows = "".join(f"2024-03-28 09:30:0{i},A,1,1,2,1,{z}\n" for i, z in enumerate((first, second)))
    path.write_text("ts,venue,bid,bid_size,ask,ask_size,timezone\n" + rows)
    with pytest.raises(DataError, match=problem):
        load_tape(path)
    assert load_tape(path, timezone="Europe/London").timezone == "Europe/London"


def test_a_column_of_zones_is_the_zone_of_times_without_an_offset(tmp_path):
    path = tmp_path / "q.csv"
    head = "ts,venue,bid,bid_size,ask,ask_size,timezone,symbol\n"
    rows = "2024-03-28 09:30,A,1,1,2,1,Asia/Tokyo,X\n2024-03-28 09:31,A,1,1,2,1,,Y\n"
    path.write_text(head + rows)
    tape = load_tape(path, symbol="Y")
    assert tape.timezone == "Asia/Tokyo"
    assert tape.quotes.ts.tolist() == [pd.Timestamp("2024-03-28T00:31").as_unit("ns").value]


LOCAL = """ts,venue,bid,bid_size,ask,ask_size
2024-03-28 09:30:00,A,1,1,2,1
 2024-04-02T09:30:00.5 ,A,1,1,2,1
"""


def test_times_without_an_offset_are_read_in_the_given_zone(parquet, tmp_path):
    path = tmp_path / "q.csv"
    path.write_text(LOCAL)
    with pytest.raises(DataError, match=r"row 1: ts is not a time with its offset.*--timezone"):
        load_tape(path)
    ts = load_tape(path, timezone="Europe/London").quotes.ts
    utc = pd.to_datetime(["2024-03-28T09:30:00.0", "2024-04-02T08:30:00.5"])
    assert ts.tolist() == utc.as_unit("ns").asi8.tolist()
    naive = pd.read_csv(path, parse_dates=["ts"], date_format="mixed", skipinitialspace=True)
    naive.to_parquet(tmp_path / "q.parquet")
    parquet_ts = load_tape(tmp_path / "q.parquet", timezone="Europe/London").quotes.ts
    assert parquet_ts.tolist() == ts.tolist()


@pytest.mark.parametrize("moment", ["2024-03-31T01:30:00", "2024-10-27T01:30:00"])
def test_a_time_that_a_clock_skipped_or_showed_twice_is_refused(tmp_path, moment):
    path = tmp_path / "q.csv"
    path.write_text(
        LOCAL.replace(" 2024-04-02T09:30:00.5 ", moment).replace("2024-03-28", "2024-01-02")
    )
    with pytest.raises(
        DataError, match=rf"row 2: ts {moment}.* is not one moment in Europe/London"
    ):
        load_tape(path, timezone="Europe/London")


def test_times_with_and_without_an_offset_in_one_file_are_refused(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text(LOCAL.replace("00.5 ", "00.5Z"))
    with pytest.raises(DataError, match=r"row 2: ts is not a time without an offset, like the fi"):
        load_tape(path, timezone="Europe/London")


def test_columns_larger_than_allowed_are_refused_before_they_are_read(tmp_path):
    """A million equal rows take 24 KB of Parquet."""
    rows = 10**6
    column = {"ts": np.full(rows, 10**18), "venue": pa.array(["A"] * rows).dictionary_encode()}
    numbers = dict.fromkeys(("bid", "bid_size", "ask_size"), np.ones(rows))
    table = pa.table({**column, **numbers, "ask": np.full(rows, 2.0)})
    path = tmp_path / "q.parquet"
    pq.write_table(table, path)
    assert path.stat().st_size < 30_000
    expected = "holds 1,000,000 rows of 6 columns, more than 47,999,999 bytes; --max-bytes raises"
    with pytest.raises(ConfigError, match=expected):
        load_tape(path, max_bytes=48_000_000 - 1)
    assert len(load_tape(path, max_bytes=48_000_000).quotes) == rows


def test_the_symbols_of_quotes_and_trades_are_held_against_each_other(tape, tmp_path):
    named, other = replace(tape, symbol="AAA"), replace(tape, symbol="BBB")
    save_tape(named, tmp_path / "a.csv", tmp_path / "a_trades.csv")
    save_tape(other, tmp_path / "b.csv", tmp_path / "b_trades.csv")
    save_tape(tape, tmp_path / "none.csv", tmp_path / "none_trades.csv")
    with pytest.raises(DataError, match=r"b_trades\.csv: has no symbol 'AAA'; it holds 'BBB'"):
        load_tape(tmp_path / "a.csv", tmp_path / "b_trades.csv")
    pairs = {
        (quotes, trades): load_tape(tmp_path / f"{quotes}.csv", tmp_path / f"{trades}_trades.csv")
        for quotes in ("a", "none")
        for trades in ("a", "none")
    }
    symbols = {names: (tape.symbol, tape.trades_symbol) for names, tape in pairs.items()}
    assert symbols == {
        ("a", "a"): ("AAA", "AAA"),
        ("a", "none"): ("AAA", ""),
        ("none", "a"): ("", "AAA"),
        ("none", "none"): ("", ""),
    }
    assert load_tape(tmp_path / "a.csv").trades_symbol is None
    for names in (("a", "none"), ("none", "a")):
        save_tape(pairs[names], tmp_path / "q.csv", tmp_path / "t.csv")
        again = load_tape(tmp_path / "q.csv", tmp_path / "t.csv")
        assert (again.symbol, again.trades_symbol) == symbols[names]


@pytest.mark.parametrize("stamp", ["2024-03-04T03-05:00", "2024-03-04 14+00:00"])
def test_an_hour_alone_is_no_time(tmp_path, stamp):
    """What is left of a damaged time would be read as the full hour."""
    path = tmp_path / "short.csv"
    path.write_text(f"ts,venue,bid,bid_size,ask,ask_size\n{stamp},A,10,100,10.1,100\n")
    with pytest.raises(DataError, match="row 1: ts"):
        load_tape(path)
