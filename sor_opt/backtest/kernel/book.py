"""The kernel's book: each venue's last quote, what is live of it and not taken by us."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.market.book import DUST, Feed
from sor_opt.market.tape import FloatArray, IntArray


class BookState(NamedTuple):
    """Last quotes per venue; `left` is what is live and not taken, as of the last look."""

    quoted_at: IntArray
    bid: FloatArray
    bid_size: FloatArray
    ask: FloatArray
    ask_size: FloatArray
    bid_taken: FloatArray
    ask_taken: FloatArray
    bid_left: FloatArray
    ask_left: FloatArray


@compiled
def open_book(feed: Feed, standing: IntArray) -> BookState:
    """The book of the quotes that stand when an order starts."""
    venues = len(standing)
    columns = np.zeros((8, venues))
    book = BookState(
        np.zeros(venues, dtype=np.int64),
        columns[0],
        columns[1],
        columns[2],
        columns[3],
        columns[4],
        columns[5],
        columns[6],
        columns[7],
    )
    for row in standing:
        if row >= 0:
            apply_quote(book, feed, row, False)
    return book


@compiled
def apply_quote(book: BookState, feed: Feed, row: int, refill_all: bool) -> None:
    """Make a row its venue's last quote; shares taken there, or everywhere, are back."""
    venue = feed.venue[row]
    book.quoted_at[venue] = feed.ts[row]
    book.bid[venue], book.bid_size[venue] = feed.bid[row], feed.bid_size[row]
    book.ask[venue], book.ask_size[venue] = feed.ask[row], feed.ask_size[row]
    for k in range(len(book.ask)):
        if refill_all or k == venue:
            book.bid_taken[k] = book.ask_taken[k] = 0.0


@compiled
def apply_quotes(book: BookState, feed: Feed, row: int, now: int, refill_all: bool) -> int:
    """Apply the rows of one instant, if there are any from `row` on; give the row after them."""
    while row < len(feed.ts) and feed.ts[row] == now:
        apply_quote(book, feed, row, refill_all)
        row += 1
    return row


@compiled
def look(book: BookState, now: int, max_age: int) -> tuple[float, float]:
    """Write what is left at each venue; return the best bid and ask (-inf and inf if none)."""
    quoted_at, bid, bid_size, ask, ask_size, bid_taken, ask_taken, bid_left, ask_left = book
    best_bid, best_ask = -np.inf, np.inf
    for k in range(len(ask)):
        bid_left[k] = ask_left[k] = 0.0
        if max_age >= 0 and now - quoted_at[k] > max_age:
            continue
        if bid_size[k] > 0:
            bid_left[k] = left_of(bid_size[k], bid_taken[k])
            best_bid = max(best_bid, bid[k])
        if ask_size[k] > 0:
            ask_left[k] = left_of(ask_size[k], ask_taken[k])
            best_ask = min(best_ask, ask[k])
    return best_bid, best_ask


@compiled
def left_of(size: float, taken: float) -> float:
    """Shares of a display that we have not taken."""
    left = size - taken
    return left if left > DUST * size else 0.0
