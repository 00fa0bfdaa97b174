"""Prices and sizes that can be; what else a file holds empties the side that it stands on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from sor_opt.market.tape import FloatArray, Quotes, Tape

MOST_DOLLARS = 1e9
"""A price above a billion dollars is none: a sentinel such as 2^63 - 1, or in another unit."""

MOST_SHARES = 1e12
"""Nor can more than a trillion shares be displayed or traded at once."""

NO_SIZE = (2.0**31 - 1, 2.0**32 - 1, 2.0**63)
"""What stands for no size in binary feeds: the largest integers of 32 and 64 bits (as a float, the
largest of 64 bits is 2^63)."""


def unmarked(sizes: FloatArray) -> FloatArray:
    """Turn sizes that stand for none into infinity, before a unit can change them."""
    if not len(sizes) or not np.nanmax(sizes, initial=0.0) >= NO_SIZE[0]:
        return sizes
    return np.where(np.isin(sizes, NO_SIZE), np.inf, sizes)


def without_impossible(tape: Tape) -> Tape:
    """Turn prices and sizes that cannot be into NaN, and count them in ``emptied``.

    That empties the side of the quote, or makes the print one without a price or a size; the row
    stays, and so does its other side.
    """
    quotes, trades = tape.quotes, tape.trades
    bid, bid_size, bids = _possible(quotes.bid, quotes.bid_size, "sides")
    ask, ask_size, asks = _possible(quotes.ask, quotes.ask_size, "sides")
    emptied = bids + asks
    if trades is not None:
        price, size, prints = _possible(trades.price, trades.size, "prints")
        trades, emptied = replace(trades, price=price, size=size), emptied + prints
    if not emptied:
        return tape
    quotes = Quotes(quotes.ts, quotes.venue, bid, bid_size, ask, ask_size)
    counts = dict(Counter(tape.emptied) + emptied)
    return replace(tape, quotes=quotes, trades=trades, emptied=counts)


def _possible(
    price: FloatArray, size: FloatArray, what: str
) -> tuple[FloatArray, FloatArray, Counter[str]]:
    no_price, no_size = price > MOST_DOLLARS, size > MOST_SHARES
    counts = Counter(
        {
            f"{what} with an impossible price": int(no_price.sum()),
            f"{what} with an impossible size": int((no_size & ~no_price).sum()),
        }
    )
    return np.where(no_price, np.nan, price), np.where(no_size, np.nan, size), +counts
