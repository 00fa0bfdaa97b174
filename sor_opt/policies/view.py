"""What a policy sees when it decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sor_opt.market.tape import FloatArray
from sor_opt.models.risk import RiskParams


@dataclass(slots=True)
class Progress:
    """Where a parent order stands in time.

    Attributes
    ----------
    order : int
        Its number, from 0.
    size : float
        Shares.
    start, end : int
        When it starts, and when its horizon ends; nanoseconds UTC.
    slice, slices : int
        The present slice, from 0, and how many there are.
    slice_end : int
        When it ends; nanoseconds UTC.
    now : int
        Nanoseconds UTC.
    volume : float
        Shares printed on the lit venues since the start, as far as the router has heard by now.
    """

    order: int
    size: float
    start: int
    end: int
    slice: int
    slices: int
    slice_end: int
    now: int
    volume: float


@dataclass(slots=True)
class View(Progress):
    """The book as a router may know it, from a buyer's side; K venues, in alphabetical order.

    For a sell order it is mirrored: ask = -best bid, and `mid` < 0. The arrays are good for the
    decision at hand alone, and read-only.

    Attributes
    ----------
    venues : tuple of str
    ask, bid : float64 ndarray, shape (K,)
        Dollars per share; of no meaning where nothing is left.
    ask_left, bid_left : float64 ndarray, shape (K,)
        Shares displayed within the band and not taken or in flight; 0 where there are none.
    fee, rebate : float64 ndarray, shape (K,)
        Taker fee and maker rebate, dollars per share.
    best_bid, best_ask, mid : float
        Of the consolidated book as displayed, dollars per share.
    remaining : float
        Shares still to be bought, but for those in flight.
    risk : RiskParams, optional
        Of the router, where it has them.
    """

    venues: tuple[str, ...]
    ask: FloatArray
    ask_left: FloatArray
    bid: FloatArray
    bid_left: FloatArray
    fee: FloatArray
    rebate: FloatArray
    best_bid: float
    best_ask: float
    remaining: float
    risk: RiskParams | None

    @property
    def mid(self) -> float:
        """Middle of the best bid and the best ask."""
        return (self.best_bid + self.best_ask) / 2

    def quotes(self) -> LiveQuotes:
        """What compiled routers see of it."""
        return LiveQuotes(
            self.ask,
            self.ask_left,
            self.bid,
            self.bid_left,
            self.fee,
            self.rebate,
            self.best_bid,
            self.mid,
            self.order,
            self.slice,
        )


class LiveQuotes(NamedTuple):
    """What compiled routers see of a `View`."""

    ask: FloatArray
    ask_left: FloatArray
    bid: FloatArray
    bid_left: FloatArray
    fee: FloatArray
    rebate: FloatArray
    best_bid: float
    mid: float
    order: int
    slice: int
