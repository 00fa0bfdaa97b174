"""What is peculiar to TAQ."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor_opt.errors import DataError
from sor_opt.market.book import Book, BookParams, apply_quote, look, new_book
from sor_opt.market.feed import make_feed
from sor_opt.market.loaders import load_tape, taq
from sor_opt.market.tape import Tape

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
    assert tape.left_out == {"prints off exchange": 2, "prints cancelled or corrected": 2}
    assert "left out 2 prints off exchange" in caplog.text


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


WRDS = """date,time_m,ex,sym_root,sym_suffix,bid,bidsiz,ask,asksiz
2018-01-02,9:30:00.123456,N,BRK,,100.0,3,100.02,4
2018-01-02,10:00:00,T,BRK,,100.0,3,100.02,4
"""


@pytest.mark.parametrize("turn", [str.lower, str.upper])
def test_names_of_wrds_are_read_in_both_cases(write, turn):
    head, _, rows = WRDS.partition("\n")
    tape = load_tape(write(turn(head) + "\n" + rows))
    old = "DATE,TIME,EX,SYMBOL,BID,BIDSIZ,OFR,OFRSIZ\n" + rows.replace("BRK,", "BRK")
    assert tape.fingerprint() == load_tape(write(old, "old.csv")).fingerprint()
    assert (tape.symbol, tape.venues) == ("BRK", ("XNAS", "XNYS"))
    assert tape.quotes.ts[0] == 1514903400123456000


def test_conditions_and_corrections_of_wrds_are_those_of_old(write):
    quotes = write(f"{QUOTES}2018-01-02,09:30:00,N,10,3,10.1,3,XXX\n", "q.csv")
    head = "date,time_m,ex,sym_root,tr_scond,size,price,tr_corr\n"
    rows = "".join(
        f"2018-01-02,9:31:0{i},{ex},XXX,{cond},{size},10.1,{corr}\n"
        for i, (ex, cond, size, corr) in enumerate(
            [("N", "", 1, "00"), ("N", "O", 2, "00"), ("N", "@", 3, "08"), ("D", "", 4, "00")]
        )
    )
    tape = load_tape(quotes, write(head + rows))
    assert tape.trades.size.tolist() == [1]
    assert tape.left_out == {
        "prints off exchange": 1,
        "prints cancelled or corrected": 1,
        "prints outside continuous trading": 1,
    }


CONDITIONS = {
    "quotes that are not firm": "4EFLNU",
    "quotes of a halt": "123DGIJKMPQSTVXZ",
    "quotes of an unknown condition": ("@", "a", "9", "RR", "N R"),
}


def conditional(codes: Iterable[str], columns: str = "QU_COND") -> str:
    """One venue's quotes a second apart, each of one condition."""
    rows = (f"2018-01-02,09:30:{i:02},N,10,1,10.1,1,XXX,{code}\n" for i, code in enumerate(codes))
    return QUOTES.replace("\n", f",{columns}\n") + "".join(rows)


def books(tape: Tape) -> Iterator[tuple[Book, float]]:
    """The book and its best ask after every row."""
    rules = BookParams(band=None).rules
    book = new_book(len(tape.venues))
    for quote in make_feed(tape.quotes, "buy"):
        apply_quote(book, quote, rules)
        yield book, look(book, quote.ts, rules)[1]


@pytest.mark.parametrize("code", ["", " ", *"ABCHORWY"])
def test_a_quote_of_a_firm_condition_stands(write, code):
    tape = load_tape(write(conditional(["R", code])))
    assert tape.quotes.two_sided.tolist() == [True, True]
    assert not tape.emptied


@pytest.mark.parametrize(
    ("reason", "code"), [(reason, code) for reason, codes in CONDITIONS.items() for code in codes]
)
def test_a_quote_of_any_other_condition_empties_its_venue_and_is_counted(write, reason, code):
    tape = load_tape(write(conditional(["R", code, "R"])))
    assert tape.quotes.bid_shown.tolist() == [True, False, True]
    assert tape.quotes.ask_shown.tolist() == [True, False, True]
    assert (tape.emptied, tape.left_out) == ({reason: 1}, {})


def test_what_a_quote_that_is_not_firm_shows_is_no_impossible_number_too(write):
    text = conditional(["R", "N", "P"]).replace("10,1,10.1,1,XXX,N", "2e9,1,10.1,1e13,XXX,N")
    text += "2018-01-02,09:31:00,N,2e9,1,10.1,1,XXX,R\n"
    assert load_tape(write(text)).emptied == {
        "quotes that are not firm": 1,
        "quotes of a halt": 1,
        "sides with an impossible price": 1,
    }


@given(st.lists(st.tuples(st.sampled_from("NPT"), st.sampled_from("RONP?"))).filter(bool))
def test_a_venue_is_empty_from_a_row_that_is_not_firm_to_its_next_firm_one(tmp_path_factory, rows):
    """By the book after every row: its venues show what their last rows allow, both sides alike."""
    text = QUOTES.replace("\n", ",QU_COND\n") + "".join(
        f"2018-01-02,09:30:00.{i:09},{ex},10,1,10.1,1,XXX,{code}\n"
        for i, (ex, code) in enumerate(rows)
    )
    path = tmp_path_factory.mktemp("taq") / "quotes.csv"
    path.write_text(text)
    tape = load_tape(path)
    last: dict[str, str] = {}
    for (ex, code), (book, _) in zip(rows, books(tape), strict=True):
        last[taq.EXCHANGES[ex]] = code
        firm = [last.get(venue, "N") in "RO" for venue in tape.venues]
        assert (book["bid_left"] > 0).tolist() == (book["ask_left"] > 0).tolist() == firm
    assert sum(tape.emptied.values()) == sum(code not in "RO" for _, code in rows)


def test_the_best_ask_is_not_that_of_a_halted_venue(write):
    """The lower ask of XNYS is gone from its halt to its next firm quote."""
    rows = (("N", 10.1, "R"), ("P", 10.2, "R"), ("N", 10.1, "M"), ("N", 10.1, "R"))
    text = QUOTES.replace("\n", ",QU_COND\n") + "".join(
        f"2018-01-02,09:30:0{i},{ex},10,1,{ask},1,XXX,{code}\n"
        for i, (ex, ask, code) in enumerate(rows)
    )
    assert [ask for _, ask in books(load_tape(write(text)))] == [10.1, 10.1, 10.2, 10.1]


def test_the_columns_of_today_that_are_not_needed_change_nothing(write):
    text = conditional(["R,A,C", "O,G,N"], "QU_COND,NATBBO_IND,QU_SOURCE")
    plain = load_tape(write(conditional(["R", "O"]), "plain.csv"))
    for turn in (str.lower, str.upper):
        head, _, rows = text.partition("\n")
        assert load_tape(write(f"{turn(head)}\n{rows}")).fingerprint() == plain.fingerprint()


def test_share_classes_of_one_root_are_not_mixed(write):
    both = write(WRDS.replace("T,BRK,,", "T,BRK,A,"))
    with pytest.raises(DataError, match=r"holds 2 symbols; --symbol one of 'BRK, BRK\.A'"):
        load_tape(both)
    assert load_tape(both, symbol="BRK.A").venues == ("XNAS",)


def test_two_columns_for_one_thing_are_refused(write):
    text = WRDS.replace("ask,", "ask,ofr,").replace("100.02,", "100.02,100.03,")
    with pytest.raises(DataError, match="several columns are called OFR: 'ask, ofr'; keep one"):
        load_tape(write(text))


def test_hours_of_one_digit_are_read(write):
    clocks = ("4:00:00", "9:30:00.000000001", "09:30:01", "10:00", " 15:59:59.999 ")
    rows = "".join(f"2018-01-02,{clock},N,10,3,10.1,3,XXX\n" for clock in clocks)
    seconds = (load_tape(write(QUOTES + rows)).quotes.ts - 1514869200 * 10**9).tolist()
    hour = 3600 * 10**9
    after = (4 * hour, 9.5 * hour + 1, 9.5 * hour + 10**9, 10 * hour, 16 * hour - 10**6)
    assert seconds == [int(ns) for ns in after]


@pytest.mark.parametrize("clock", ["24:00:00", "9:60:00", "930", "9:30:00 PM", "-9:30:00", "9.30"])
def test_a_clock_that_cannot_be_read_is_refused_with_its_row(write, clock):
    rows = "".join(f"2018-01-02,{c},N,10,3,10.1,3,XXX\n" for c in ("9:30:00", "9:31:00", clock))
    wrong = rf"row 3: TIME is not a time of day \('{clock}'\); correct"
    with pytest.raises(DataError, match=wrong):
        load_tape(write(QUOTES + rows))


def test_times_are_those_of_a_given_zone(write):
    path = write(f"{QUOTES}2018-07-02,13:30:00,N,10,1,10.1,1,XXX\n")
    tape = load_tape(path, timezone="UTC")
    assert (tape.timezone, pd.Timestamp(tape.quotes.ts[0])) == (
        "UTC",
        pd.Timestamp("2018-07-02T13:30:00"),
    )


def test_a_size_that_marks_none_is_none_in_lots_too(write):
    tape = load_tape(write(f"{QUOTES}2018-01-02,09:30:00,N,10,4294967295,10.1,3,XXX\n"))
    assert tape.emptied == {"sides with an impossible size": 1}
    assert (np.isnan(tape.quotes.bid_size[0]), tape.quotes.ask_size[0]) == (True, 300)


def test_an_unknown_exchange_code_is_refused_with_its_row(write):
    with pytest.raises(DataError, match=r"row 1: unknown venue '\?' in EX; known: A B"):
        load_tape(write(f"{QUOTES}2018-01-02,09:30:00,?,10,3,10.1,3,XXX\n"))


def test_a_broken_date_is_refused_with_its_row(write):
    rows = "2018-01-02,09:30:00,N,10,3,10.1,3,XXX\n2018-13-02,09:30:00,N,10,3,10.1,3,XXX\n"
    for wrong in ("2018-13-02", "0001-01-01", "9999-12-31", "1992-12-31"):
        text = QUOTES + rows.replace("2018-13-02", wrong)
        expected = f"row 2: DATE '{wrong}' is not a date from 1993-01-01 to 2"
        with pytest.raises(DataError, match=expected):
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


def test_the_complete_day_has_none_but_firm_quotes(shared):
    """Three of 220,557 are not regular: an opening quote, and closing ones after the session."""
    quotes = shared("taq_full/quotes_full_2018-01-02.csv.gz")
    tape = load_tape(quotes)
    assert (len(tape.quotes), len(tape.venues), tape.emptied) == (220_557, 12, {})
    raw = pd.read_csv(quotes)
    assert raw["QU_COND"].value_counts().to_dict() == {"R": 220_554, "C": 2, "O": 1}
    assert (raw["TIME"][raw["QU_COND"] == "C"] > "16:00").all()


def test_the_real_day_loads_in_at_most_twice_the_time_of_read_csv(shared):
    path = shared("taq/quotes_2018-01-02.csv.gz")

    def seconds(load: Callable[[Path], object]) -> float:
        start = time.perf_counter()
        load(path)
        return time.perf_counter() - start

    pairs = [(seconds(load_tape), seconds(pd.read_csv)) for _ in range(5)]
    ours, theirs = (min(times) for times in zip(*pairs, strict=True))
    assert ours <= 2 * theirs


@pytest.mark.parametrize("time", ["12", "9", "09.5"])
def test_an_hour_alone_is_no_time(write, time):
    rows = f"2018-01-02,09:30:00,N,10,1,10.1,1,XXX\n2018-01-02,{time},N,10,1,10.1,1,XXX\n"
    with pytest.raises(DataError, match="row 2: TIME"):
        load_tape(write(QUOTES + rows))


def test_a_size_beyond_numbers_empties_its_side_without_a_warning(write):
    rows = "2018-01-02,09:30:00,N,10,1,10.1,1e308,XXX\n"
    quotes = load_tape(write(QUOTES + rows)).quotes
    assert (quotes.bid_shown.tolist(), quotes.ask_shown.tolist()) == ([True], [False])
