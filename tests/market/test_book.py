"""The consolidated book, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sor_opt.market.book import (
    CROSSED,
    DUST,
    EMPTY,
    TRADABLE,
    WIDE,
    BookParams,
    apply_quote,
    cheapest,
    fill_cheapest,
    look,
    new_book,
    take_ask,
    take_bid,
)
from sor_opt.market.feed import make_feed
from sor_opt.market.tape import Quotes


class Market:
    """A book of three venues, 0 to 2, that is given rows by hand."""

    def __init__(self, side="buy", band=None, **params):
        self.rules = BookParams(band=band, **params).rules
        self.book, self.side = new_book(3), side

    def quote(self, ts, venue, bid, bid_size, ask, ask_size):
        row = [[value] for value in (ts, venue, bid, bid_size, ask, ask_size)]
        apply_quote(self.book, make_feed(Quotes(*row), self.side)[0], self.rules)

    def look(self, now=0):
        return look(self.book, now, self.rules)

    def asks(self, now=0):
        self.look(now)
        return self.book["ask_left"].tolist()

    def bids(self, now=0):
        self.look(now)
        return self.book["bid_left"].tolist()

    def buy(self, venue, shares, now=0):
        take_ask(self.book[venue], shares, now)

    def sell(self, venue, shares, now=0):
        take_bid(self.book[venue], shares, now)


def two_venues(**given):
    market = Market(**given)
    market.quote(0, 0, 9.9, 100, 10.0, 300)
    market.quote(10, 1, 9.8, 200, 10.1, 400)
    return market


# What is displayed


def test_the_best_prices_are_over_all_venues():
    market = two_venues()
    assert market.look(10) == (9.9, 10.0, TRADABLE)
    assert market.asks(10) == [300, 400, 0]
    assert market.bids(10) == [100, 200, 0]


def test_a_book_without_quotes_is_empty():
    assert Market().look() == (-math.inf, math.inf, EMPTY)


def test_a_side_that_is_not_shown_is_empty_and_the_other_one_stands():
    market = two_venues()
    market.quote(20, 0, 0.0, 100, 10.0, 250)
    assert market.look(20) == (9.8, 10.0, TRADABLE)
    assert (market.bids(20), market.asks(20)) == ([0, 200, 0], [250, 400, 0])


@pytest.mark.parametrize("bid", [(0.0, 100), (9.9, 0), (math.nan, 100), (9.9, math.nan)])
def test_an_empty_side_keeps_no_older_value(bid):
    market = Market()
    market.quote(0, 0, 9.9, 100, 10.0, 300)
    market.quote(1, 0, *bid, 10.0, 300)
    assert market.look(1) == (-math.inf, 10.0, EMPTY)


def test_one_sided_quotes_of_two_venues_make_a_book():
    market = Market(band=100.0)
    market.quote(0, 0, 9.99, 100, 0.0, 0)
    assert market.look() == (9.99, math.inf, EMPTY)
    market.quote(0, 1, 0.0, 0, 10.01, 50)
    assert market.look() == (9.99, 10.01, TRADABLE)
    assert (market.bids(), market.asks()) == ([100, 0, 0], [0, 50, 0])


def test_a_venue_whose_bid_meets_its_ask_shows_neither():
    market = two_venues()
    market.quote(11, 0, 10.0, 100, 10.0, 300)
    assert market.look(11) == (9.8, 10.1, TRADABLE)


@pytest.mark.parametrize(
    ("bid", "condition"), [(9.9, TRADABLE), (10.0, TRADABLE), (10.01, CROSSED)]
)
def test_a_locked_book_is_not_crossed(bid, condition):
    market = Market()
    market.quote(0, 0, 9.0, 100, 10.0, 100)
    market.quote(0, 1, bid, 100, 11.0, 100)
    assert market.look()[2] == condition


def test_a_quote_as_old_as_the_limit_counts_and_an_older_one_does_not():
    market = two_venues(max_quote_age=5)
    assert market.look(5) == (9.9, 10.0, TRADABLE)
    assert market.look(10) == (9.8, 10.1, TRADABLE)
    assert market.asks(15) == [0, 400, 0]
    assert market.look(16)[2] == EMPTY
    assert market.asks(16) == [0, 0, 0]


def test_a_seller_sees_the_market_mirrored():
    market = two_venues(side="sell")
    assert market.look(10) == (-10.0, -9.9, TRADABLE)
    assert (market.bids(10), market.asks(10)) == ([300, 400, 0], [100, 200, 0])


def test_a_seller_sees_a_one_sided_quote_mirrored():
    market = Market(side="sell")
    market.quote(0, 0, 0.0, 0, 10.0, 300)
    assert market.look() == (-10.0, math.inf, EMPTY)


# The band: of 200 basis points, around 100 dollars


@pytest.mark.parametrize(
    ("ask", "condition"), [(101.0, TRADABLE), (101.01, WIDE), (140.0, WIDE), (98.9, CROSSED)]
)
def test_a_book_whose_best_prices_are_further_apart_than_the_band_is_wide(ask, condition):
    """The mid of 99 and 101 is 100, and 200 basis points of it are 2 dollars."""
    market = Market(band=200.0)
    market.quote(0, 0, 99.0, 100, 150.0, 100)
    market.quote(0, 1, 50.0, 100, ask, 100)
    assert market.look() == (99.0, ask, condition)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_side_further_from_the_mid_than_the_band_is_not_displayed(side):
    market = Market(band=200.0, side=side)
    market.quote(0, 0, 99.5, 100, 100.5, 150)
    market.quote(0, 1, 98.0, 200, 102.0, 250)
    market.quote(0, 2, 97.99, 300, 102.01, 350)
    bids, asks = [100, 200, 0], [150, 250, 0]
    assert (market.bids(), market.asks()) == ((bids, asks) if side == "buy" else (asks, bids))
    assert market.look()[2] == TRADABLE


def test_the_other_side_of_a_stub_stays():
    market = Market(band=200.0)
    market.quote(0, 0, 99.5, 100, 100.5, 150)
    market.quote(0, 1, 99.0, 200, 140.0, 250)
    market.quote(0, 2, 60.0, 300, 101.0, 350)
    assert (market.bids(), market.asks()) == ([100, 200, 0], [150, 0, 350])


def test_without_a_band_everything_is_displayed_and_nothing_is_wide():
    market = Market()
    market.quote(0, 0, 50.0, 100, 150.0, 100)
    assert market.look() == (50.0, 150.0, TRADABLE)
    market.quote(0, 1, 99.0, 100, 101.0, 100)
    assert (market.bids(), market.asks()) == ([100, 100, 0], [100, 100, 0])


def test_what_we_took_moves_neither_the_mid_nor_the_band():
    market = Market(band=200.0)
    market.quote(0, 0, 99.5, 100, 100.5, 150)
    market.quote(0, 1, 98.5, 200, 101.5, 250)
    market.buy(0, 150)
    assert market.look() == (99.5, 100.5, TRADABLE)
    assert market.asks() == [0, 250, 0]


def test_hidden_shares_that_we_took_stay_gone_when_they_are_displayed_again():
    market = Market(band=200.0)
    market.quote(0, 0, 99.5, 100, 100.5, 150)
    market.quote(0, 1, 98.5, 200, 101.5, 250)
    market.buy(1, 200)
    market.quote(1, 0, 99.0, 100, 99.4, 150)  # the mid is 99.2: 101.5 is beyond 101.184
    assert market.asks() == [150, 0, 0]
    market.quote(2, 0, 99.5, 100, 100.5, 150)
    assert market.asks() == [150, 50, 0]


# What we took


def test_what_we_took_is_gone_but_still_counts_for_the_mid():
    market = two_venues()
    market.buy(0, 300)
    assert market.asks(10) == [0, 400, 0]
    assert market.look(10) == (9.9, 10.0, TRADABLE)


def test_both_sides_are_taken_apart():
    market = two_venues()
    market.buy(1, 150)
    market.buy(1, 50)
    market.sell(0, 30)
    assert (market.asks(10), market.bids(10)) == ([300, 200, 0], [70, 200, 0])


def test_what_is_left_is_known_without_another_look():
    market = two_venues()
    market.look(10)
    market.buy(1, 150)
    market.sell(0, 30)
    assert (market.book["ask_left"][1], market.book["bid_left"][0]) == (250, 70)


def test_what_rounding_leaves_of_a_display_is_nothing():
    assert 0.8 - (0.1 + 0.7) > 0
    market = Market()
    market.quote(0, 0, 9.9, 0.8, 10.0, 0.8)
    for shares in (0.1, 0.7):
        market.buy(0, shares)
        market.sell(0, shares)
    assert market.asks() == market.bids() == [0, 0, 0]


@pytest.mark.parametrize(("size", "left"), [(300, 200), (100, 0), (40, 0), (500, 400)])
def test_at_one_price_what_we_took_stays_gone(size, left):
    """Of whatever is displayed later, 100 shares are ours already."""
    market = two_venues()
    market.buy(0, 100)
    market.quote(20, 0, 9.85, 100, 10.0, size)
    assert market.asks(20) == [left, 400, 0]


def test_more_is_taken_of_a_price_that_shows_more():
    market = two_venues()
    market.buy(0, 300)
    market.quote(20, 0, 9.9, 100, 10.0, 500)
    assert market.asks(20)[0] == 200
    market.buy(0, 150, 20)
    market.quote(21, 0, 9.9, 100, 10.0, 600)
    assert market.asks(21)[0] == 150


def test_a_new_price_forgets_what_we_took():
    market = two_venues()
    market.buy(0, 100)
    market.quote(20, 0, 9.9, 100, 10.01, 300)
    assert market.asks(20)[0] == 300
    market.quote(21, 0, 9.9, 100, 10.0, 300)
    assert market.asks(21)[0] == 300


@pytest.mark.parametrize("empty", [(9.9, 100, 10.0, 0), (9.9, 100, 0.0, 0), (10.0, 100, 10.0, 300)])
def test_a_side_that_was_empty_in_between_forgets_what_we_took(empty):
    market = two_venues()
    market.buy(0, 100)
    market.quote(20, 0, *empty)
    market.quote(21, 0, 9.9, 100, 10.0, 300)
    assert market.asks(21)[0] == 300


def test_a_side_that_was_empty_forgets_nothing_of_the_other_one():
    market = two_venues()
    market.buy(0, 100)
    market.sell(0, 60)
    market.quote(20, 0, 0.0, 0, 10.0, 300)
    market.quote(21, 0, 9.9, 100, 10.0, 300)
    assert (market.bids(21)[0], market.asks(21)[0]) == (100, 200)


def test_a_seller_also_forgets_by_price():
    market = two_venues(side="sell")
    market.buy(0, 80)  # of the 100 bid at 9.90
    market.quote(20, 0, 9.9, 90, 10.05, 300)
    assert market.asks(20)[0] == 10
    market.quote(21, 0, 9.89, 90, 10.05, 300)
    assert market.asks(21)[0] == 90


def test_other_venues_quotes_give_nothing_back():
    market = two_venues()
    market.buy(0, 100)
    market.quote(20, 1, 9.7, 100, 10.2, 100)
    market.quote(20, 2, 9.7, 100, 10.0, 100)
    assert market.asks(20) == [200, 100, 100]


def test_a_quote_that_was_too_old_forgets_nothing():
    market = two_venues(max_quote_age=5)
    market.buy(0, 100, 3)
    market.quote(20, 0, 9.9, 100, 10.0, 300)
    assert market.asks(20)[0] == 200


def test_a_memory_lasts_from_our_last_execution_there():
    market = two_venues(refill_memory=50)
    market.buy(0, 100, 10)
    market.buy(0, 100, 20)
    market.quote(70, 0, 9.9, 100, 10.0, 300)  # 50 after the last, which is not more than 50
    assert market.asks(70)[0] == 100
    assert market.asks(500)[0] == 100  # no quote of the venue: it has shown nothing new
    market.quote(71, 0, 9.9, 100, 10.0, 300)
    assert market.asks(71)[0] == 300


def test_each_side_has_a_memory_of_its_own():
    market = two_venues(refill_memory=50)
    market.buy(0, 100, 10)
    market.sell(0, 60, 40)
    market.quote(80, 0, 9.9, 100, 10.0, 300)
    assert (market.bids(80)[0], market.asks(80)[0]) == (40, 300)


def test_by_update_any_quote_of_the_venue_gives_back_both_sides():
    market = two_venues(refill="update")
    market.buy(0, 100)
    market.sell(0, 60)
    market.buy(1, 100)
    market.quote(20, 0, 9.9, 100, 10.0, 300)
    assert (market.bids(20), market.asks(20)) == ([100, 200, 0], [300, 300, 0])


def test_every_snapshot_gives_back_at_all_venues():
    market = two_venues(refill="every-snapshot")
    market.buy(0, 300)
    market.sell(1, 50)
    assert (market.bids(15), market.asks(15)) == ([100, 150, 0], [0, 400, 0])
    market.quote(20, 2, 9.7, 100, 10.2, 100)
    assert (market.bids(20), market.asks(20)) == ([100, 200, 100], [300, 400, 100])


# The cheapest venues


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


@pytest.mark.parametrize(
    ("shares", "sent", "expected"),
    [
        (50, [0, 0, 0], [0, 50, 0]),
        (350, [0, 0, 0], [0, 200, 150]),
        (900, [0, 0, 0], [100, 200, 300]),
        (150, [0, 120, 0], [0, 200, 70]),
        (0, [0, 0, 0], [0, 0, 0]),
        (200 * (1 + DUST / 2), [0, 0, 0], [0, 200, 0]),
    ],
)
def test_venues_are_filled_up_the_cheapest_first(shares, sent, expected):
    price, left, fee, sent = (
        np.array(column, float) for column in ([10, 9, 9.5], [100, 200, 300], [0, 0, 0], sent)
    )
    fill_cheapest(price, left, fee, shares, sent)
    assert sent.tolist() == expected
