"""What is peculiar to Databento."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sor_opt.errors import DataError
from sor_opt.market import BUYER, SELLER, UNKNOWN
from sor_opt.market.loaders import load_tape

MBP = (
    "ts_recv,publisher_id,action,side,depth,price,size,"
    "bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,symbol"
)
PRETTY = """2024-08-01T13:36:32.1Z,2,A,B,0,222.81,10,222.81,222.83,100,36,AAPL
2024-08-01T13:36:32.2Z,2,T,B,0,222.83,36,222.81,222.83,100,36,AAPL
2024-08-01T13:36:32.3Z,2,C,A,0,222.83,36,222.81,,100,0,AAPL
"""
RAW = """1722519392100000000,2,A,B,0,222810000000,10,222810000000,222830000000,100,36,AAPL
1722519392200000000,2,T,B,0,222830000000,36,222810000000,222830000000,100,36,AAPL
1722519392300000000,2,C,A,0,222830000000,36,222810000000,9223372036854775807,100,0,AAPL
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable:
    def put(rows: str, header: str = MBP):
        (tmp_path / "file").write_text(f"{header}\n{rows}")
        return load_tape(tmp_path / "file")

    return put


def test_raw_and_pretty_numbers_mean_the_same(load):
    assert load(RAW).fingerprint() == load(PRETTY).fingerprint()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            ",222.81,10,",
            ",222810000000,10,",
            "row 1: price '222810000000' is a whole number, other",
        ),
        ("222.83,100,0", "222830000000,100,0", "row 3: ask_px_00 '222830000000' is a whole number"),
        (",222.81,10,", ",222,10,", "row 1: price '222' has no decimal point, and is no raw price"),
        (",222.81,10,", ",inf,10,", "row 1: price 'inf' is no price; correct the cell, or"),
        (",222.81,10,", ",1e400,10,", "row 1: price '1e400' is no price"),
        (",222.81,10,", ",nan,10,", "row 1: price 'nan' is no price"),
        (",222.81,10,", ",\u0663.5,10,", "row 1: price '\u0663.5' is no price"),
    ],
)
def test_one_price_of_another_kind_is_refused(load, old, new, problem):
    rows = PRETTY.replace(",222.81,,100,0", ",222.81,222.83,100,0")
    with pytest.raises(DataError, match=problem):
        load(rows.replace(old, new, 1))


def test_one_price_in_dollars_among_raw_ones_is_refused(load):
    with pytest.raises(DataError, match=r"row 2: bid_px_00 '222\.81' has a decimal point, other"):
        load(RAW.replace(",36,222810000000,", ",36,222.81,", 1))


def test_raw_prices_below_a_cent_are_raw(load):
    """How large a number is says nothing: 8500000 is 0.0085 dollars."""
    tape = load("1722519392100000000,2,A,B,0,9000000,10,8500000,10500000,300,400,WARR\n")
    assert (tape.quotes.bid[0], tape.quotes.ask[0]) == (0.0085, 0.0105)


def test_whole_dollars_without_a_point_are_refused(load):
    """In billionths they would be a price that no stock can have."""
    with pytest.raises(DataError, match=r"row 1: ask_px_00 '157' has no decimal point.*156\.0"):
        load("1722519392100000000,2,A,B,0,156000,10,156000,157,300,400,WARR\n")


def test_zero_and_undefined_prices_tell_no_unit(load):
    pretty = PRETTY.replace(",222.81,10,", ",0,10,").replace("222.83,36", "9223372036854775807,36")
    tape = load(pretty)
    assert tape.quotes.bid.tolist() == [222.81, 222.81]
    assert np.isnan(tape.trades.price).tolist() == [True]


def test_an_undefined_price_is_missing_and_empties_its_side(load):
    quotes = load(RAW).quotes
    assert np.isnan(quotes.ask[1])
    assert quotes.ask_shown.tolist() == [True, False]
    assert quotes.bid_shown.tolist() == [True, True]


def test_whole_dollars_with_a_point_are_dollars(load):
    tape = load("2024-08-01T13:36:32.1Z,2,A,B,0,700000.,1,700000.0,7.001e5,1,1,BRK.A\n")
    assert tape.quotes.bid.tolist() == [700000.0]
    assert tape.quotes.ask.tolist() == [700100.0]


def test_a_print_is_no_quote_because_it_shows_the_book_before_it(load):
    tape = load(PRETTY)
    assert len(tape.quotes) == 2
    assert tape.trades.price.tolist() == [222.83]
    assert tape.trades.ts[0] == 1722519392200000000


def test_a_file_of_prints_alone_gives_the_book_before_each(load):
    tape = load(PRETTY.splitlines()[1] + "\n")
    assert len(tape.quotes) == len(tape.trades) == 1
    assert tape.quotes.ask_size.tolist() == [36]


def test_the_side_of_a_print_is_its_aggressor(load):
    line = PRETTY.splitlines()[1]
    tape = load("".join(line.replace(",T,B,", f",T,{side},") + "\n" for side in "BAN"))
    assert tape.trades.side.tolist() == [BUYER, SELLER, UNKNOWN]


def test_changes_below_the_best_level_are_no_news(load):
    deeper = "2024-08-01T13:36:32.4Z,2,A,B,3,222.7,10,222.81,222.83,100,36,AAPL\n"
    assert len(load(PRETTY + deeper).quotes) == 2


def test_a_schema_without_actions_is_quotes_alone(load):
    header = MBP.replace("action,side,depth,price,size,", "")
    tape = load("2024-08-01T13:36:32.1Z,2,222.81,222.83,100,36,AAPL\n", header)
    assert len(tape.quotes) == 1
    assert tape.trades is None


def test_the_instrument_stands_for_a_symbol_that_is_not_there(load):
    header = MBP.replace("symbol", "instrument_id")
    assert load(PRETTY.replace("AAPL", "38"), header).symbol == "38"


def test_a_row_without_a_depth_is_taken_for_news(load):
    """Only what is known to lie below the best level is left out."""
    blank = "2024-08-01T13:36:32.4Z,2,A,B,,222.81,10,222.82,222.83,50,36,AAPL\n"
    assert load(PRETTY + blank).quotes.bid.tolist() == [222.81, 222.81, 222.82]


FEEDS = {
    "exchanges": "2 XNAS 3 XBOS 4 XPSX 5 BATS 6 BATY 7 EDGA 8 EDGX 9 XNYS 10 XCIS 11 XASE 12 XCHI "
    "13 XCIS 14 XCIS 15 MEMX 16 EPRL 38 IEXG 43 ARCX 44 XNYS 45 XNYS 46 XNAS 47 XNAS 86 XBOS "
    "87 XPSX 91 XCIS 92 XNYS",
    "DBEQ.BASIC": "39 XCHI 40 XCIS 41 IEXG 42 EPRL",
    "EQUS.PLUS": "48 XCHI 49 XCIS 50 IEXG 51 EPRL 52 XNAS 53 XNYS",
    "EQUS.ALL": "62 XCHI 63 XCIS 64 IEXG 65 EPRL 66 XNAS 67 XNYS 71 BATS 72 BATY 73 EDGA 74 EDGX "
    "75 XBOS 76 XPSX 77 MEMX 78 XASE 79 ARCX 80 LTSE",
    "XNAS.BASIC": "81 XNAS 88 XBOS 89 XPSX",
}
"""Databento's publishers of US equities that name an exchange, by feed."""


@pytest.mark.parametrize("feed", FEEDS)
def test_every_publisher_that_names_an_exchange_is_known(load, feed):
    numbers, venues = FEEDS[feed].split()[::2], FEEDS[feed].split()[1::2]
    line = PRETTY.splitlines()[0]
    tape = load("\n".join(line.replace("Z,2,", f"Z,{number},") for number in numbers) + "\n")
    assert [tape.venues[venue] for venue in tape.quotes.venue] == venues


@pytest.mark.parametrize("publisher", [17, 18, 19, 54, 55, 56, 68, 69, 70, 82, 83])
def test_every_trade_reporting_facility_is_off_exchange(load, publisher):
    row = PRETTY.splitlines()[1].replace("32.2Z,2,", f"32.5Z,{publisher},") + "\n"
    tape = load(PRETTY + row)
    assert (tape.venues, len(tape.trades)) == (("XNAS",), 1)


@pytest.mark.parametrize("publisher", [59, 60, 90, 93, 94, 95, 96])
def test_a_consolidated_publisher_is_refused_with_the_reason(load, publisher):
    with pytest.raises(DataError, match=r"row 1: the publisher is consolidated.* no venue; use"):
        load(PRETTY.replace(",2,", f",{publisher},"))


def test_a_publisher_that_is_no_us_equity_venue_is_refused(load):
    with pytest.raises(DataError, match="row 1: unknown venue '1' in publisher_id"):
        load(PRETTY.replace("Z,2,", "Z,1,"))


def test_off_exchange_prints_are_left_out_and_counted(load, caplog):
    rows = PRETTY + PRETTY.splitlines()[1].replace("32.2Z,2,", "32.5Z,82,") + "\n"
    with caplog.at_level(logging.INFO):
        tape = load(rows)
    assert (tape.venues, len(tape.trades)) == (("XNAS",), 1)
    assert tape.left_out == {"prints off exchange": 1}
    assert "left out 1 prints off exchange" in caplog.text


def test_several_venues_in_one_file(load):
    tape = load(PRETTY + "2024-08-01T13:36:33Z,43,A,B,0,222.8,9,222.8,222.9,9,9,AAPL\n")
    assert tape.venues == ("ARCX", "XNAS")
    assert tape.quotes.venue.tolist() == [1, 1, 0]


def test_the_real_pretty_file_loads(shared):
    tape = load_tape(shared("databento/xnas_aapl_mbp-10_5rows.csv"))
    assert (tape.symbol, tape.venues, len(tape.quotes), len(tape.trades)) == (
        "AAPL",
        ("XNAS",),
        1,
        4,
    )
    assert (tape.quotes.bid[0], tape.quotes.ask_size[0]) == (222.80, 46)
    assert set(tape.trades.side) == {SELLER}
