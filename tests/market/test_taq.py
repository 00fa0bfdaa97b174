"""What is peculiar to TAQ."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sor_opt.errors import DataError
from sor_opt.market.loaders import load_tape

QUOTES = "DATE,TIME,EX,BID,BIDSIZ,OFR,OFRSIZ,SYMBOL\n"
TRADES = "DATE,TIME,EX,SYMBOL,COND,SIZE,PRICE,CORR\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def put(text: str, name: str = "taq.csv") -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return put


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        ("2018-01-02", "2018-01-02T14:30:00.000001"),
        ("2018-07-02", "2018-07-02T13:30:00.000001"),
        ("2018-03-09", "2018-03-09T14:30:00.000001"),
        ("2018-03-12", "2018-03-12T13:30:00.000001"),
        ("20181105", "2018-11-05T14:30:00.000001"),
    ],
)
def test_times_are_new_york_times(write, day, utc):
    tape = load_tape(write(f"{QUOTES}{day},09:30:00.000001,N,10,1,10.1,1,XXX\n"))
    assert pd.Timestamp(tape.quotes.ts[0]) == pd.Timestamp(utc)


def test_a_file_may_hold_several_days_over_a_change_of_the_clocks(write):
    rows = "".join(f"2018-03-{d:02},10:00:00,N,10,1,10.1,1,XXX\n" for d in (9, 12))
    tape = load_tape(write(QUOTES + rows))
    assert np.diff(tape.quotes.ts)[0] == (3 * 24 - 1) * 3600 * 10**9


def test_nanoseconds_are_kept(write):
    tape = load_tape(write(f"{QUOTES}2018-01-02,09:30:00.123456789,N,10,1,10.1,1,XXX\n"))
    assert tape.quotes.ts[0] % 10**9 == 123456789


@pytest.mark.parametrize(("day", "shares"), [("2025-10-31", 300), ("2025-11-03", 3)])
def test_quote_sizes_are_round_lots_until_november_2025(write, day, shares):
    tape = load_tape(write(f"{QUOTES}{day},09:30:00,N,10,3,10.1,3,XXX\n"))
    assert tape.quotes.bid_size[0] == tape.quotes.ask_size[0] == shares


def test_trade_sizes_are_shares_on_any_day(write):
    quotes = write(f"{QUOTES}2018-01-02,09:30:00,N,10,3,10.1,3,XXX\n", "q.csv")
    tape = load_tape(quotes, write(f"{TRADES}2018-01-02,09:30:01,N,XXX,,37,10.1,0\n"))
    assert tape.trades.size.tolist() == [37]


def test_both_codes_of_nasdaq_are_one_venue(write):
    rows = "".join(f"2018-01-02,09:30:0{i},{ex},10,1,10.1,1,XXX\n" for i, ex in enumerate("TQN"))
    tape = load_tape(write(QUOTES + rows))
    assert tape.venues == ("XNAS", "XNYS")
    assert tape.quotes.venue.tolist() == [0, 0, 1]


def test_off_exchange_and_cancelled_prints_are_left_out_and_counted(write, caplog):
    quotes = write(f"{QUOTES}2018-01-02,09:30:00,N,10,3,10.1,3,XXX\n", "q.csv")
    rows = [("D", 0), ("N", 0), ("N", 1), ("N", 8), ("P", 12), ("D", 0)]
    text = "".join(f"2018-01-02,09:31:00,{ex},XXX,,100,10.1,{corr}\n" for ex, corr in rows)
    with caplog.at_level(logging.INFO):
        tape = load_tape(quotes, write(TRADES + text))
    assert tape.venues == ("XNYS",)
    assert len(tape.trades) == 2
    assert "2 rows off exchange" in caplog.text
    assert "2 rows cancelled or corrected" in caplog.text


@pytest.mark.parametrize(
    ("condition", "kept"),
    [("", True), ("@", True), ("F I", True), ("FTI", True)]
    + [(code, False) for code in ("O", "6", "M", "Z", "4 I", " 7 V", "F  X", "@4 W")],
)
def test_prints_outside_continuous_trading_are_left_out(write, condition, kept):
    """Auctions, official prices, prints out of sequence: no resting order could have met them."""
    quotes = write(f"{QUOTES}2018-01-02,09:30:00,N,10,3,10.1,3,XXX\n", "q.csv")
    row = f"2018-01-02,09:31:00,N,XXX,{condition},100,10.1,0\n"
    tape = load_tape(quotes, write(f"{TRADES}2018-01-02,09:30:30,N,XXX,,37,10,0\n{row}"))
    assert tape.trades.size.tolist() == [37] + [100] * kept


def test_prints_without_conditions_all_stand(write):
    quotes = write(f"{QUOTES}2018-01-02,09:30:00,N,10,3,10.1,3,XXX\n", "q.csv")
    header = TRADES.replace("COND,", "")
    tape = load_tape(quotes, write(f"{header}2018-01-02,09:31:00,N,XXX,100,10.1,0\n"))
    assert len(tape.trades) == 1


def test_rows_are_numbered_as_in_the_file_even_after_rows_were_dropped(write):
    quotes = write(f"{QUOTES}2018-01-02,09:30:00,N,10,3,10.1,3,XXX\n", "q.csv")
    text = "2018-01-02,09:31:00,D,XXX,,1,10,0\n2018-01-02,09:31:00,N,XXX,,1,-10,0\n"
    with pytest.raises(DataError, match="row 2: PRICE is negative"):
        load_tape(quotes, write(TRADES + text))


def test_an_unknown_exchange_code_is_refused_with_its_row(write):
    with pytest.raises(DataError, match=r"row 1: unknown venue '\?' in EX; known: A B"):
        load_tape(write(f"{QUOTES}2018-01-02,09:30:00,?,10,3,10.1,3,XXX\n"))


def test_a_broken_date_is_refused_with_its_row(write):
    rows = "2018-01-02,09:30:00,N,10,3,10.1,3,XXX\n2018-13-02,09:30:00,N,10,3,10.1,3,XXX\n"
    for wrong in ("2018-13-02", "0001-01-01", "9999-12-31"):
        text = QUOTES + rows.replace("2018-13-02", wrong)
        with pytest.raises(DataError, match=f"row 2: DATE '{wrong}' is not a date"):
            load_tape(write(text))


def test_the_real_day_loads_as_its_readme_says(shared):
    quotes = shared("taq/quotes_2018-01-02.csv.gz")
    tape = load_tape(quotes, shared("taq/trades_2018-01-02.csv.gz"))
    off_exchange, not_continuous = 12_619, 8
    trades = 39_470 - off_exchange - not_continuous
    assert (len(tape.quotes), len(tape.trades), len(tape.venues)) == (66_695, trades, 12)
    raw = pd.read_csv(quotes)
    local = pd.to_datetime(raw["DATE"] + " " + raw["TIME"]).dt.tz_localize("America/New_York")
    assert np.array_equal(tape.quotes.ts, local.dt.as_unit("ns").astype("int64"))
    assert np.array_equal(tape.quotes.ask, raw["OFR"])
    assert np.array_equal(tape.quotes.ask_size, raw["OFRSIZ"] * 100)


def test_the_real_day_loads_in_at_most_twice_the_time_of_read_csv(shared):
    path = shared("taq/quotes_2018-01-02.csv.gz")

    def seconds(load: Callable[[Path], object]) -> float:
        start = time.perf_counter()
        load(path)
        return time.perf_counter() - start

    pairs = [(seconds(load_tape), seconds(pd.read_csv)) for _ in range(5)]
    ours, theirs = (min(times) for times in zip(*pairs, strict=True))
    assert ours <= 2 * theirs
