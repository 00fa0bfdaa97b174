"""The consolidated book."""

from __future__ import annotations

import numpy as np
import pytest

from sor_opt.market.book import Book, cheapest, make_feed, make_prints
from sor_opt.market.tape import BUYER, SELLER, UNKNOWN, Quotes, Trades

QUOTES = Quotes(
    np.array([0, 10, 20]),
    np.array([0, 1, 0]),
    np.array([9.9, 9.8, 0.0]),
    np.array([100.0, 200.0, 100.0]),
    np.array([10.0, 10.1, 10.0]),
    np.array([300.0, 400.0, 300.0]),
)


def book_after(rows, age=None, refill="update", side="buy"):
    book, feed = Book(2, age, refill), make_feed(QUOTES, side)
    for row in range(rows):
        book.apply(feed, row)
    return book, feed


def test_the_best_prices_are_over_all_venues():
    book, _ = book_after(2)
    seen = book.at(10)
    assert (seen.best_bid, seen.best_ask, seen.mid) == (9.9, 10.0, pytest.approx(9.95))
    assert seen.ask_left.tolist() == [300, 400]


def test_an_old_quote_is_left_out_and_counted():
    book, _ = book_after(2, age=5)
    assert (book.at(5).best_ask, book.at(5).stale) == (10.0, 0)
    assert (book.at(12).best_ask, book.at(12).stale) == (10.1, 1)
    assert book.at(100).empty


def test_a_side_that_is_not_shown_is_empty_and_the_other_one_stands():
    book, _ = book_after(3)
    seen = book.at(20)
    assert seen.bid_left.tolist() == [0, 200]
    assert seen.ask_left.tolist() == [300, 400]
    assert (seen.best_bid, seen.best_ask) == (9.8, 10.0)


def test_an_empty_side_keeps_no_older_value():
    book, feed = book_after(1)
    assert book.at(0).best_bid == 9.9
    book.apply(feed, 2)
    seen = book.at(20)
    assert np.isnan(seen.best_bid)
    assert (seen.best_ask, seen.ask_left[0]) == (10.0, 300)


def test_a_book_of_one_side_has_no_mid_and_is_empty():
    book, feed = Book(2, None), make_feed(QUOTES, "buy")
    book.apply(feed, 2)
    seen = book.at(20)
    assert seen.empty
    assert not seen.crossed
    assert np.isnan(seen.mid)


def test_a_seller_sees_a_one_sided_quote_mirrored():
    book, feed = Book(2, None), make_feed(QUOTES, "sell")
    book.apply(feed, 2)
    seen = book.at(20)
    assert (seen.bid_left[0], seen.ask_left[0]) == (300, 0)
    assert seen.best_bid == -10.0


def test_an_old_quote_of_one_side_is_counted_once():
    book, feed = Book(2, 5), make_feed(QUOTES, "buy")
    book.apply(feed, 2)
    assert (book.at(25).stale, book.at(26).stale) == (0, 1)
    assert book.at(26).ask_left[0] == 0


def test_what_we_took_is_gone_but_still_counts_for_the_mid():
    book, feed = book_after(2)
    book.take_ask(0, 300)
    assert book.at(10).ask_left.tolist() == [0, 400]
    assert book.at(10).best_ask == 10.0
    book.apply(feed, 0)
    assert book.at(10).ask_left.tolist() == [300, 400]


def test_what_rounding_leaves_of_a_display_is_nothing():
    assert 0.8 - (0.1 + 0.7) > 0
    book = Book(1, None)
    book.apply(make_feed(Quotes([0], [0], [9.9], [0.8], [10.0], [0.8]), "buy"), 0)
    for take in (book.take_ask, book.take_bid):
        take(0, 0.1)
        take(0, 0.7)
    assert book.at(0).ask_left.tolist() == [0]
    assert book.at(0).bid_left.tolist() == [0]


def test_every_snapshot_refills_all_venues():
    book, feed = book_after(1, refill="every-snapshot")
    book.take_ask(0, 300)
    book.apply(feed, 1)
    assert book.at(10).ask_left.tolist() == [300, 400]


def test_a_seller_sees_the_market_mirrored():
    book, _ = book_after(2, side="sell")
    seen = book.at(10)
    assert (seen.best_ask, seen.best_bid) == (-9.9, -10.0)
    assert seen.ask_left.tolist() == [100, 200]


NAN, INF = float("nan"), float("inf")


def test_prints_without_a_positive_price_and_size_are_left_out():
    """A price of 0 is below every limit: it would fill whatever rests."""
    prices = [10.0, 0.0, -1.0, NAN, INF, 10.0, 10.0, 10.0, 10.0, 9.0]
    sizes = [100.0, 50.0, 50.0, 50.0, 50.0, 0.0, -5.0, NAN, INF, 7.0]
    sides = [BUYER, *[UNKNOWN] * 8, SELLER]
    trades = Trades(range(10), [0, 1] * 5, prices, sizes, sides)
    bought, sold = make_prints(trades, "buy"), make_prints(trades, "sell")
    assert [column.tolist() for column in bought] == [
        [0, 9],
        [0, 1],
        [10.0, 9.0],
        [100.0, 7.0],
        [True, False],
    ]
    assert (sold.price.tolist(), sold.size.tolist()) == ([-10.0, -9.0], [100.0, 7.0])
    assert sold.buying.tolist() == [False, True]


def test_without_trades_there_are_no_prints():
    assert [len(column) for column in make_prints(None, "buy")] == [0] * 5


def test_both_sides_are_taken_and_given_back_apart():
    book, feed = book_after(2)
    book.take_ask(1, 150)
    book.take_ask(1, 50)
    book.take_bid(0, 30)
    seen = book.at(10)
    assert (seen.ask_left.tolist(), seen.bid_left.tolist()) == ([300, 200], [70, 200])
    book.apply(feed, 1)
    seen = book.at(10)
    assert (seen.ask_left.tolist(), seen.bid_left.tolist()) == ([300, 400], [70, 200])
    book.apply(feed, 0)
    assert book.at(10).bid_left.tolist() == [100, 200]


def test_a_locked_book_is_not_crossed():
    rows = ((9.9, 10.0, False), (10.0, 10.0, False), (10.01, 10.0, True))
    for bid, ask, crossed in rows:
        size = [100.0, 100.0]
        quotes = Quotes([0, 0], [0, 1], [9.0, bid], size, [ask, 11.0], size)
        book, feed = Book(2, None), make_feed(quotes, "buy")
        for row in (0, 1):
            book.apply(feed, row)
        assert book.at(0).crossed == crossed


@pytest.mark.parametrize(
    ("price", "left", "fee", "expected"),
    [
        ([10.0, 9.0, 9.5], [1, 1, 1], [0, 0, 0], 1),
        ([10.0, 9.0, 9.5], [1, 0, 1], [0, 0, 0], 2),
        ([9.0, 9.0, 9.0], [1, 1, 1], [3, 1, 2], 1),
        ([9.0, 9.0, 9.0], [1, 1, 1], [1, 1, 1], 0),
        ([9.0, 8.0, 9.0], [1, 1, 1], [1, 2, 0], 1),
        ([9.0, 8.0], [0, 0], [1, 1], -1),
    ],
)
def test_the_cheapest_is_by_price_then_fee_then_order(price, left, fee, expected):
    assert cheapest(*(np.array(column, float) for column in (price, left, fee))) == expected
