"""An instance: the venues of one moment, an order, and a cost model's parameters.

`sor_opt.model.books` reads and writes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args

import numpy as np

from sor_opt.errors import ConfigError
from sor_opt.market.book import Side
from sor_opt.market.tape import FloatArray
from sor_opt.model.ladder import LadderProblem
from sor_opt.model.outflow import Outflow
from sor_opt.model.placement import PlacementParams, Touch, placement_problem
from sor_opt.model.risk import RiskParams
from sor_opt.model.static import StaticParams, static_problem
from sor_opt.model.venues import Venue


@dataclass(frozen=True)
class Order:
    """What is to be traded.

    Parameters
    ----------
    size : float, optional
        Shares, > 0; None where the file leaves it to the caller.
    side : {"buy", "sell"}

    Raises
    ------
    ConfigError
        If the size is not a positive number or the side is unknown.
    """

    size: float | None = None
    side: Side = "buy"

    def __post_init__(self) -> None:
        if self.size is not None and not 0 < self.size < math.inf:
            raise ConfigError(f"size must be > 0, got {self.size:g}")
        if self.side not in get_args(Side):
            raise ConfigError(f"side must be buy or sell, got {self.side!r}")


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
        If there is no venue, a name repeats, or the outflow is not of as many venues.
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
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ConfigError(f"venue names repeat: {', '.join(repeated)}")
        if self.outflow is not None:
            self.outflow.check_width(len(names))

    @property
    def quoted(self) -> tuple[Venue, ...]:
        """Venues that show a two-sided market; one with a size of 0 shows nothing."""
        return tuple(v for v in self.venues if v.bid_size > 0 and v.ask_size > 0)

    @property
    def best(self) -> tuple[float, float]:
        """Best bid and ask, dollars; of all venues where none shows a size."""
        seen = self.quoted or self.venues
        return max(venue.bid for venue in seen), min(venue.ask for venue in seen)

    @property
    def crossed(self) -> bool:
        """Whether the best bid is above the best ask."""
        bid, ask = self.best
        return bid > ask

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
    def touch(self) -> Touch:
        """The venues as a buyer sees them; for a sell order the mirrored book."""
        buying, quoted = self.order.side == "buy", self.quoted
        bids, asks = ("bid", "ask") if buying else ("ask", "bid")
        sign = 1.0 if buying else -1.0
        best_bid = sign * self.best[0 if buying else 1]
        shown = [getattr(v, f"{asks}_size") * (v in quoted) for v in self.venues]
        queues = [self._queue(v, bids, sign * best_bid) for v in self.venues]
        return Touch(
            ask=sign * _column(self.venues, asks),
            ask_size=np.array(shown, dtype=np.float64),
            fee=_column(self.venues, "fee"),
            rebate=_column(self.venues, "rebate"),
            queue=np.array(queues, dtype=np.float64),
            best_bid=best_bid,
            mid=sign * sum(self.best) / 2,
        )

    def _queue(self, venue: Venue, side: str, best: float) -> float:
        """Shares before a new order at the best price; endless where nothing tells of them."""
        if venue.queue is not None:
            return venue.queue
        if venue not in self.quoted:
            return math.inf
        return float(getattr(venue, f"{side}_size")) if getattr(venue, side) == best else 0.0

    def problem(self) -> LadderProblem:
        """Compile to a ladder problem.

        Raises
        ------
        ConfigError
            If the order has no size, or the placement model no outflow or one of another width.
        """
        return MODELS[self.model.name].compile(self, self.model)


def _column(venues: tuple[Venue, ...], name: str) -> FloatArray:
    return np.array([getattr(venue, name) for venue in venues], dtype=np.float64)


def _static(instance: Instance, params: StaticParams) -> LadderProblem:
    touch = instance.touch
    return static_problem(
        names=[v.name for v in instance.venues],
        ask=touch.ask,
        ask_size=touch.ask_size,
        fee=touch.fee,
        rebate=touch.rebate,
        mid=touch.mid,
        target=instance.size,
        risk=instance.risk,
        params=params,
    )


def _placement(instance: Instance, params: PlacementParams) -> LadderProblem:
    if instance.outflow is None:
        raise ConfigError("the placement model needs an [outflow] of samples or of a family")
    touch = instance.touch
    if params.infinite and not touch.ask_size.any():
        raise ConfigError("no venue shows what to take from; an infinite depth needs one that does")
    return placement_problem(
        names=[v.name for v in instance.venues],
        touch=touch,
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
