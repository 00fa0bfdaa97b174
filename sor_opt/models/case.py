"""A case: the venues of one moment, an order, and what its risks cost."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Annotated, Self, get_args

import numpy as np

from sor_opt.errors import ConfigError, quoted
from sor_opt.market.feed import Side
from sor_opt.market.tape import FloatArray
from sor_opt.models.bounds import MAX_VENUES, check_size
from sor_opt.models.risk import RiskParams
from sor_opt.models.snapshot import Snapshot
from sor_opt.models.venues import BookSide, FeeSchedule, Venue
from sor_opt.params import Param


@dataclass(frozen=True)
class Order:
    """What is to be traded.

    Parameters
    ----------
    size : float, optional
        Shares, > 0 and at most `MAX_SHARES`; None where the file leaves it to the caller.
    side : {"buy", "sell"}

    Raises
    ------
    ConfigError
        If the size is not a positive number or the side is unknown.
    """

    size: Annotated[float | None, Param("what to trade", "shares")] = None
    side: Annotated[Side, Param("side of the order")] = "buy"

    def __post_init__(self) -> None:
        if self.size is not None:
            check_size(self.size)
        if self.side not in get_args(Side):
            raise ConfigError(f"side must be buy or sell, got {quoted(self.side)}")


@dataclass(frozen=True)
class Case:
    """Venues, order and penalties: what every cost model sees alike.

    Parameters
    ----------
    venues : tuple of Venue
    order : Order
    risk : RiskParams

    Raises
    ------
    ConfigError
        If there is no venue or more than `MAX_VENUES`, or a name repeats.
    """

    venues: tuple[Venue, ...]
    order: Order = field(default_factory=Order)
    risk: RiskParams = field(default_factory=RiskParams)

    def __post_init__(self) -> None:
        names = [venue.name for venue in self.venues]
        if not names:
            raise ConfigError("there are no venues")
        if len(names) > MAX_VENUES:
            raise ConfigError(f"{len(names):,} venues are more than {MAX_VENUES:,}")
        repeated = sorted(name for name, count in Counter(names).items() if count > 1)
        if repeated:
            raise ConfigError(f"venue names repeat: {', '.join(repeated)[:80]}")

    def priced(self, fees: FeeSchedule) -> Self:
        """The same with the fees that its venues do not name, see `Venue.priced`."""
        return replace(self, venues=tuple(venue.priced(fees) for venue in self.venues))

    def showing(self, side: BookSide) -> tuple[Venue, ...]:
        """Venues that show a price and a size on a side of the book."""
        return tuple(venue for venue in self.venues if venue.shows(side))

    @property
    def best(self) -> tuple[float | None, float | None]:
        """Best bid and ask, dollars; None where no venue shows any."""
        bids = [venue.bid for venue in self.showing("bid") if venue.bid is not None]
        asks = [venue.ask for venue in self.showing("ask") if venue.ask is not None]
        return max(bids, default=None), min(asks, default=None)

    @property
    def crossed(self) -> bool:
        """Whether the best bid is above the best ask."""
        bid, ask = self.best
        return bid is not None and ask is not None and bid > ask

    @property
    def reference(self) -> float:
        """What fractions refer to: the mid, or the best price of the only side that is shown.

        Raises
        ------
        ConfigError
            If no venue shows anything.
        """
        seen = [price for price in self.best if price is not None]
        if not seen:
            raise ConfigError("no venue shows a price and a size on any side")
        return sum(seen) / len(seen)

    @property
    def size(self) -> float:
        """Shares to trade.

        Raises
        ------
        ConfigError
            If the order has none.
        """
        if self.order.size is None:
            raise ConfigError("the order has no size; give --size N, or [order] size in the book")
        return self.order.size

    @property
    def snapshot(self) -> Snapshot:
        """The venues as a buyer sees them; for a sell order the mirrored book.

        A price that nobody shows is NaN, and the mid is then the `reference`. Outflows are left
        out.

        Raises
        ------
        ConfigError
            If a venue's fees are not known, or no venue shows anything.
        """
        unknown = [v.name for v in self.venues if v.fee is None]
        if unknown:
            raise ConfigError(f"no fee is known for {unknown[0]}; name it, or see Instance.priced")
        sign, bids, asks = _SEEN[self.order.side]
        best = dict(zip(get_args(BookSide), self.best, strict=True))
        return Snapshot(
            venues=tuple(v.name for v in self.venues),
            ask=np.array([_signed(sign, getattr(v, asks)) for v in self.venues]),
            ask_size=self._shown(asks),
            bid=np.array([_signed(sign, getattr(v, bids)) for v in self.venues]),
            bid_size=self._shown(bids),
            fee=np.array([v.fee for v in self.venues], dtype=np.float64),
            rebate=np.array([v.rebate or 0.0 for v in self.venues], dtype=np.float64),
            queue=np.array([_queue(v, bids, best[bids]) for v in self.venues], dtype=np.float64),
            best_bid=_signed(sign, best[bids]),
            best_ask=_signed(sign, best[asks]),
            mid=sign * self.reference,
        )

    def _shown(self, side: BookSide) -> FloatArray:
        sizes = [getattr(v, f"{side}_size") * v.shows(side) for v in self.venues]
        return np.array(sizes, dtype=np.float64)


_SEEN: dict[Side, tuple[float, BookSide, BookSide]] = {
    "buy": (1.0, "bid", "ask"),
    "sell": (-1.0, "ask", "bid"),
}
"""The sign of prices, and the sides that are a buyer's bid and ask in the mirrored book."""


def _signed(sign: float, price: float | None) -> float:
    return math.nan if price is None else sign * price


def _queue(venue: Venue, side: BookSide, best: float | None) -> float:
    """Shares before a new order at the best price; infinite where nothing is known of them."""
    if venue.queue is not None:
        return venue.queue
    if not venue.shows(side):
        return math.inf
    return float(getattr(venue, f"{side}_size")) if getattr(venue, side) == best else 0.0
