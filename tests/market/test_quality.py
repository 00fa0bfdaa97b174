"""The figures of a tape, against a slow reading of their definitions."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor_opt.market import Quotes, Tape, Trades
from sor_opt.market.book import BookParams
from sor_opt.market.loaders import load_tape
from sor_opt.market.quality import AGE_LIMITS, TOLERABLE, Stretch, book_quality, inspect
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import SECOND


def quotes_of(*rows: tuple[float, ...]) -> Quotes:
    ts, venue, bid, ask = zip(*rows, strict=True)
    return Quotes(ts, venue, bid, [100] * len(ts), ask, [100] * len(ts))


def quality_of(quotes, age=None, start=0, end=9, band=None):
    return book_quality(quotes, BookParams(age, band), [Stretch(0, start, end)])


def slow(quotes: Quotes, params: BookParams, stretch: Stretch) -> dict[str, float]:
    """The figures, read from their definitions."""
    counts = dict.fromkeys(("crossed", "locked", "empty", "wide", "stale", "stub"), 0)
    snapshots = seen = sides = 0
    age, band = params.max_quote_age, np.inf if params.band is None else params.band / 1e4
    for now in np.unique(quotes.ts):
        if not stretch.start <= now <= stretch.end:
            continue
        snapshots += 1
        bids, asks = [], []
        for venue in np.unique(quotes.venue):
            known = (quotes.ts >= stretch.since) & (quotes.ts <= now) & (quotes.venue == venue)
            last = np.flatnonzero(known)[-1:]
            if not last.size:
                continue
            bid, ask = quotes.bid[last[0]], quotes.ask[last[0]]
            inverted = bid > 0 and ask > 0 and bid >= ask
            shown = (bid > 0 and not inverted, ask > 0 and not inverted)
            if not any(shown):
                continue
            seen += 1
            if age is not None and now - quotes.ts[last[0]] > age:
                counts["stale"] += 1
                continue
            bids += [bid] * int(shown[0])
            asks += [ask] * int(shown[1])
        counts["empty"] += not (bids and asks)
        if bids and asks:
            best_bid, best_ask = max(bids), min(asks)
            mid = (best_bid + best_ask) / 2
            counts["crossed"] += best_bid > best_ask
            counts["locked"] += best_bid == best_ask
            if best_ask - best_bid > band * mid:
                counts["wide"] += 1
            elif best_bid <= best_ask:
                sides += len(bids) + len(asks)
                counts["stub"] += sum(abs(price - mid) > band * mid for price in bids + asks)
    totals = {"stale": seen, "stub": sides}
    shares = {f"{k}_share": n / max(1, totals.get(k, snapshots)) for k, n in counts.items()}
    return shares | {"snapshots": snapshots, "quotes": seen, "sides": sides}


prices = st.sampled_from([0, 0, 80, 95, 98, 99, 100, 101, 102, 105, 120])


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 3), prices, prices), min_size=1, max_size=40
    ),
    st.sampled_from([None, 1, 5, 20]),
    st.sampled_from([None, 100.0, 300.0, 1000.0]),
    st.tuples(st.integers(0, 10), st.integers(10, 20), st.integers(0, 35)),
)
def test_book_quality_is_what_its_definition_says(rows, age, band, stretch):
    quotes = quotes_of(*sorted(rows, key=lambda row: row[0]))
    params, stretch = BookParams(age, band), Stretch(*stretch)
    found = book_quality(quotes, params, [stretch])
    assert asdict(found) == pytest.approx(slow(quotes, params, stretch))


def test_all_rows_of_one_time_are_applied_before_the_book_is_looked_at():
    quotes = quotes_of((1, 0, 10, 11), (2, 1, 12, 13), (2, 0, 12, 13))
    assert quality_of(quotes).crossed_share == 0


def test_a_venue_that_does_not_quote_keeps_its_last_quote():
    quotes = quotes_of((1, 0, 10, 11), (2, 1, 12, 13), (3, 1, 12, 13))
    assert quality_of(quotes).crossed_share == pytest.approx(2 / 3)


@pytest.mark.parametrize(("bid", "ask"), [(0, 11), (10, 0), (0, 0), (11, 11), (12, 11)])
def test_a_book_without_bids_or_without_asks_is_empty(bid, ask):
    quotes = quotes_of((1, 0, 10, 11), (2, 0, bid, ask))
    assert quality_of(quotes).empty_share == 0.5


def test_a_one_sided_quote_counts_for_the_book():
    quotes = quotes_of((1, 0, 10, 12), (2, 1, 0, 9), (3, 1, 13, 0))
    found = quality_of(quotes)
    assert (found.crossed_share, found.empty_share) == (pytest.approx(2 / 3), 0)
    assert found.quotes == 5


def test_a_quote_as_old_as_the_limit_still_counts():
    quotes = quotes_of((0, 0, 10, 11), (5, 1, 10, 11), (6, 1, 10, 11))
    assert quality_of(quotes, 5, 0, 5).stale_share == 0
    assert quality_of(quotes, 5, 6, 6).stale_share == 0.5


def test_a_book_wider_than_the_band_is_wide_and_has_no_stubs():
    """Of a mid of 100 the band of 200 basis points is 2 dollars."""
    quotes = quotes_of((1, 0, 99, 101), (2, 0, 98, 102), (3, 1, 80, 120))
    found = quality_of(quotes, band=200.0)
    assert (found.wide_share, found.stub_share, found.sides) == (pytest.approx(2 / 3), 0, 2)
    assert quality_of(quotes).wide_share == 0


def test_sides_beyond_the_band_of_a_book_that_trades_are_stubs():
    quotes = quotes_of((1, 0, 99, 101), (2, 1, 98, 102), (3, 1, 97, 140), (4, 1, 0, 103))
    found = quality_of(quotes, band=200.0)
    # Of 2, 4, 4 and 3 sides: none, none, both of venue 1, its ask.
    assert (found.sides, found.stub_share) == (13, pytest.approx(3 / 13))
    assert (found.wide_share, quality_of(quotes).stub_share) == (0, 0)


def test_a_crossed_book_is_counted_as_crossed_alone():
    quotes = quotes_of((1, 0, 100, 101), (2, 1, 130, 140))
    found = quality_of(quotes, band=200.0)
    assert (found.crossed_share, found.wide_share, found.sides) == (0.5, 0, 2)


def test_no_snapshot_gives_no_shares():
    found = quality_of(quotes_of((1, 0, 10, 11)), start=5)
    assert (found.snapshots, found.crossed_share, found.stale_share) == (0, 0, 0)


def test_stretches_are_pooled_by_what_they_looked_at():
    """Shares of snapshots weigh by snapshots, the share of stale quotes by quotes."""
    quotes = quotes_of(
        (1, 0, 10, 11), (2, 1, 12, 13), (20, 1, 10, 11), (21, 1, 10, 11), (22, 0, 1, 0)
    )
    params = BookParams(5, None)
    found = book_quality(quotes, params, [Stretch(0, 1, 2), Stretch(0, 20, 22)])
    # Crossed at 2 alone; at 20 and 21 the quote of venue 0 is old; at 22 nothing is.
    assert found.snapshots == 5
    assert found.crossed_share == pytest.approx(1 / 5)
    assert (found.quotes, found.stale_share) == (9, pytest.approx(2 / 9))


def test_each_stretch_begins_with_an_empty_book():
    """Venue 0 quotes at 1 alone: for a stretch filled from 2 on it is not there."""
    quotes = quotes_of((1, 0, 10, 11), (2, 1, 12, 13), (3, 1, 12, 13))
    assert book_quality(quotes, BookParams(), [Stretch(2, 2, 3)]).crossed_share == 0
    both = book_quality(quotes, BookParams(), [Stretch(0, 2, 3), Stretch(2, 2, 3)])
    assert (both.crossed_share, both.snapshots) == (0.5, 4)


def test_figures_by_venue():
    nan = float("nan")
    quotes = Quotes(
        [1, 1, 1, 2, 3, 4, 5, 5, 6],
        [0, 0, 1, 0, 0, 0, 1, 1, 1],
        [10, 10, 9, 0, 12, 10, nan, nan, nan],
        [100] * 9,
        [10.5, 10.5, 11, 11, 11, 11, 11, 11, 11],
        [100] * 8 + [0],
    )
    trades = Trades([1, 2], [1, 1], [10, 10], [30, 40], [0, 0])
    a, b = inspect(Tape(("A", "B"), quotes, trades)).venues
    assert (a.rows, a.missing, a.one_sided, a.inverted, a.duplicates) == (5, 0, 1, 1, 1)
    assert (b.rows, b.missing, b.one_sided, b.inverted, b.duplicates) == (4, 1, 2, 0, 1)
    assert (a.invalid, b.invalid) == (1, 1)
    assert (a.trades, b.trades, b.volume) == (0, 2, 70)
    assert (a.spread, b.spread) == (0.5, 2.0)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_broken_sides_are_counted(value):
    quotes = generate(SyntheticParams(minutes=5)).quotes
    broken = np.arange(len(quotes)) % 10 == 0
    dirty = replace(quotes, ask=np.where(broken, value, quotes.ask))
    found = inspect(Tape(tuple("ABCDEF"), dirty))
    assert sum(venue.one_sided for venue in found.venues) == broken.sum()
    assert found.by_age[0][1].crossed_share == 0


def test_a_clean_tape_needs_no_age_limit():
    found = inspect(Tape(("A",), quotes_of((1, 0, 10, 11), (2, 0, 10, 11))))
    assert found.proposed_max_quote_age is None
    assert (found.rows, found.snapshots, found.start, found.end) == (2, 2, 1, 2)


def test_the_longest_limit_that_leaves_a_clean_book_is_proposed():
    fresh = [(second * SECOND, 0, 100, 101) for second in range(1000)]
    rows = [(0, 1, 50, 51), *fresh]
    assert inspect(Tape(("A", "B"), quotes_of(*rows))).proposed_max_quote_age == 10 * SECOND


def crossed_snapshots(found):
    """How many snapshots each age limit leaves crossed, by its seconds."""
    return {age and age / SECOND: q.crossed_share * q.snapshots for age, q in found.by_age}


def test_the_complete_day_is_hardly_ever_crossed(shared):
    found = inspect(load_tape(shared("taq_full/quotes_full_2018-01-02.csv.gz")))
    assert (found.rows, found.snapshots) == (220_557, 69_661)
    crossed = crossed_snapshots(found)
    assert (crossed[None], crossed[60], crossed[5]) == pytest.approx((63, 2, 0))
    assert found.proposed_max_quote_age is None
    venues = {v.name: (v.rows, v.missing, v.one_sided, v.inverted) for v in found.venues}
    assert venues["XASE"] == (1_206, 1, 171, 0)
    assert venues["XCHI"] == (256, 115, 128, 0)


def test_the_thinned_day_needs_an_age_limit(shared):
    found = inspect(load_tape(shared("taq/quotes_2018-01-02.csv.gz")))
    assert (found.rows, found.snapshots) == (66_695, 31_031)
    crossed = crossed_snapshots(found)
    assert (crossed[None], crossed[5], crossed[2], crossed[1]) == pytest.approx(
        (16_822, 1_424, 636, 400)
    )
    assert found.proposed_max_quote_age == 2 * SECOND
    assert crossed[2] / found.snapshots <= TOLERABLE
    assert [age for age, _ in found.by_age] == list(AGE_LIMITS)


def test_of_no_stretch_every_share_is_0():
    quality = book_quality(quotes_of((0, 0, 9.9, 10.0)), BookParams(), [])
    assert tuple(asdict(quality).values()) == (0.0,) * 6 + (0,) * 3
