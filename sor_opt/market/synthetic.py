"""A seeded synthetic market: several venues around one efficient price.

The efficient price is a Gaussian random walk. Every venue shows one queue on each side on a grid of
ticks. Events arrive as a Poisson process that is busier at the open and the close. If the
efficient price has reached a queue, the event is an arbitrageur who trades it away or a maker who
pulls it; else it adds to a queue, cancels a part, improves the price, or is a market order, which
goes to the cheapest of the venues at the best price. An exhausted queue is followed by the next
tick's. No new quote crosses the book and hardly any locks it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError
from sor_opt.market.tape import BUYER, SELLER, FloatArray, IntArray, Quotes, Tape, Trades
from sor_opt.market.zones import NEW_YORK, find_zone
from sor_opt.params import Param

TICK = 0.01
LOT = 100.0
SESSION_MINUTES = 390.0

MAX_PRICE = 1e6
"""Dollars: a tick is then a hundredth of a basis point of a basis point."""

MAX_ROWS = 5_000_000
"""Quotes that `generate` makes without being asked twice: they take a gigabyte."""

MICROSECOND = 1_000
BUSY_ENDS = 1.5
"""How much busier the session's ends are than its middle: 1 + BUSY_ENDS x^2, x from -1 to 1."""

_ADD, _CANCEL, _IMPROVE = 0.40, 0.72, 0.80
"""Cumulative chances of an event in a queue at its place; what is left is a market order."""
_TRADED = 0.5
"""Chance that a queue reached by the efficient price is traded away rather than pulled."""
_REACHED = 0.1
"""Ticks from the efficient price at which a queue counts as reached."""
_LOWEST = 0.5
"""Part of its start below which the price may not fall: bids would run out."""
_HASTE = 3.0
"""Ticks beyond the efficient price to which a quote reaches that may lock the book."""


def _at_least(params: object, name: str, low: float, high: float = math.inf) -> None:
    value = getattr(params, name)
    if not (low <= value <= high and math.isfinite(value)):
        bound = f"between {low:g} and {high:g}" if math.isfinite(high) else f">= {low:g}"
        raise ConfigError(f"{name} must be {bound}, got {value:g}")


@dataclass(frozen=True)
class SyntheticVenue:
    """One venue's character.

    Parameters
    ----------
    name : str
    activity : float
        Its share of the events, relative to the other venues, > 0.
    depth : float
        Mean shares of a new queue, >= 100.
    width : float
        Mean ticks between the efficient price and a new quote, >= 0.5.
    """

    name: str
    activity: float
    depth: float
    width: float

    def __post_init__(self) -> None:
        _at_least(self, "activity", 1e-6)
        _at_least(self, "depth", LOT)
        _at_least(self, "width", 0.5)


VENUES = (
    SyntheticVenue("SYN-A", activity=0.28, depth=300, width=0.6),
    SyntheticVenue("SYN-B", activity=0.24, depth=250, width=0.8),
    SyntheticVenue("SYN-C", activity=0.18, depth=200, width=1.5),
    SyntheticVenue("SYN-D", activity=0.12, depth=300, width=6.0),
    SyntheticVenue("SYN-E", activity=0.12, depth=150, width=0.9),
    SyntheticVenue("SYN-F", activity=0.06, depth=300, width=16.0),
)
"""Their fees are in ``sor_opt/models/fees.toml``: falling from A to F, which pays for taking."""


@dataclass(frozen=True)
class SyntheticParams:
    """What the synthetic market is like.

    Parameters
    ----------
    seed : int
    day : datetime.date
    minutes : float
        Length of the session from 09:30 New York time, > 0 and at most 390.
    price : float
        Efficient price at the open, dollars, 10 to `MAX_PRICE`.
    volatility : float
        Standard deviation of a whole session's return, > 0.
    events_per_second : float
        Mean over the session and all venues, > 0.
    odd_lots : float
        Share of the sizes that are not whole round lots, 0 to 1.
    locks : float
        Chance that a maker reaches over to the other side and may lock the book, 0 to 1.
    venues : tuple of SyntheticVenue
        At least one, from the dearest to the cheapest to take from.
    """

    seed: int = 0
    day: date = date(2024, 3, 4)
    minutes: Annotated[float, Param("length of the session from 09:30", "minutes")] = (
        SESSION_MINUTES
    )
    price: Annotated[float, Param("price at the open", "$")] = 120.0
    volatility: Annotated[float, Param("standard deviation of a session's return")] = 0.008
    events_per_second: Annotated[
        float, Param("events over all venues", "per second", name="rate")
    ] = 5.0
    odd_lots: Annotated[float, Param("sizes that are no round lots", "share of all")] = 0.15
    locks: Annotated[float, Param("chance that a maker may lock the book", "0 to 1")] = 0.01
    venues: tuple[SyntheticVenue, ...] = VENUES

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ConfigError(f"seed must be >= 0, got {self.seed}")
        _at_least(self, "minutes", 1e-3, SESSION_MINUTES)
        _at_least(self, "price", 10.0, MAX_PRICE)
        _at_least(self, "volatility", 1e-6, 1.0)
        _at_least(self, "events_per_second", 1e-3, 1e5)
        _at_least(self, "odd_lots", 0.0, 1.0)
        _at_least(self, "locks", 0.0, 1.0)
        names = [venue.name for venue in self.venues]
        if not names or len(set(names)) < len(names):
            raise ConfigError(f"venues must be one or more of different names, got {names}")


def generate(params: SyntheticParams, max_rows: int = MAX_ROWS) -> Tape:
    """Make one session of quotes and trades; the same parameters give the same tape.

    Parameters
    ----------
    params : SyntheticParams
    max_rows : int
        Quotes above which it refuses.

    Raises
    ------
    ConfigError
        If there would be more quotes or none, or the efficient price falls to where no bid is left.

    Examples
    --------
    >>> tape = generate(SyntheticParams(seed=7, minutes=30))
    >>> tape.venues
    ('SYN-A', 'SYN-B', 'SYN-C', 'SYN-D', 'SYN-E', 'SYN-F')
    >>> f"{len(tape.quotes):,} quotes, {len(tape.trades):,} trades"
    '9,040 quotes, 2,029 trades'
    """
    rng = np.random.default_rng(params.seed)
    seconds = _event_times(params, rng, max_rows)
    count = len(seconds)
    activity = np.array([venue.activity for venue in params.venues])
    deviation = params.volatility * params.price / TICK / math.sqrt(SESSION_MINUTES * 60)
    steps = np.sqrt(np.diff(seconds, prepend=0.0)) * rng.standard_normal(count) * deviation
    odd = np.where(rng.random(count) < params.odd_lots, rng.integers(1, int(LOT), count), 0)
    fair = params.price / TICK + np.cumsum(steps)
    _check_price(params, fair)
    quoted, printed = _simulate(
        fair,
        rng.choice(len(activity), size=count, p=activity / activity.sum()),
        rng.random((count, 4)),
        rng.exponential(size=(count, 2)),
        odd.astype(np.float64),
        np.array([venue.depth for venue in params.venues]),
        np.array([venue.width for venue in params.venues]),
        params.locks,
    )
    return _tape(params, seconds, quoted, printed)


def _check_price(params: SyntheticParams, fair: FloatArray) -> None:
    lowest = fair.min() * TICK
    if lowest < params.price * _LOWEST:
        raise ConfigError(
            f"the price falls to ${max(0.0, lowest):.2f}, below {_LOWEST:.0%} of its start; take a "
            f"volatility below {params.volatility:g}, or another seed"
        )


def _event_times(params: SyntheticParams, rng: np.random.Generator, max_rows: int) -> FloatArray:
    """Seconds from the open, rising, shape (n,): a Poisson process of the documented shape."""
    count = int(rng.poisson(params.events_per_second * params.minutes * 60))
    rows = count + len(params.venues)
    made = f"{params.events_per_second:g} events a second for {params.minutes:g} minutes make"
    if count == 0:
        raise ConfigError(f"{made} none at all; take a higher --rate or more --minutes")
    if rows > max_rows:
        raise ConfigError(
            f"{made} {rows:,} quotes, more than the limit of {max_rows:,}; take a lower --rate or "
            "fewer --minutes, or raise it with --max-rows"
        )
    edges = np.linspace(-1.0, 1.0, 1001)
    expected = np.cumsum(1 + BUSY_ENDS * edges**2)
    spread = np.interp(rng.random(count), (expected - expected[0]) / np.ptp(expected), edges)
    seconds: FloatArray = np.sort((spread + 1) / 2 * params.minutes * 60)
    return seconds


def _tape(
    params: SyntheticParams, seconds: FloatArray, quoted: FloatArray, printed: FloatArray
) -> Tape:
    start = datetime.combine(params.day, time(9, 30), find_zone(NEW_YORK))
    micros = np.concatenate([np.round(seconds * 1e6), [0.0]])  # row -1: the opening quotes
    ts = int(start.timestamp()) * 10**9 + micros.astype(np.int64) * MICROSECOND
    row, venue, bid, bid_size, ask, ask_size = quoted.T
    trade_row, trade_venue, price, size, side = printed.T
    return Tape(
        venues=tuple(venue.name for venue in params.venues),
        quotes=Quotes(
            ts=ts[row.astype(np.int64)],
            venue=venue.astype(np.int64),
            bid=np.round(bid * TICK, 2),
            bid_size=bid_size,
            ask=np.round(ask * TICK, 2),
            ask_size=ask_size,
        ),
        trades=Trades(
            ts=ts[trade_row.astype(np.int64)],
            venue=trade_venue.astype(np.int64),
            price=np.round(price * TICK, 2),
            size=size,
            side=side.astype(np.int64),
        ),
        timezone=NEW_YORK,
        source=f"synthetic market, seed {params.seed}",
    )


@compiled
def _simulate(
    fair: FloatArray,
    chosen: IntArray,
    chance: FloatArray,
    draw: FloatArray,
    odd: FloatArray,
    depth: FloatArray,
    width: FloatArray,
    locks: float,
) -> tuple[FloatArray, FloatArray]:
    """Simulate the events.

    Prices are in ticks and sides are 0 for bids and 1 for asks. Returned are quotes (event, venue,
    bid, bid size, ask, ask size) and prints (event, venue, price, size, aggressor), row by row;
    event -1 is the open.
    """
    count, venues, prints = len(fair), len(depth), 0
    price, size = np.empty((venues, 2)), np.empty((venues, 2))
    quoted, printed = np.empty((venues + count, 6)), np.empty((count, 5))
    for v in range(venues):
        price[v, 0], price[v, 1] = np.floor(fair[0] - width[v]), np.ceil(fair[0] + width[v])
        size[v] = depth[v] // LOT * LOT
        _write_quote(quoted[v], -1, v, price, size)
    for i in range(count):
        v, s = _reached(price, fair[i])
        if v < 0:
            v, s = chosen[i], int(chance[i, 1] < 0.5)
        out = 2 * s - 1
        away = out * (price[v, s] - fair[i])
        gap, distance = 1.0, width[v] * (0.3 + 0.7 * draw[i, 0])
        if chance[i, 2] < locks:
            gap, distance = 0.0, -_HASTE
        lots = _shares(LOT, draw[i, 0], odd[i])
        place, taken = price[v, s], 0.0
        if away < _REACHED:
            taken = size[v, s] if chance[i, 0] < _TRADED else 0.0
            place = _fresh(price, v, s, fair[i], distance, gap)
        elif away > 2 * width[v] + 2:
            place = _fresh(price, v, s, fair[i], distance, gap)
        elif chance[i, 0] < _ADD:
            size[v, s] += lots
        elif chance[i, 0] < _CANCEL:
            size[v, s] -= lots
        elif chance[i, 0] < _IMPROVE and away > 1 and _clear(price, v, s, place - out, gap):
            place -= out
        else:
            v = _cheapest(price, s)
            place, taken = price[v, s], min(lots, size[v, s])
        if taken > 0:
            printed[prints, 0], printed[prints, 1] = i, v
            printed[prints, 2], printed[prints, 3] = price[v, s], taken
            printed[prints, 4] = BUYER if s else SELLER
            prints += 1
            size[v, s] -= taken
        if place == price[v, s] and size[v, s] <= 0:
            place += out
        if place != price[v, s]:
            price[v, s], size[v, s] = place, _shares(depth[v], draw[i, 1], odd[i])
        _write_quote(quoted[venues + i], i, v, price, size)
    return quoted, printed[:prints]


@compiled
def _write_quote(
    row: FloatArray, event: int, venue: int, price: FloatArray, size: FloatArray
) -> None:
    row[0], row[1] = event, venue
    row[2], row[3] = price[venue, 0], size[venue, 0]
    row[4], row[5] = price[venue, 1], size[venue, 1]


@compiled
def _fresh(
    price: FloatArray, venue: int, side: int, fair: float, distance: float, gap: float
) -> float:
    """Find the first clear price at least `distance` ticks outside the efficient price."""
    out = 2 * side - 1
    reach = np.ceil(out * fair + distance)
    for v in range(len(price)):
        reach = max(reach, out * price[v, 1 - side] + (1.0 if v == venue else gap))
    place: float = out * reach
    return place


@compiled
def _shares(mean: float, draw: float, odd: float) -> float:
    """Turn a draw of mean 1 into round lots and an odd rest; never nothing."""
    shares = np.floor(mean / LOT * draw) * LOT + odd
    return shares if shares > 0 else LOT


@compiled
def _reached(price: FloatArray, fair: float) -> tuple[int, int]:
    """Find the queue that the efficient price has passed furthest: venue (-1 for none) and side."""
    venue, side, least = -1, 0, _REACHED
    for v in range(len(price)):
        for s in range(2):
            away = (2 * s - 1) * (price[v, s] - fair)
            if away < least:
                venue, side, least = v, s, away
    return venue, side


@compiled
def _clear(price: FloatArray, venue: int, side: int, place: float, gap: float) -> bool:
    """Tell whether a price keeps `gap` ticks from every opposite quote (one from its own)."""
    out = 2 * side - 1
    for v in range(len(price)):
        if out * (place - price[v, 1 - side]) < (1.0 if v == venue else gap):
            return False
    return True


@compiled
def _cheapest(price: FloatArray, side: int) -> int:
    """Find the venue at the best price; of several the last, which is the cheapest to take."""
    best = 0
    for v in range(1, len(price)):
        if (2 * side - 1) * (price[v, side] - price[best, side]) <= 0:
            best = v
    return best
