import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor_opt.errors import ConfigError
from sor_opt.market.book import BookParams
from sor_opt.market.feed import make_feed, make_prints
from sor_opt.market.tape import BUYER, SECOND, SELLER, UNKNOWN, Quotes, Trades
from sor_opt.models.windows import (
    Moments,
    WindowParams,
    conditioned,
    look_at,
    outflow_of,
    outflows,
    tradable,
)

NO_BAND = BookParams(band=None)


def feed_of(rows, side="buy"):
    """Rows of time, venue, bid, bid size, ask, ask size; times are in nanoseconds."""
    return make_feed(Quotes(*columns(rows, 6)), side)


def prints_of(rows, side="buy"):
    """Rows of time, venue, price, size, aggressor."""
    return make_prints(Trades(*columns(rows, 5)), side)


def columns(rows, count):
    return np.array(rows, dtype=np.float64).reshape(-1, count).T


def looked_at(quotes, trades, times, since=0, length=100, params=NO_BAND, side="buy"):
    return look_at(
        feed_of(quotes, side),
        prints_of(trades, side),
        np.array(times, np.int64),
        np.full(len(times), since, np.int64),
        length,
        params.rules,
        2,
    )


def outflow(quotes, trades, starts, cancellations=False, through=False, side="buy", length=100):
    """Outflows of windows of 100 ns that start where they are given."""
    moments = looked_at(quotes, trades, starts, length=length, side=side)
    return outflows(
        feed_of(quotes, side),
        prints_of(trades, side),
        np.array(starts, np.int64),
        moments,
        length,
        cancellations,
        through,
    )


def same(one, other):
    """Whether two looks saw the same."""
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))


QUOTES = [
    (0, 0, 10.00, 300, 10.02, 100),
    (5, 1, 9.99, 500, 10.03, 200),
    (20, 1, 10.00, 700, 10.02, 200),
    (30, 0, 10.01, 50, 10.02, 100),
]

# Looking at the book


def test_a_moment_sees_the_best_prices_and_the_queues_at_the_best_bid():
    seen = looked_at(QUOTES, [], [0, 4, 5, 20, 25, 30, 99])
    assert seen.best_bid.tolist() == [10.00, 10.00, 10.00, 10.00, 10.00, 10.01, 10.01]
    assert seen.best_ask.tolist() == [10.02] * 7
    assert seen.queue.tolist() == [
        [300, 0],
        [300, 0],
        [300, 0],
        [300, 700],
        [300, 700],
        [50, 0],
        [50, 0],
    ]
    assert seen.row.tolist() == [1, 1, 2, 3, 3, 4, 4]
    assert tradable(seen).all()


def test_a_moment_knows_who_shows_the_best_ask():
    seen = looked_at(QUOTES, [], [0, 5, 20, 30])
    assert seen.at_ask.tolist() == [[True, False], [True, False], [True, True], [True, True]]


def test_before_the_first_quote_there_is_no_book():
    seen = looked_at(QUOTES[1:], [], [4, 5])
    assert tradable(seen).tolist() == [False, True]
    assert math.isnan(seen.best_ask[0])
    assert seen.queue[0].tolist() == [0, 0]
    assert seen.row.tolist() == [0, 1]


@pytest.mark.parametrize("broken", [(10.00, 0, 10.02, 100), (10.00, 300, 0.0, 100)])
def test_a_book_of_one_side_is_not_traded_on(broken):
    seen = looked_at([(0, 0, 10.00, 300, 10.02, 100), (10, 0, *broken)], [], [9, 10])
    assert tradable(seen).tolist() == [True, False]


def test_each_side_of_a_quote_stands_alone():
    quotes = [
        (0, 0, 10.00, 300, 10.02, 100),
        (10, 1, 10.01, 400, 0.0, 0),
        (20, 0, 0.0, 0, 10.03, 100),
    ]
    seen = looked_at(quotes, [], [10, 20])
    assert seen.best_bid.tolist() == [10.01, 10.01]
    assert seen.best_ask.tolist() == [10.02, 10.03]
    assert seen.queue.tolist() == [[0, 400], [0, 400]]
    assert seen.at_ask.tolist() == [[True, False], [True, False]]


def test_a_book_of_broken_quotes_is_empty():
    quotes = [(0, 0, 10.00, 300, 10.02, 100), (10, 0, 10.00, 0, 10.02, 100)]
    seen = looked_at(quotes, [], [9, 10])
    assert tradable(seen).tolist() == [True, False]


def test_a_crossed_book_is_not_traded_on_and_a_locked_one_is():
    quotes = [
        (0, 0, 10.00, 300, 10.02, 100),
        (10, 1, 10.02, 400, 10.05, 100),
        (20, 1, 10.03, 400, 10.05, 100),
    ]
    seen = looked_at(quotes, [], [10, 20])
    assert tradable(seen).tolist() == [True, False]
    assert (seen.best_bid[0], seen.best_ask[0]) == (10.02, 10.02)
    assert math.isnan(seen.best_bid[1])
    assert math.isnan(seen.best_ask[1])


def test_a_quote_of_another_day_is_no_quote():
    seen = looked_at(QUOTES, [], [6, 25], since=5)
    # Venue 0 has not quoted since 5 by 6 nor by 25.
    assert seen.best_bid.tolist() == [9.99, 10.00]
    assert seen.queue.tolist() == [[0, 500], [0, 700]]
    assert not tradable(looked_at(QUOTES, [], [6, 25], since=31)).any()


def test_a_quote_that_is_too_old_is_no_quote():
    seen = looked_at(QUOTES[:2], [], [10, 11, 15, 16], params=BookParams(10, None))
    assert seen.best_bid[:3].tolist() == [10.00, 9.99, 9.99]
    assert seen.queue.tolist() == [[300, 0], [0, 500], [0, 500], [0, 0]]
    assert tradable(seen).tolist() == [True, True, True, False]


def test_a_wide_book_is_not_traded_on_and_a_stub_is_no_queue():
    """Of a mid of 10 dollars the band of 100 basis points is 10 cents."""
    quotes = [
        (0, 0, 9.97, 300, 10.03, 100),
        (10, 1, 9.89, 400, 14.00, 100),
        (20, 0, 0.0, 0, 10.03, 100),
    ]
    seen = looked_at(quotes, [], [0, 10, 20], params=BookParams(band=100.0))
    assert tradable(seen).tolist() == [True, True, False]
    assert seen.best_bid[:2].tolist() == [9.97, 9.97]
    assert seen.queue[:2].tolist() == [[300, 0], [300, 0]]
    assert seen.at_ask[:2].tolist() == [[True, False], [True, False]]
    assert tradable(looked_at(quotes, [], [20])).all()


def test_the_volume_before_is_of_a_window_that_ends_now():
    trades = [
        (0, 0, 10.00, 1, SELLER),
        (1, 0, 10.00, 2, BUYER),
        (50, 1, 10.02, 4, UNKNOWN),
        (100, 0, 9.90, 8, SELLER),
        (101, 0, 9.90, 16, SELLER),
    ]
    seen = looked_at(QUOTES, trades, [0, 100, 101, 150, 201])
    # The window's first instant is outside of it: (0, 100], (1, 101] ...
    assert seen.volume.tolist() == [[1, 0], [10, 4], [24, 4], [24, 0], [0, 0]]


# Outflows


@pytest.mark.parametrize(
    ("price", "buying", "through", "shares"),
    [
        (10.00, False, True, 70.0),
        (10.00, False, False, 70.0),
        (10.00, True, True, 0.0),
        (9.99, False, True, math.inf),
        (9.99, False, False, 70.0),
        (9.99, True, True, math.inf),
        (9.99, True, False, 70.0),
        (10.01, False, True, 0.0),
    ],
)
def test_a_print_takes_from_bids_at_its_price_and_above(price, buying, through, shares):
    assert outflow_of(price, 70.0, buying, 10.00, through) == shares


def test_hand_worked_outflows_are_of_each_venue_at_or_below_the_best_bid():
    quotes = [(0, 0, 10.00, 300, 10.02, 100), (0, 1, 9.99, 500, 10.02, 100)]
    trades = [
        (10, 0, 10.00, 1, SELLER),
        (20, 0, 10.00, 2, UNKNOWN),
        (30, 0, 10.00, 4, BUYER),
        (40, 0, 10.02, 8, BUYER),
        (50, 1, 10.00, 16, SELLER),
        (60, 1, 9.99, 32, SELLER),
        (70, 0, 10.01, 64, SELLER),
    ]
    assert outflow(quotes, trades, [0]).tolist() == [[3, 48]]
    # Venue 1 was gone through below the best bid, at which our own bid would stand there too.
    assert outflow(quotes, trades, [0], through=True).tolist() == [[3, math.inf]]


def test_a_window_begins_after_its_first_instant_and_holds_its_last():
    trades = [(t, 0, 10.00, 2**n, SELLER) for n, t in enumerate((0, 1, 50, 100, 101, 150, 151))]
    quotes = [(0, 0, 10.00, 300, 10.02, 100)]
    windows = outflow(quotes, trades, [0, 50, 100, 151])
    assert windows.tolist() == [[2 + 4 + 8, 0], [8 + 16 + 32, 0], [16 + 32 + 64, 0], [0, 0]]


def test_the_limit_is_the_best_bid_at_the_windows_begin():
    quotes = [(0, 0, 10.00, 300, 10.02, 100), (50, 0, 9.98, 300, 10.00, 100)]
    trades = [(60, 0, 9.99, 5, SELLER)]
    assert outflow(quotes, trades, [0, 50]).tolist() == [[5, 0], [0, 0]]


# Cancellations


BID = 10.00


def shrinking(*sizes, bid=BID):
    """A quote of venue 0 every 10 ns from 0 on."""
    return [(10 * n, 0, bid, size, 10.02, 100) for n, size in enumerate(sizes)]


def cancelled(quotes, trades=()):
    """By how much cancellations raise the outflows of the window (0, 100]."""
    quotes, trades = sorted(quotes), list(trades)
    with_them = outflow(quotes, trades, [0], cancellations=True)
    return (with_them - outflow(quotes, trades, [0]))[0].tolist()


def test_a_queue_that_shrinks_without_a_trade_flows_out():
    assert cancelled(shrinking(500, 400, 450, 430)) == [120, 0]


def test_what_is_traded_at_the_bid_is_not_counted_twice():
    quotes = shrinking(500, 400, 300, 200)
    trades = [
        (5, 0, BID, 60, SELLER),
        (15, 0, BID, 100, UNKNOWN),
        (25, 0, BID, 130, SELLER),
    ]
    # 100 less 60, 100 less 100, and 100 less 130, which hidden shares made up for.
    assert cancelled(quotes, trades) == [40, 0]
    assert outflow(quotes, trades, [0], cancellations=True).tolist() == [[290 + 40, 0]]


@pytest.mark.parametrize(
    "trade",
    [
        (5, 0, BID, 60, BUYER),
        (5, 0, 10.01, 60, SELLER),
        (5, 0, 9.99, 60, SELLER),
        (5, 1, BID, 60, SELLER),
        (0, 0, BID, 60, SELLER),
    ],
    ids=["a known buyer's", "above", "below", "another venue's", "before the window"],
)
def test_only_sales_at_this_bid_explain_a_shrinking_queue(trade):
    assert cancelled(shrinking(500, 400), [trade]) == [100, 0]


def test_a_trade_counts_for_the_next_quote_of_its_venue_alone():
    other = [(n * 10 + 1, 1, 9.99, 900, 10.02, 100) for n in range(3)]
    trades = [(5, 0, BID, 60, SELLER), (20, 0, BID, 30, SELLER)]
    # The trade at 20 explains the quote at 20, however many quotes of venue 1 lie between.
    assert cancelled(shrinking(500, 440, 410, 400) + other, trades) == [10, 0]


@pytest.mark.parametrize(
    "away",
    [(10, 0, 9.99, 400, 10.02, 100), (10, 0, 10.01, 400, 10.02, 100), (10, 0, BID, 0, 10.02, 100)],
    ids=["lower", "higher", "broken"],
)
def test_a_bid_that_moved_starts_anew(away):
    quotes = [*shrinking(500)[:1], away, *shrinking(0, 0, 300, 280)[2:]]
    assert cancelled(quotes) == [20, 0]


def test_a_trade_while_the_bid_was_elsewhere_explains_nothing_later():
    quotes = [
        (0, 0, BID, 500, 10.02, 100),
        (10, 0, 9.99, 400, 10.02, 100),
        (30, 0, BID, 300, 10.02, 100),
        (40, 0, BID, 280, 10.02, 100),
    ]
    assert cancelled(quotes, [(20, 0, BID, 15, SELLER)]) == [20, 0]


def test_a_queue_that_was_not_at_the_best_bid_cancels_from_its_arrival_on():
    quotes = [
        (0, 0, BID, 500, 10.02, 100),
        (0, 1, 9.99, 900, 10.02, 100),
        (10, 1, 9.99, 100, 10.02, 100),
        (20, 1, BID, 100, 10.02, 100),
        (30, 1, BID, 75, 10.02, 100),
    ]
    assert cancelled(quotes) == [0, 25]


def test_a_quote_at_the_windows_end_cancels_and_a_later_one_does_not():
    def at(time):
        return [(0, 0, BID, 500, 10.02, 100), (time, 0, BID, 400, 10.02, 100)]

    assert cancelled(at(100)) == [100, 0]
    assert cancelled(at(101)) == [0, 0]


# Properties of any tape


TICKS = st.integers(38, 42).map(lambda n: n / 4)
SIZES = st.sampled_from([100.0, 200.0, 300.0])
VENUES = st.integers(0, 1)


def quote_rows(low, high, most=12):
    row = st.tuples(st.integers(low, high), VENUES, TICKS, SIZES, TICKS, SIZES)
    return st.lists(row, max_size=most).map(by_time)


def trade_rows(low, high, most=12):
    side = st.sampled_from([BUYER, SELLER, UNKNOWN])
    row = st.tuples(st.integers(low, high), VENUES, TICKS, SIZES, side)
    return st.lists(row, max_size=most).map(by_time)


def by_time(rows):
    return sorted(rows, key=lambda row: row[0])


PRESENT = 60


@settings(deadline=None)
@given(
    past=st.tuples(quote_rows(0, PRESENT), trade_rows(0, PRESENT)),
    futures=st.tuples(
        *[st.tuples(quote_rows(PRESENT + 1, 99), trade_rows(PRESENT + 1, 99)) for _ in range(2)]
    ),
    flags=st.tuples(st.booleans(), st.booleans()),
)
def test_nothing_after_a_windows_end_changes_it(past, futures, flags):
    starts = [0, 10, 25, 40]
    seen, flown = [], []
    for future in futures:
        quotes, trades = (before + after for before, after in zip(past, future, strict=True))
        seen.append(looked_at(quotes, trades, [*starts, PRESENT], length=20))
        flown.append(outflow(quotes, trades, starts, *flags, length=20))
    assert same(*seen)
    assert np.array_equal(*flown)


@settings(deadline=None)
@given(
    quotes=quote_rows(0, 60),
    trades=trade_rows(0, 60),
    flags=st.tuples(st.booleans(), st.booleans()),
)
def test_a_seller_sees_in_the_mirrored_market_what_a_buyer_sees(quotes, trades, flags):
    """Prices are mirrored around 10, and turning to the sell side takes the sign away again."""
    mirror = 20.0
    turned = [
        (t, venue, mirror - ask, ask_size, mirror - bid, bid_size)
        for t, venue, bid, bid_size, ask, ask_size in quotes
    ]
    sold = [(t, venue, mirror - price, size, -side) for t, venue, price, size, side in trades]
    times = [0, 10, 20, 30, 40]
    buyer = looked_at(quotes, trades, times, length=20, params=BookParams(25, None))
    seller = looked_at(turned, sold, times, length=20, params=BookParams(25, None), side="sell")
    moved = seller._replace(
        best_bid=seller.best_bid + mirror,
        best_ask=seller.best_ask + mirror,
    )
    assert same(buyer, moved)
    bought = outflow(quotes, trades, times, *flags, length=20)
    assert np.array_equal(bought, outflow(turned, sold, times, *flags, side="sell", length=20))


@settings(deadline=None)
@given(quotes=quote_rows(0, 60), trades=trade_rows(0, 60))
def test_cancellations_and_gone_through_levels_only_add(quotes, trades):
    starts = [0, 15, 30]
    least = outflow(quotes, trades, starts, length=20)
    assert (outflow(quotes, trades, starts, cancellations=True, length=20) >= least).all()
    assert (outflow(quotes, trades, starts, through=True, length=20) >= least).all()


@settings(deadline=None)
@given(
    quotes=quote_rows(0, 60),
    trades=trade_rows(0, 60),
    times=st.lists(st.integers(0, 70), min_size=2, max_size=6).map(sorted),
    params=st.sampled_from([NO_BAND, BookParams(5, None), BookParams(20, 500.0)]),
)
def test_a_moment_does_not_depend_on_the_others_looked_at(quotes, trades, times, params):
    together = looked_at(quotes, trades, times, params=params, length=15)
    for at, time in enumerate(times):
        alone = looked_at(quotes, trades, [time], params=params, length=15)
        assert same(alone, Moments(*(column[at : at + 1] for column in together)))


# Windows in the present state


def moments(queue, volume):
    queue, volume = (np.array(rows, float).reshape(len(rows), -1) for rows in (queue, volume))
    return looked_at([], [], range(len(queue)))._replace(queue=queue, volume=volume)


def state_of(flows, queue, volume, now_queue, now_volume, minimum=1):
    """The venues' outflows, a list each, from windows in the state of the present."""
    found = conditioned(
        np.array(flows, float).reshape(len(flows), -1),
        moments(queue, volume),
        # The present is the second of two moments.
        moments([[-1.0] * len(now_queue), now_queue], [[-1.0] * len(now_queue), now_volume]),
        1,
        minimum,
    )
    return found.T.tolist()


FLOWS = [10, 20, 30, 40, 50, 60]
ALIKE = [7] * 6


def test_hand_worked_terciles_of_the_queue():
    queue = [100, 500, 200, 300, 600, 400]

    def at(present):
        return state_of(FLOWS, queue, ALIKE, [present], [7.0])

    # The terciles lie at 267 and 433; the first windows look ahead, later ones back.
    assert at(250.0) == [[10, 10, 30, 30, 30, 30]]
    assert at(300.0) == [[40, 40, 40, 40, 40, 60]]
    assert at(1000.0) == [[20, 20, 20, 20, 50, 50]]


def test_hand_worked_terciles_of_the_volume():
    volume = [600, 500, 400, 300, 200, 100]
    assert state_of(FLOWS, ALIKE, volume, [7.0], [450.0]) == [[10, 20, 20, 20, 20, 20]]
    assert state_of(FLOWS, ALIKE, volume, [7.0], [0.0]) == [[50, 50, 50, 50, 50, 60]]


def test_queue_and_volume_must_both_be_alike():
    queue, volume = [1, 1, 1, 9, 9, 9], [1, 9, 9, 1, 1, 9]
    # The terciles are 1 and 9: what equals one of them is not above it.
    assert state_of(FLOWS, queue, volume, [1.0], [1.0]) == [[10] * 6]
    assert state_of(FLOWS, queue, volume, [1.0], [9.0]) == [[20, 20, 30, 30, 30, 30]]
    assert state_of(FLOWS, queue, volume, [9.0], [9.0]) == [[60] * 6]


@pytest.mark.parametrize(
    ("minimum", "expected"), [(2, [30, 30, 30, 40, 40, 40]), (3, FLOWS)], ids=["enough", "too few"]
)
def test_a_venue_with_too_few_windows_in_its_state_keeps_all(minimum, expected):
    queue = [100, 200, 300, 400, 500, 600]
    assert state_of(FLOWS, queue, ALIKE, [350.0], [7.0], minimum) == [expected]


def test_a_state_never_seen_before_keeps_all():
    # No window is above the upper tercile, 9.
    assert state_of(FLOWS, [1, 1, 1, 9, 9, 9], ALIKE, [10.0], [7.0]) == [FLOWS]


def test_every_venue_is_in_its_own_state():
    queue = np.array([[100, 200, 300, 400, 500, 600], [600, 500, 400, 300, 200, 100]]).T
    flows = np.array([FLOWS, [n + 1 for n in FLOWS]]).T
    found = state_of(flows, queue, np.ones((6, 2)), [50.0, 50.0], [1.0, 1.0])
    assert found == [[10, 20, 20, 20, 20, 20], [51, 51, 51, 51, 51, 61]]


states = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


@given(queue=states, volume=states, now=st.tuples(*[st.integers(0, 5)] * 4))
def test_outflows_come_from_past_windows_the_nearest_before_where_there_is_one(queue, volume, now):
    count = min(len(queue), len(volume))
    flows = np.arange(2 * count).reshape(2, count)
    found = state_of(flows.T, queue[:count], volume[:count], now[:2], now[2:])
    for venue, column in enumerate(found):
        source = np.searchsorted(flows[venue], column)
        assert flows[venue][source].tolist() == column
        assert np.all(np.diff(source) >= 0)
        # A window that is itself in the state stays, so that no source is ever replaced.
        assert source[source].tolist() == source.tolist()
        ahead = source > np.arange(count)
        assert np.all(source[ahead] == source[0])


def test_windows_that_are_all_alike_stay_as_they_are():
    assert state_of(FLOWS, ALIKE, ALIKE, [7.0], [7.0], 6) == [FLOWS]


# Parameters


def test_the_default_windows():
    assert WindowParams() == WindowParams(3600 * SECOND, 10 * SECOND, 20, False, False, "fill")


def test_one_window_may_be_enough():
    assert WindowParams(lookback=1, stride=1, minimum=1).minimum == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lookback": 0}, "lookback must be > 0, got 0s"),
        ({"lookback": -5 * SECOND}, "lookback must be > 0, got -5s"),
        ({"stride": 0}, "stride must be > 0, got 0s"),
        ({"minimum": 0}, "minimum must be >= 1, got 0"),
        ({"through": "half"}, "through must be fill or volume, got 'half'"),
    ],
)
def test_wrong_windows_are_refused_in_one_line(arguments, message):
    with pytest.raises(ConfigError) as refusal:
        WindowParams(**arguments)
    assert str(refusal.value) == message
