"""The figures of a tape, against a slow reading of their definitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor_opt.errors import ConfigError
from sor_opt.market import Quotes, Tape, Trades
from sor_opt.market.loaders import load_tape
from sor_opt.market.quality import (
    AGE_LIMITS,
    TOLERABLE,
    BookQuality,
    book_quality,
    inspect,
    pooled,
)
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import SECOND


def quotes_of(*rows: tuple[float, ...]) -> Quotes:
    ts, venue, bid, ask = zip(*rows, strict=True)
    return Quotes(ts, venue, bid, [100] * len(ts), ask, [100] * len(ts))


def slow(quotes: Quotes, limit: int | None, start: int, end: int) -> tuple[float, ...]:
    counts, stale, seen, snapshots = np.zeros(3), 0, 0, 0
    for now in np.unique(quotes.ts):
        if not start <= now <= end:
            continue
        bids, asks = [], []
        for venue in np.unique(quotes.venue):
            last = np.flatnonzero((quotes.ts <= now) & (quotes.venue == venue))[-1:]
            if not last.size:
                continue
            bid, ask = quotes.bid[last[0]], quotes.ask[last[0]]
            sides = (bid > 0, ask > 0) if not bid > 0 or not ask > 0 or bid < ask else (0, 0)
            if not any(sides):
                continue
            seen += 1
            if limit is not None and now - quotes.ts[last[0]] > limit:
                stale += 1
                continue
            bids += [bid] * int(sides[0])
            asks += [ask] * int(sides[1])
        snapshots += 1
        both = bool(bids and asks)
        counts += [
            both and max(bids) > min(asks),
            both and max(bids) == min(asks),
            not both,
        ]
    return (*(counts / max(1, snapshots)), stale / max(1, seen), snapshots)


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 3), st.integers(0, 6), st.integers(0, 6)),
        min_size=1,
        max_size=40,
    ),
    st.one_of(st.none(), st.integers(1, 20)),
    st.integers(0, 20),
    st.integers(0, 35),
)
def test_book_quality_is_what_its_definition_says(rows, limit, start, end):
    quotes = quotes_of(*sorted(rows, key=lambda row: row[0]))
    found = book_quality(quotes, limit, start, end)
    shares = (found.crossed_share, found.locked_share, found.empty_share, found.stale_share)
    assert (*shares, found.snapshots) == pytest.approx(slow(quotes, limit, start, end))


def test_all_rows_of_one_time_are_applied_before_the_book_is_looked_at():
    quotes = quotes_of((1, 0, 10, 11), (2, 1, 12, 13), (2, 0, 12, 13))
    assert book_quality(quotes, None, 0, 9).crossed_share == 0


def test_a_venue_that_does_not_quote_keeps_its_last_quote():
    quotes = quotes_of((1, 0, 10, 11), (2, 1, 12, 13), (3, 1, 12, 13))
    assert book_quality(quotes, None, 0, 9).crossed_share == pytest.approx(2 / 3)


@pytest.mark.parametrize(("bid", "ask"), [(0, 11), (10, 0), (0, 0), (11, 11), (12, 11)])
def test_a_book_without_bids_or_without_asks_is_empty(bid, ask):
    quotes = quotes_of((1, 0, 10, 11), (2, 0, bid, ask))
    assert book_quality(quotes, None, 0, 9).empty_share == 0.5


def test_a_one_sided_quote_counts_for_the_book():
    quotes = quotes_of((1, 0, 10, 12), (2, 1, 0, 9), (3, 1, 13, 0))
    found = book_quality(quotes, None, 0, 9)
    assert (found.crossed_share, found.empty_share) == (pytest.approx(2 / 3), 0)
    assert found.quotes == 5


def test_a_quote_as_old_as_the_limit_still_counts():
    quotes = quotes_of((0, 0, 10, 11), (5, 1, 10, 11), (6, 1, 10, 11))
    assert book_quality(quotes, 5, 0, 5).stale_share == 0
    assert book_quality(quotes, 5, 6, 6).stale_share == 0.5


def test_no_snapshot_gives_no_shares():
    found = book_quality(quotes_of((1, 0, 10, 11)), None, 5, 9)
    assert (found.snapshots, found.crossed_share, found.stale_share) == (0, 0, 0)


@pytest.mark.parametrize("age", [0, -5])
def test_an_age_limit_must_be_positive(age):
    with pytest.raises(ConfigError, match=f"max_quote_age must be > 0, got {age}"):
        book_quality(quotes_of((1, 0, 10, 11)), age, 0, 9)


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


def test_stretches_are_pooled_by_what_they_looked_at():
    """Shares of snapshots weigh by snapshots, the share of stale quotes by quotes."""
    first = BookQuality(0.5, 0.25, 0.0, 0.1, snapshots=4, quotes=10)
    second = BookQuality(0.0, 0.5, 0.125, 0.5, snapshots=8, quotes=30)
    assert pooled([first, second]) == BookQuality(
        crossed_share=2 / 12,  # 2 of 4, none of 8
        locked_share=5 / 12,
        empty_share=1 / 12,
        stale_share=16 / 40,  # 1 of 10, 15 of 30
        snapshots=12,
        quotes=40,
    )
    assert pooled([]) == pooled([BookQuality(0, 0, 0, 0, 0, 0)]) == BookQuality(0, 0, 0, 0, 0, 0)


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
