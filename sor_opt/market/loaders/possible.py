"""Prices and sizes that can be; what else a file holds empties the side that it stands on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sor_opt.market.tape import BoolArray, FloatArray, Quotes, Tape

MOST_DOLLARS = 1e9
"""A price of a billion dollars and more is none (a sentinel such as 2^63 - 1, or another unit)."""

MOST_SHARES = 1e12
"""Nor can a trillion shares be displayed or traded at once."""

NO_SIZE = (2.0**31 - 1, 2.0**32 - 1, 2.0**63)
"""What stands for no size in binary feeds: the largest integers of 32 and 64 bits (as a float, the
largest of 64 bits is 2^63)."""


def unmarked(sizes: FloatArray) -> FloatArray:
    """Turn sizes that stand for none into infinity, before a unit can change them."""
    if not len(sizes) or not np.nanmax(sizes, initial=0.0) >= NO_SIZE[0]:
        return sizes
    return np.where(np.isin(sizes, NO_SIZE), np.inf, sizes)


def without_impossible(tape: Tape) -> Tape:
    """Empty the sides of quotes, and leave out the prints, whose price or size cannot be.

    Both are counted, in ``emptied`` and ``left_out``. Blank and zero numbers of quotes stay as they
    are; a print without a price and a size is none.
    """
    quotes, emptied = _quotes(tape.quotes)
    tape = replace(tape, quotes=quotes, emptied=emptied)
    if tape.trades is None:
        return tape
    trades = tape.trades
    kept = _some(trades.price, MOST_DOLLARS) & _some(trades.size, MOST_SHARES)
    if kept.all():
        return tape
    left_out = {**tape.left_out, "prints without a possible price and size": int((~kept).sum())}
    return replace(tape, trades=trades.select(kept), left_out=left_out)


def _quotes(quotes: Quotes) -> tuple[Quotes, Mapping[str, int]]:
    bid, bid_size, bids = _side(quotes.bid, quotes.bid_size)
    ask, ask_size, asks = _side(quotes.ask, quotes.ask_size)
    return Quotes(quotes.ts, quotes.venue, bid, bid_size, ask, ask_size), dict(bids + asks)


def _side(price: FloatArray, size: FloatArray) -> tuple[FloatArray, FloatArray, Counter[str]]:
    no_price, no_size = price >= MOST_DOLLARS, size >= MOST_SHARES
    counts = Counter(
        {
            "with an impossible price": int(no_price.sum()),
            "with an impossible size": int((no_size & ~no_price).sum()),
        }
    )
    if not (no_price.any() or no_size.any()):
        return price, size, counts
    return np.where(no_price, np.nan, price), np.where(no_size, np.nan, size), counts


def _some(numbers: FloatArray, most: float) -> BoolArray:
    return (numbers > 0) & (numbers < most)
