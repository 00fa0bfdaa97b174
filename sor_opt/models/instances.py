"""An instance: the venues of one moment, an order, and a cost model's parameters.

`sor_opt.models.books` reads and writes them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, get_args

import numpy as np

from sor_opt.errors import ConfigError, quoted
from sor_opt.market.feed import Side
from sor_opt.models.bounds import MAX_VENUES, check_size
from sor_opt.models.ladder import LadderProblem
from sor_opt.models.outflow import Outflow
from sor_opt.models.placement import PlacementParams, VenueQuotes, placement_problem
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import AskQuotes, StaticParams, static_problem
from sor_opt.models.venues import BookSide, FeeSchedule, Venue


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

    size: float | None = None
    side: Side = "buy"

    def __post_init__(self) -> None:
        if self.size is not None:
            check_size(self.size)
        if self.side not in get_args(Side):
            raise ConfigError(f"side must be buy or sell, got {quoted(self.side)}")


@dataclass(frozen=True)
class Instance:
    """Venues, order and parameters: all that an allocation follows from.

    Parameters
    ----------
    venues : tuple of Venue
    order : Order
    risk : RiskParams
    model : StaticParams or PlacementParams
    outflow : Outflow, optional
        What the placement model needs to know of the queues.

    Raises
    ------
    ConfigError
        If there is no venue or more than `MAX_VENUES`, a name repeats, or the outflow is not of as
        many venues.
    """

    venues: tuple[Venue, ...]
    order: Order = field(default_factory=Order)
    risk: RiskParams = field(default_factory=RiskParams)
    model: StaticParams | PlacementParams = field(default_factory=StaticParams)
    outflow: Outflow | None = None

    def __post_init__(self) -> None:
        names = [venue.name for venue in self.venues]
        if not names:
            raise ConfigError("there are no venues")
        if len(names) > MAX_VENUES:
            raise ConfigError(f"{len(names):,} venues are more than {MAX_VENUES:,}")
        repeated = sorted(name for name, count in Counter(names).items() if count > 1)
        if repeated:
            raise ConfigError(f"venue names repeat: {', '.join(repeated)[:80]}")
        if self.outflow is not None:
            self.outflow.check_width(len(names))

    def priced(self, fees: FeeSchedule) -> Instance:
        """The instance with the fees that its venues do not name, see `Venue.priced`."""
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

    def check_mid(self) -> None:
        """Refuse a book in which no venue shows a bid, or none an ask.

        Raises
        ------
        ConfigError
        """
        for side, price in zip(_AN, self.best, strict=True):
            if price is None:
                other = "; --ref zero needs none" if self.model.name == StaticParams.name else ""
                raise ConfigError(f"no venue shows {_AN[side]}, so there is no mid{other}")

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
    def quotes(self) -> VenueQuotes:
        """The venues as a buyer sees them; for a sell order the mirrored book.

        A price that nobody shows is NaN, and the mid is then the `reference`.

        Raises
        ------
        ConfigError
            If a venue's fees are not known, or no venue shows anything.
        """
        unknown = [v.name for v in self.venues if v.fee is None]
        if unknown:
            raise ConfigError(f"no fee is known for {unknown[0]}; name it, or see Instance.priced")
        sign, bids, asks = _SEEN[self.order.side]
        best_bid = self.best[0 if bids == "bid" else 1]
        shown = [getattr(v, f"{asks}_size") * v.shows(asks) for v in self.venues]
        return VenueQuotes(
            ask=np.array([_signed(sign, getattr(v, asks)) for v in self.venues]),
            ask_size=np.array(shown, dtype=np.float64),
            fee=np.array([v.fee for v in self.venues], dtype=np.float64),
            rebate=np.array([v.rebate or 0.0 for v in self.venues], dtype=np.float64),
            queue=np.array([_queue(v, bids, best_bid) for v in self.venues], dtype=np.float64),
            best_bid=_signed(sign, best_bid),
            mid=sign * self.reference,
        )

    def problem(self) -> LadderProblem:
        """Compile to a ladder problem.

        Raises
        ------
        ConfigError
            If the order has no size, a fee is not known, there is no mid where one is needed, or
            the placement model has no outflow or one of another width.
        """
        return MODELS[self.model.name].compile(self, self.model)


_AN: dict[BookSide, str] = {"bid": "a bid", "ask": "an ask"}

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


def _static(instance: Instance, params: StaticParams) -> LadderProblem:
    if params.relative_to_mid:
        instance.check_mid()
    quotes = instance.quotes
    return static_problem(
        names=[v.name for v in instance.venues],
        quotes=AskQuotes(quotes.ask, quotes.ask_size, quotes.fee, quotes.rebate, quotes.mid),
        target=instance.size,
        risk=instance.risk,
        params=params,
    )


def _placement(instance: Instance, params: PlacementParams) -> LadderProblem:
    if instance.outflow is None:
        raise ConfigError("the placement model needs an [outflow] of samples or of a family")
    instance.check_mid()
    quotes = instance.quotes
    return placement_problem(
        names=[v.name for v in instance.venues],
        quotes=quotes,
        outflows=instance.outflow.draw(len(instance.venues)),
        target=instance.size,
        risk=instance.risk,
        params=params,
    )


class Model(NamedTuple):
    """A cost model: its parameters, and how an instance compiles to a ladder problem."""

    params: type[Any]
    compile: Callable[[Instance, Any], LadderProblem]


MODELS = {
    StaticParams.name: Model(StaticParams, _static),
    PlacementParams.name: Model(PlacementParams, _placement),
}
"""The cost models, by name: the one place to add a row."""
