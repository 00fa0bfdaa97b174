"""A snapshot: one moment of some venues, as a buyer sees it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.market.tape import FloatArray


class Snapshot(NamedTuple):
    """One moment of K venues as a buyer sees it; dollars per share, and shares.

    For a sell order it is mirrored: ask = -bid, bid = -ask, sizes swapped.

    Attributes
    ----------
    venues : tuple of str, length K
    ask, ask_size, bid, bid_size : float64 ndarray, shape (K,)
        A size is 0 where nothing is displayed; the price is of no meaning there.
    fee, rebate : float64 ndarray, shape (K,)
        Paid for taking, received for making.
    queue : float64 ndarray, shape (K,)
        Shares before a new bid at the best bid; infinite where none gets through.
    best_bid, best_ask, mid : float
        Of the consolidated book; NaN where nobody shows one. Fractional penalties refer to the mid.
    outflows : float64 ndarray, shape (scenarios, K), optional
        Shares that leave each venue's bid queue, equally likely scenarios; for a cost model that
        needs them.
    """

    venues: tuple[str, ...]
    ask: FloatArray
    ask_size: FloatArray
    bid: FloatArray
    bid_size: FloatArray
    fee: FloatArray
    rebate: FloatArray
    queue: FloatArray
    best_bid: float
    best_ask: float
    mid: float
    outflows: FloatArray | None = None


@compiled
def queues_ahead(bid: FloatArray, bid_left: FloatArray, best_bid: float) -> FloatArray:
    """Give the queue before a new bid at the best price, shape (K,).

    What is displayed there, nothing at a venue that bids less, and an infinite queue at a venue
    without a live quote: what stands there is not known, and nothing is to be hoped for.
    """
    queue = np.empty(len(bid))
    for k in range(len(bid)):
        if bid_left[k] > 0:
            queue[k] = bid_left[k] if bid[k] == best_bid else 0.0
        else:
            queue[k] = np.inf
    return queue
