"""Prices and sizes that can be; what else a file holds empties the side that it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sor_opt.market.tape import BoolArray, FloatArray, Quotes, Tape, Trades

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
    columns = (trades.ts, trades.venue, trades.price, trades.size, trades.side)
    left_out = {**tape.left_out, "prints without a possible price and size": int((~kept).sum())}
    return replace(
        tape, trades=Trades(*(column[kept] for column in columns)), left_out=left_out
    )


def _quotes(quotes: Quotes) -> tuple[Quotes, Mapping[str, int]]:
    counts = {"impossible price": 0, "impossible size": 0}
    columns = {}
    for side in ("bid", "ask"):
        price, size = getattr(quotes, side), getattr(quotes, f"{side}_size")
        no_price, no_size = price >= MOST_DOLLARS, size >= MOST_SHARES
        counts["impossible price"] += int(no_price.sum())
        counts["impossible size"] += int((no_size & ~no_price).sum())
        columns[side] = _without(price, no_price)
        columns[f"{side}_size"] = _without(size, no_size)
    emptied = {reason: count for reason, count in counts.items() if count}
    return (replace(quotes, **columns) if emptied else quotes), emptied


def _without(numbers: FloatArray, rows: BoolArray) -> FloatArray:
    return np.where(rows, np.nan, numbers)


def _some(numbers: FloatArray, most: float) -> BoolArray:
    return (numbers > 0) & (numbers < most)
