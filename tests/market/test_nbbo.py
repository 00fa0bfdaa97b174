"""The best bid and ask at any times, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sor_opt.market.book import BookParams
from sor_opt.market.feed import make_feed
from sor_opt.market.nbbo import nbbo_at
from sor_opt.market.tape import Quotes

ROWS = [
    (1, 0, 99, 101),
    (2, 1, 98, 100),
    (4, 0, 101, 102),  # crossed: venue 0 bids more than venue 1 asks
    (6, 0, 99, 102),
    (6, 1, 97, 101),
]
"""Time, venue, bid, ask."""

NAN = np.nan


def best(times, rows=ROWS, side="buy", since=0, **params):
    ts, venue, bid, ask = zip(*rows, strict=True)
    feed = make_feed(Quotes(ts, venue, bid, [100] * len(ts), ask, [100] * len(ts)), side)
    times = np.array(times, np.int64)
    found = nbbo_at(feed, 2, BookParams(**params), times, np.broadcast_to(since, times.shape))
    return list(zip(found.bid.tolist(), found.ask.tolist(), strict=True))


@pytest.mark.parametrize(
    ("now", "bid", "ask"),
    [
        (0, NAN, NAN),
        (1, 99, 101),
        (2, 99, 100),
        (3, 99, 100),
        (4, 99, 100),  # passed over
        (5, 99, 100),
        (6, 99, 101),  # both rows of the timestamp
        (99, 99, 101),
    ],
)
def test_the_last_book_that_could_be_traded_on_counts(now, bid, ask):
    assert best([now], band=None) == [pytest.approx((bid, ask), nan_ok=True)]


def test_times_come_in_any_order_and_more_than_once():
    at = {1: (99, 101), 2: (99, 100), 6: (99, 101)}
    assert best([6, 1, 2, 1, 6], band=None) == [at[now] for now in (6, 1, 2, 1, 6)]


def test_the_day_before_is_forgotten():
    since = [0, 4, 4]
    found = best([5, 5, 6], since=since, band=None)
    assert found == [(99, 100), (101, 102), (99, 101)]


def test_a_sellers_book_is_mirrored():
    assert best([2], side="sell", band=None) == [(-100, -99)]


def test_a_wide_book_is_passed_over():
    assert best([1, 2], band=150.0) == [pytest.approx((NAN, NAN), nan_ok=True), (99, 100)]


def test_quotes_age_between_rows_and_what_else_is_asked_for_changes_nothing():
    """At 5 the quote of venue 1 is 3 old and left out, so that what was crossed is not any more.

    At 8 all are too old: the last book after rows counts, that of 6, though at 5 there was one.
    """
    rows = ROWS[:3]
    assert best([4, 5, 9], rows, band=None, max_quote_age=2) == [(99, 100), (101, 102), (99, 100)]
    assert best([9], rows, band=None, max_quote_age=2) == [(99, 100)]
