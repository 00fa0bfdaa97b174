"""Trades against the quotes of their moment, on tapes worked by hand and on altered copies."""

from __future__ import annotations

import csv
import gzip
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor_opt.market import Quotes, Tape, Trades
from sor_opt.market.loaders import load_tape
from sor_opt.market.prints import DayCoverage, PrintsQuality, prints_quality
from sor_opt.market.tape import SECOND

DATA = Path(__file__).parents[2] / "data"
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
MIDNIGHT = 1_709_528_400 * SECOND  # 2024-03-04 00:00 in New York
NOON = MIDNIGHT + 12 * HOUR
NAN = float("nan")


def quotes_of(*rows: tuple[float, ...]) -> Quotes:
    """Rows of (time, venue, bid, ask); a side of NaN is not shown."""
    ts, venue, bid, ask = zip(*rows, strict=True)
    return Quotes(ts, venue, bid, [100] * len(ts), ask, [100] * len(ts))


def trades_of(*rows: tuple[float, ...]) -> Trades:
    """Rows of (time, price)."""
    ts, price = zip(*rows, strict=True)
    return Trades(ts, [0] * len(ts), price, [100] * len(ts), [0] * len(ts))


def measured(quotes: Quotes, trades: Trades) -> PrintsQuality:
    found = prints_quality(Tape(tuple("ABCD"), quotes, trades))
    assert found is not None
    return found


def test_nothing_is_measured_where_quotes_or_trades_are_missing():
    quotes, trades = quotes_of((NOON, 0, 10, 11)), trades_of((NOON, 10))
    nothing = np.empty(0)
    no_quotes, no_trades = Quotes(*[nothing] * 6), Trades(*[nothing] * 5)
    assert prints_quality(Tape(("A",), quotes)) is None
    assert prints_quality(Tape(("A",), quotes, no_trades)) is None
    assert prints_quality(Tape(("A",), no_quotes, trades)) is None


def test_prices_are_held_against_the_best_bid_and_ask_of_all_venues():
    quotes = quotes_of((NOON, 0, 10, 14), (NOON + 1, 1, 11, 13), (NOON + 9, 0, 10, 14))
    at = [NOON + 2, NOON + 3, NOON + 4, NOON + 5, NOON + 6]
    found = measured(quotes, trades_of(*zip(at, [11, 12, 13, 10.5, 13.5], strict=True)))
    assert (found.outside_share, found.misfit, found.unquoted_share) == (0.4, 0.4, 0)
    assert found.distance_bps == pytest.approx(1e4 / 12)


def test_a_print_fits_the_book_before_its_stamp_and_every_book_of_it():
    quotes = quotes_of(
        (NOON, 0, 10, 11), (NOON + 5, 0, 20, 21), (NOON + 5, 0, 30, 31), (NOON + 9, 0, 40, 41)
    )
    prices = (10, 20, 30, 31, 9.5, 31.5)
    found = measured(quotes, trades_of(*((NOON + 5, price) for price in prices)))
    assert found.outside_share == pytest.approx(2 / 6)


def test_in_a_crossed_book_a_print_fits_between_the_two():
    quotes = quotes_of((NOON, 0, 12, 14), (NOON, 1, 8, 10), (NOON + 9, 0, 12, 14))
    found = measured(quotes, trades_of(*((NOON + 5, price) for price in (9, 10, 11, 12, 13))))
    assert found.outside_share == 0.4


def test_a_side_that_is_not_shown_refuses_no_price():
    quotes = quotes_of((NOON, 0, 10, NAN), (NOON + 9, 0, 10, NAN))
    found = measured(quotes, trades_of((NOON + 1, 9), (NOON + 1, 10), (NOON + 1, 10_000)))
    assert found.outside_share == pytest.approx(1 / 3)
    assert np.isnan(found.distance_bps)
    assert (found.ratio, found.scale) == (1, 1)


def test_without_a_side_and_outside_the_quotes_of_the_day_a_print_is_unquoted():
    quotes = quotes_of(
        (NOON, 0, 10, 11), (NOON + 5, 0, NAN, NAN), (NOON + 7, 0, 10, 11),
        (NOON + 9, 0, 10, 11),
        (NOON + 24 * HOUR, 1, 20, 21), (NOON + 24 * HOUR + 9, 1, 20, 21),
    )  # fmt: skip
    early, empty, late, yesterday = NOON - 1, NOON + 6, NOON + 10, NOON + 24 * HOUR - 1
    found = measured(
        quotes,
        trades_of(
            (early, 10), (NOON, 10), (empty, 10), (NOON + 8, 10), (late, 10), (yesterday, 10),
            (NOON + 24 * HOUR + 1, 10), (NOON + 24 * HOUR + 1, 20),
        ),
    )  # fmt: skip
    assert found.unquoted_share == 4 / 8
    assert found.outside_share == 1 / 4
    assert found.misfit == 5 / 8


@pytest.mark.parametrize(("price", "size"), [(0, 100), (NAN, 100), (10, 0), (10, NAN), (np.inf, 1)])
def test_trades_without_a_price_or_a_size_are_counted_and_left_aside(price, size):
    trades = Trades([NOON, NOON], [0, 0], [10, price], [70, size], [0, 0])
    found = measured(quotes_of((NOON, 0, 10, 11)), trades)
    assert (found.prints, found.unusable, found.volume, found.misfit) == (1, 1, 70, 0)
    assert len(found.days) == 1
    assert found.days[0].trades == 2


def test_of_no_usable_trade_nothing_is_said():
    found = measured(quotes_of((NOON, 0, 10, 11)), trades_of((NOON, 0), (NOON, NAN)))
    assert (found.prints, found.unusable, found.copies, found.offset) == (0, 2, 1, 0)
    shares = (found.misfit, found.misfit_scaled, found.misfit_moved, found.repeated_share)
    assert np.isnan(shares).all()
    assert (found.verdict, found.copied) == ("", False)


def test_prices_that_no_arithmetic_bears_are_no_crash():
    quotes = quotes_of((NOON, 0, 1e300, 1e308), (NOON + 9, 0, 1e300, 1e308))
    found = measured(quotes, trades_of(*[(NOON + 1, 5e-324)] * 6))
    assert (found.misfit, found.verdict) == (1, "foreign")


def test_days_show_which_part_of_the_quotes_has_trades():
    quotes = quotes_of(
        *((NOON + minute * MINUTE, 0, 10, 11) for minute in (0, 14, 15, 29)),
        (NOON + 24 * HOUR, 0, 10, 11),
    )
    found = measured(quotes, trades_of((NOON + 20 * MINUTE, 10), (NOON + 48 * HOUR, 10)))
    first, second, third = found.days
    assert first == DayCoverage(
        "2024-03-04", 4, 1, NOON, NOON + 29 * MINUTE, NOON + 20 * MINUTE, NOON + 20 * MINUTE, 0.5
    )
    noon = NOON + 24 * HOUR
    assert second == DayCoverage("2024-03-05", 1, 0, noon, noon, None, None, 0.0)
    assert replace(third, covered=0) == DayCoverage(
        "2024-03-06", 0, 1, None, None, NOON + 48 * HOUR, NOON + 48 * HOUR, 0
    )
    assert np.isnan(third.covered)


# A slow reading of the definitions.


def slow(quotes: Quotes, trades: Trades) -> tuple[int, int, list[float]]:
    """Count inside and unquoted prints, and list price / mid."""
    states: list[tuple[int, int, float, float]] = []
    last: dict[int, tuple[float, float]] = {}
    for ts, venue, bid, ask in zip(quotes.ts, quotes.venue, quotes.bid, quotes.ask, strict=True):
        day = (ts - MIDNIGHT) // (24 * HOUR)
        if states and states[-1][1] != day:
            last = {}
        shown = not bid >= ask
        last[venue] = (
            bid if shown and bid > 0 else -np.inf,
            ask if shown and ask > 0 else np.inf,
        )
        bids, asks = zip(*last.values(), strict=True)
        states.append((ts, day, *sorted((max(bids), min(asks)))))
    inside, unquoted, ratios = 0, 0, []
    for ts, price in zip(trades.ts, trades.price, strict=True):
        day = (ts - MIDNIGHT) // (24 * HOUR)
        today = [state for state in states if state[1] == day]
        before = [state for state in today if state[0] < ts][-1:]
        at = [state for state in today if state[0] == ts]
        books = before + at if at or (today[-1:] and today[-1][0] > ts) else []
        low = min((state[2] for state in books), default=-np.inf)
        high = max((state[3] for state in books), default=np.inf)
        if low == -np.inf and high == np.inf:
            unquoted += 1
            continue
        inside += bool(low <= price <= high)
        mid = books[-1][2] / 2 + books[-1][3] / 2
        ratios += [price / mid] if np.isfinite(mid) else []
    return inside, unquoted, ratios


times = st.tuples(st.integers(0, 1), st.integers(0, 12)).map(
    lambda pair: NOON + pair[0] * 24 * HOUR + pair[1]
)
prices = st.one_of(st.just(NAN), st.integers(1, 9))


@settings(deadline=None)
@given(
    st.lists(st.tuples(times, st.integers(0, 2), prices, prices), min_size=1, max_size=20),
    st.lists(st.tuples(times, st.integers(1, 9)), min_size=1, max_size=12),
)
def test_the_figures_are_what_their_definitions_say(quoted, traded):
    quotes, trades = quotes_of(*sorted(quoted, key=lambda row: row[0])), trades_of(*sorted(traded))
    found, (inside, unquoted, ratios) = measured(quotes, trades), slow(quotes, trades)
    assert found.misfit == (len(traded) - inside) / len(traded)
    assert found.unquoted_share == unquoted / len(traded)
    if unquoted < len(traded):
        outside = (len(traded) - unquoted - inside) / (len(traded) - unquoted)
        assert found.outside_share == pytest.approx(outside)
    distance = np.median(np.abs(np.array(ratios) - 1)) * 1e4 if ratios else NAN
    assert found.distance_bps == pytest.approx(distance, nan_ok=True)
    ratio = np.percentile(ratios, (25, 75)).mean() if ratios else 1
    assert found.ratio == pytest.approx(ratio)
    assert found.misfit_scaled <= found.misfit
    assert found.misfit_moved <= found.misfit


# Altered copies.


def moved(trades: Trades, by: int) -> Trades:
    return replace(trades, ts=trades.ts + by)


def scaled(trades: Trades, by: float) -> Trades:
    return replace(trades, price=trades.price * by)


def copied(trades: Trades, times: int) -> Trades:
    return Trades(*(np.repeat(getattr(trades, f.name), times) for f in fields(trades)))


def with_trades(tape: Tape, trades: Trades) -> PrintsQuality:
    found = prints_quality(replace(tape, trades=trades))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def sample() -> Tape:
    return load_tape(DATA / "sample_quotes.csv.gz", DATA / "sample_trades.csv.gz")


def columns_of_2008(source: Path, folder: Path) -> Path:
    """Write a file of 2008 with the columns that the loader knows."""
    with gzip.open(source, "rt", encoding="utf-8") as text:
        head, *rows = csv.reader(text)
    known = ["DATE", "TIME", *(cell.replace("CR", "CORR") for cell in head[1:])]
    target = folder / source.name.removesuffix(".gz")
    with target.open("w", encoding="utf-8", newline="") as sink:
        csv.writer(sink).writerows([known, *([*row[0].split(), *row[1:]] for row in rows)])
    return target


REAL = {
    "full": ("taq_full/quotes_full_2018-01-02", "taq_full/trades_full_2018-01-02"),
    "thinned": ("taq/quotes_2018-01-02", "taq/trades_2018-01-02"),
    "2008": ("taq_2008/sample_qdataraw_2008-01-04", "taq_2008/sample_tdataraw_2008-01-04"),
}


@pytest.fixture(scope="module", params=["sample", *REAL])
def day(request, sample, shared, tmp_path_factory) -> Tape:
    if request.param == "sample":
        return sample
    files = [shared(f"{name}.csv.gz") for name in REAL[request.param]]
    if request.param == "2008":
        files = [columns_of_2008(file, tmp_path_factory.mktemp("2008")) for file in files]
    return load_tape(*files)


def test_nothing_is_said_of_unaltered_days(day):
    found = with_trades(day, day.trades)
    assert (found.verdict, found.copied, found.offset, found.scale) == ("", False, 0, 1)
    assert found.misfit == found.misfit_moved == found.misfit_scaled


@pytest.mark.parametrize("factor", [0.5, 2.0, 1e-4])
def test_scaled_prices_are_reported_with_their_scale(day, factor):
    before, after = with_trades(day, day.trades), with_trades(day, scaled(day.trades, factor))
    assert (after.verdict, after.misfit, after.offset) == ("scaled", 1, 0)
    assert after.scale == pytest.approx(factor, rel=1e-12)
    assert after.misfit_scaled == pytest.approx(before.misfit, abs=1e-4)


@pytest.mark.parametrize(
    "by",
    [
        *(sign * by for by in (30 * SECOND, 5 * MINUTE, HOUR, 24 * HOUR) for sign in (1, -1)),
        23 * MINUTE + 31 * SECOND,
        5 * HOUR,
    ],
)
def test_moved_times_are_reported_with_their_offset(day, by):
    before, after = with_trades(day, day.trades), with_trades(day, moved(day.trades, by))
    assert (after.verdict, after.offset) == ("moved", -by)
    assert after.misfit_moved == before.misfit
    assert after.misfit - before.misfit > 0.1


@pytest.mark.parametrize("times", [2, 3])
def test_copies_are_reported_with_their_number(day, times):
    before, after = with_trades(day, day.trades), with_trades(day, copied(day.trades, times))
    assert (after.verdict, after.copied, after.copies) == ("", True, times)
    assert after.prints == times * before.prints
    assert 1 - after.repeated_share == pytest.approx((1 - before.repeated_share) / times)


@pytest.mark.parametrize("level", [0.763, 1.0, 1.31])
def test_another_symbols_prices_are_reported_whatever_their_level(day, level):
    walk = np.cumsum(np.random.default_rng(1).normal(0, 1e-4, len(day.trades)))
    price = np.median(day.trades.price) * level * np.exp(walk - np.median(walk))
    found = with_trades(day, replace(day.trades, price=price.round(2)))
    assert found.verdict == "foreign"
    assert found.outside_share > 0.9


def test_trades_of_a_day_far_from_the_quotes_are_reported(sample):
    found = with_trades(sample, moved(sample.trades, 9 * 24 * HOUR))
    assert (found.verdict, found.unquoted_share, found.offset) == ("apart", 1, 0)
    assert np.isnan(found.outside_share)


def test_two_faults_are_both_reported(sample):
    found = with_trades(sample, copied(moved(sample.trades, HOUR), 2))
    assert (found.verdict, found.offset, found.copied) == ("moved", -HOUR, True)


def test_a_ratio_within_the_spread_is_no_scale():
    steps = range(100)
    quotes = quotes_of(*((NOON + step, 0, 100, 100.02) for step in steps))
    off = trades_of(*((NOON + step, 100.03) for step in steps))
    found = measured(quotes, off)
    assert (found.misfit, found.misfit_scaled, found.verdict) == (1, 0, "foreign")
    assert abs(found.scale - 1) < 1e-3


def falling(prints: int, outside: int) -> PrintsQuality:
    """Measure prints at the bid of a falling market, the last of them at a bid of an hour ago."""
    steps = range(prints)
    quotes = quotes_of(*((NOON + step * MINUTE, 0, 500 - step, 500.5 - step) for step in steps))
    late = [step for step in steps if step >= prints - outside]
    price = [500 - step + 60 * (step in late) for step in steps]
    return measured(quotes, trades_of(*zip(quotes.ts, price, strict=True)))


@pytest.mark.parametrize(
    ("prints", "outside", "verdict"),
    [(4, 4, ""), (5, 5, "foreign"), (20, 15, ""), (20, 16, "foreign")],
)
def test_few_prints_and_few_outside_are_no_matter(prints, outside, verdict):
    assert falling(prints, outside).verdict == verdict


@pytest.mark.parametrize(("prints", "copied"), [(9, False), (10, True)])
def test_copies_are_reported_from_five_prints_on(prints, copied):
    trades = trades_of(*((NOON + step // 2, 10) for step in range(prints)))
    assert measured(quotes_of((NOON, 0, 10, 11), (NOON + 9, 0, 10, 11)), trades).copied is copied


def test_equal_prints_by_chance_are_no_copies():
    rows = [(NOON + step, 10) for step in range(6)] + [(NOON + 7, 10)] * 5
    found = measured(quotes_of((NOON, 0, 10, 11), (NOON + 9, 0, 10, 11)), trades_of(*rows))
    assert (found.repeated_share, found.copies, found.copied) == (pytest.approx(4 / 11), 1, False)


@pytest.mark.parametrize(
    ("day", "outside", "repeated"),
    [
        ("sample", 0, 0),
        ("full", 0.0028, 0.0932),
        ("thinned", 0.4064, 0.0932),
        ("2008", 0.2666, 0.2063),
    ],
    indirect=["day"],
)
def test_the_days_have_the_known_figures_in_well_under_a_second(day, outside, repeated):
    began = time.perf_counter()
    found = with_trades(day, day.trades)
    assert time.perf_counter() - began < 1
    assert found.outside_share == pytest.approx(outside, abs=5e-5)
    assert found.repeated_share == pytest.approx(repeated, abs=5e-5)
