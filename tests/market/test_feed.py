"""Quotes and trades turned to one side of the market."""

from __future__ import annotations

import numpy as np

from sor_opt.market.feed import (
    in_order_seen,
    last_rows,
    make_feed,
    make_prints,
    volume_heard,
)
from sor_opt.market.tape import BUYER, SELLER, UNKNOWN, Quotes, Trades

NAN, INF = float("nan"), float("inf")


def test_a_seller_sees_the_market_mirrored():
    quotes = Quotes([7], [1], [9.9], [100.0], [10.0], [300.0])
    (bought,), (sold,) = make_feed(quotes, "buy"), make_feed(quotes, "sell")
    assert tuple(bought) == (7, 1, 9.9, 100.0, 10.0, 300.0)
    assert tuple(sold) == (7, 1, -10.0, 300.0, -9.9, 100.0)


def test_each_side_of_a_quote_stands_alone():
    for price, size in ((0.0, 100.0), (-1.0, 100.0), (NAN, 100.0), (INF, 100.0)):
        (row,) = make_feed(Quotes([0], [0], [price], [size], [10.0], [300.0]), "buy")
        assert (row.bid_size, row.ask, row.ask_size) == (0, 10.0, 300)
    for size in (0.0, -5.0, NAN, INF):
        (row,) = make_feed(Quotes([0], [0], [9.9], [100.0], [10.0], [size]), "sell")
        assert (row.bid_size, row.ask, row.ask_size) == (0, -9.9, 100)


def test_a_venue_whose_bid_meets_its_ask_shows_neither():
    quotes = Quotes([0, 1], [0, 0], [10.0, 10.1], [100.0] * 2, [10.0, 10.0], [300.0] * 2)
    feed = make_feed(quotes, "buy")
    assert feed["bid_size"].tolist() == feed["ask_size"].tolist() == [0, 0]


def test_the_last_row_of_a_venue_is_of_the_same_day():
    quotes = Quotes([1, 5, 5, 9], [0, 1, 1, 0], [9.0] * 4, [1.0] * 4, [10.0] * 4, [1.0] * 4)
    rows = last_rows(make_feed(quotes, "buy"), 3, np.array([0, 5, 9, 9]), np.array([0, 0, 0, 5]))
    assert rows.tolist() == [[-1, -1, -1], [0, 2, -1], [3, 2, -1], [3, 2, -1]]
    (early,) = last_rows(make_feed(quotes, "buy"), 3, np.array([8]), np.array([5]))
    assert early.tolist() == [-1, 2, -1]


def test_prints_without_a_positive_price_and_size_are_left_out():
    """A price of 0 is below every limit: it would fill whatever rests."""
    prices = [10.0, 0.0, -1.0, NAN, INF, 10.0, 10.0, 10.0, 10.0, 9.0]
    sizes = [100.0, 50.0, 50.0, 50.0, 50.0, 0.0, -5.0, NAN, INF, 7.0]
    sides = [BUYER, *[UNKNOWN] * 8, SELLER]
    trades = Trades(range(10), [0, 1] * 5, prices, sizes, sides)
    bought, sold = make_prints(trades, "buy"), make_prints(trades, "sell")
    assert bought.tolist() == [(0, 0, 10.0, 100.0, True), (9, 1, 9.0, 7.0, False)]
    assert sold.tolist() == [(0, 0, -10.0, 100.0, False), (9, 1, -9.0, 7.0, True)]


def test_without_trades_there_are_no_prints():
    assert len(make_prints(None, "buy")) == len(make_prints(None, "sell")) == 0


def test_one_hears_of_a_venue_later():
    """Venue 0 is 3 away, venue 1 is near: the row of 4 at venue 1 comes before that of 2 at 0."""
    quotes = Quotes([1, 2, 4, 5], [1, 0, 1, 1], [9.0] * 4, [1.0] * 4, [10.0] * 4, [1.0] * 4)
    feed, latency = make_feed(quotes, "buy"), np.array([3, 0])
    seen = in_order_seen(feed, latency)
    assert seen["ts"].tolist() == [1, 4, 5, 5]
    assert seen["row"].tolist() == [0, 2, 1, 3]  # of one time, in the feed's order
    rows = last_rows(feed, 2, np.array([4, 5]), np.array([0, 0]), latency)
    assert rows.tolist() == [[-1, 2], [1, 3]]


def test_volume_is_of_prints_after_the_start_when_one_hears_of_them():
    sizes = [50.0, 100.0, 200.0, 400.0]
    trades = Trades([2, 3, 4, 9], [0, 0, 1, 1], [10.0] * 4, sizes, [UNKNOWN] * 4)
    heard, shares = volume_heard(make_prints(trades, "buy"), np.array([5, 0]), 2, 8)
    assert heard.tolist() == [4, 8]
    assert shares.tolist() == [0, 200, 300]
