"""The synthetic market behaves like one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from sor_opt.errors import ConfigError
from sor_opt.market import BUYER, Tape
from sor_opt.market.quality import inspect
from sor_opt.market.synthetic import SyntheticParams, SyntheticVenue, generate
from sor_opt.models.venues import FeeSchedule

HOUR = SyntheticParams(seed=3, minutes=60)


@pytest.fixture(scope="module")
def tape() -> Tape:
    return generate(HOUR)


def test_the_same_parameters_give_the_same_tape(tape):
    assert generate(HOUR).fingerprint() == tape.fingerprint()
    assert generate(replace(HOUR, seed=4)).fingerprint() != tape.fingerprint()


def test_no_quote_is_broken(tape):
    assert tape.quotes.two_sided.all()
    ticks = tape.quotes.ask * 100
    assert np.allclose(ticks, np.round(ticks), atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_book_is_never_crossed_and_rarely_locked(seed):
    found = inspect(generate(replace(HOUR, seed=seed)))
    book = found.by_age[0][1]
    assert book.crossed_share == 0
    assert 0 < book.locked_share < 0.005
    assert found.proposed_max_quote_age is None


def test_the_session_is_the_one_asked_for():
    tape = generate(SyntheticParams(day=date(2024, 7, 1), minutes=5))
    open_, close = (
        np.datetime64(f"2024-07-01T13:{m}:00").astype("datetime64[ns]") for m in (30, 35)
    )
    assert tape.quotes.ts[0] == open_.astype(np.int64)
    assert tape.quotes.ts[-1] <= close.astype(np.int64)


def test_its_ends_are_busier_than_its_middle():
    ts = generate(SyntheticParams(seed=1, events_per_second=2)).quotes.ts
    counts = np.histogram(ts, bins=5)[0]
    assert min(counts[0], counts[-1]) > 1.3 * counts[2]


def test_trades_are_at_the_quote_that_stood_before_them(tape):
    quotes, trades = tape.quotes, tape.trades
    for venue in range(len(tape.venues)):
        mine, hits = quotes.venue == venue, trades.venue == venue
        last = np.searchsorted(quotes.ts[mine], trades.ts[hits], "left") - 1
        bought = trades.side[hits] == BUYER
        shown = np.where(bought, quotes.ask[mine][last], quotes.bid[mine][last])
        sizes = np.where(bought, quotes.ask_size[mine][last], quotes.bid_size[mine][last])
        assert np.mean(trades.price[hits] == shown) > 0.999  # two events may share a microsecond
        assert np.mean(trades.size[hits] <= sizes) > 0.999


def test_there_are_odd_lots_trades_on_both_sides_and_quotes_of_all_venues(tape):
    assert 0.05 < np.mean(tape.quotes.ask_size % 100 > 0) < 0.9
    assert 0.4 < np.mean(tape.trades.side == BUYER) < 0.6
    assert set(tape.quotes.venue) == set(range(6))


def test_no_odd_lots_where_none_are_asked_for():
    tape = generate(SyntheticParams(minutes=10, odd_lots=0))
    assert not (tape.quotes.bid_size % 100).any()


def test_the_spread_is_a_few_cents_and_the_price_wanders(tape):
    tight = tape.quotes.venue == tape.venues.index("SYN-A")
    assert 0.01 <= np.median((tape.quotes.ask - tape.quotes.bid)[tight]) <= 0.04
    mid = (tape.quotes.ask + tape.quotes.bid)[tight] / 2
    assert 5 < np.ptp(mid) / mid[0] * 1e4 < 200


def test_its_venues_have_fees_and_some_pay_for_taking(tape):
    taker, rebate = FeeSchedule.packaged().on(tape.venues, HOUR.day)
    assert (np.diff(taker) < 0).all()
    assert taker[-1] < 0 > rebate[-1]


def test_venues_can_be_chosen():
    one = (SyntheticVenue("ONE", activity=1, depth=500, width=2),)
    tape = generate(SyntheticParams(minutes=5, venues=one))
    assert tape.venues == ("ONE",)
    assert tape.quotes.two_sided.all()


def test_quotes_are_counted_before_they_are_made():
    count = len(generate(HOUR).quotes)
    assert len(generate(HOUR, max_rows=count).quotes) == count
    text = f"5 events a second for 60 minutes make {count:,} quotes, more than the limit of"
    with pytest.raises(
        ConfigError, match=f"^{text} {count - 1:,}; take a lower --rate or .*--max-r"
    ):
        generate(HOUR, max_rows=count - 1)
    with pytest.raises(ConfigError, match="more than the limit of 5,000,000;"):
        generate(SyntheticParams(events_per_second=1e5))


def test_no_event_at_all_is_refused():
    with pytest.raises(ConfigError, match="make none at all; take a higher --rate or more --minu"):
        generate(SyntheticParams(minutes=0.01, events_per_second=0.001))


def test_a_price_that_falls_too_far_is_refused():
    with pytest.raises(
        ConfigError, match=r"the price falls to \$[0-9.]+, below 50% of its start; t"
    ):
        generate(replace(HOUR, volatility=1.0, seed=1, minutes=390))


def test_a_wild_market_takes_no_longer_and_is_whole():
    tape = generate(replace(HOUR, price=1e6, volatility=0.1))
    assert tape.quotes.two_sided.all()
    assert inspect(tape).by_age[0][1].crossed_share == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("minutes", 0),
        ("minutes", 391),
        ("price", 1),
        ("price", 1e16),
        ("volatility", 0),
        ("volatility", float("nan")),
        ("events_per_second", -1),
        ("odd_lots", 1.1),
        ("locks", -0.1),
        ("venues", ()),
    ],
)
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(ConfigError, match=f"{name} must be"):
        SyntheticParams(**{name: value})


def test_a_venue_checks_itself():
    with pytest.raises(ConfigError, match=r"depth must be >= 100, got 50"):
        SyntheticVenue("X", activity=1, depth=50, width=1)
