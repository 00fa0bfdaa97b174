"""What a placement decision may know: outflow scenarios from windows that ended before it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sor_opt.backtest.base import Market
from sor_opt.backtest.orders import SESSION
from sor_opt.errors import ConfigError, DataError
from sor_opt.market.tape import SECOND, FloatArray, IntArray
from sor_opt.models.bounds import MAX_CELLS
from sor_opt.models.placement import ASSUMPTIONS, broken_assumptions
from sor_opt.models.risk import RiskParams
from sor_opt.models.windows import Moments, WindowParams, conditioned, look_at, outflows, tradable

_OPENS = (SESSION[0].hour * 60 + SESSION[0].minute) * 60 * SECOND
"""Nanoseconds from midnight: earlier windows count only for orders that start earlier."""


MAX_MOMENTS = 1_000_000
"""The most slices, and windows a day, that a replay looks at."""


class History(NamedTuple):
    """Outflow scenarios of every order's slices.

    ``flows[first[order, i] : last[order, i]]`` are those of slice i, shape (scenarios, K); none
    where too few windows had passed.

    Attributes
    ----------
    flows : float64 ndarray, shape (n, K)
    first, last : int64 ndarray, shape (orders, slices)
    """

    flows: FloatArray
    first: IntArray
    last: IntArray


def count_slices(market: Market) -> int:
    """Slices of an order; the last is shorter where the horizon is no multiple of them."""
    return -(-market.orders.horizon // market.params.slice)


@lru_cache(maxsize=2)  # every point of a search asks for the same
def past_flows(market: Market, params: WindowParams) -> History:
    """Lay windows over each day of a market and give each slice those that ended by its start.

    Raises
    ------
    DataError
        If the tape has no trades, or no slice has enough windows behind it.
    ConfigError
        If the horizon is shorter than a slice.
    """
    _check_trades(market)
    length, horizon = market.params.slice, market.orders.horizon
    if horizon < length:
        raise ConfigError(
            f"the horizon of {horizon / SECOND:g}s is shorter than a slice of "
            f"{length / SECOND:g}s; lengthen --horizon or shorten --slice"
        )
    slices, midnights = slice_starts(market)
    starts, since = _window_starts(market, params.stride)
    windows = _look(market, starts, since)
    usable = tradable(windows)
    starts, windows = starts[usable], windows.select(usable)
    flows = outflows(
        market.feed,
        market.prints,
        starts,
        windows,
        length,
        params.cancellations,
        params.through == "fill",
    )
    opens = np.minimum(midnights + _OPENS, np.repeat(market.orders.starts, count_slices(market)))
    first = np.searchsorted(starts, np.maximum(slices - params.lookback, opens))
    last = np.maximum(first, np.searchsorted(starts, slices - length, "right"))
    last = np.where(last - first < params.minimum, first, last)
    if (last == first).all():
        raise DataError(
            f"no slice has {params.minimum} windows of {length / SECOND:g}s with a book to trade "
            "on behind it",
            file=market.tape.source,
            hint="start later, look further back (--lookback), or take a smaller --min-windows",
        )
    if params.conditional:
        flows, first, last = _by_state(market, windows, flows, first, last, params.minimum)
    shape = (len(market.orders), count_slices(market))
    return History(flows, first.reshape(shape), last.reshape(shape))


def _check_trades(market: Market) -> None:
    """Refuse a tape without trades, or whose trades are not those of its quotes."""
    prints, orders = market.prints, market.orders
    if not len(prints.ts):
        raise DataError(
            "holds no trades, which the placement policy learns from and is filled by",
            file=market.tape.source,
            hint="give --trades FILE beside the quotes",
        )
    during = (prints.ts >= orders.midnights.min()) & (prints.ts <= orders.deadlines.max())
    if not (during & np.isin(prints.venue, np.unique(market.feed.venue))).any():
        raise DataError(
            "no trade is of a venue and a day of the orders",
            file=market.tape.source,
            hint="give the trades of the same days and venues",
        )


def _check_count(what: str, count: int) -> None:
    if count > MAX_MOMENTS:
        raise ConfigError(
            f"{count:,} {what} are more than {MAX_MOMENTS:,}; take longer slices or strides"
        )


def slice_starts(market: Market) -> tuple[IntArray, IntArray]:
    """When each slice of each order starts, and its day's midnight; both flat, order by order."""
    orders, count = market.orders, count_slices(market)
    _check_count("slices", len(orders) * count)
    starts = orders.starts[:, None] + np.arange(count) * market.params.slice
    return starts.reshape(-1), np.repeat(orders.midnights, count)


def moments_at_slices(market: Market) -> Moments:
    """Look at the book at each slice's start, flat as in `slice_starts`."""
    times, since = slice_starts(market)
    order = np.argsort(times, kind="stable")
    return _look(market, times[order], since[order]).select(np.argsort(order, kind="stable"))


def broken_shares(market: Market, risks: Sequence[RiskParams]) -> dict[str, tuple[int, float]]:
    """Where the paper's assumptions fail: at how many points, and in which share of the slices.

    The share is that of the worst point; of slices that start without a book nothing is said.
    """
    seen = moments_at_slices(market)
    known = tradable(seen)
    if not known.any():
        return {}
    mid = (seen.best_bid + seen.best_ask)[known] / 2
    half = (seen.best_ask - seen.best_bid)[known] / 2
    order = np.repeat(np.arange(len(market.orders)), count_slices(market))[known]
    fee = np.where(seen.at_ask[known], market.taker[order], np.inf).min(axis=1)
    found: dict[str, tuple[int, float]] = {}
    for risk in risks:
        unit = np.abs(mid) if risk.unit == "fraction" else np.ones(len(mid))
        penalties = (risk.lambda_over * unit, risk.lambda_under * unit)
        broken = broken_assumptions(half, fee, market.rebate[order], *penalties)
        for name, where in broken.items():
            if where.any():
                points, share = found.get(name, (0, 0.0))
                found[name] = points + 1, max(share, float(where.mean()))
    return {f"{name} ({ASSUMPTIONS[name]})": found[name] for name in sorted(found)}


def _look(market: Market, times: IntArray, since: IntArray) -> Moments:
    params = market.params
    oldest = -1 if params.max_quote_age is None else params.max_quote_age
    venues = len(market.tape.venues)
    return look_at(market.feed, market.prints, times, since, params.slice, oldest, venues)


def _window_starts(market: Market, stride: int) -> tuple[IntArray, IntArray]:
    """When windows begin, counted from each day's opening, and that day's midnight."""
    orders = market.orders
    grids = []
    for midnight in np.unique(orders.midnights):
        today = orders.midnights == midnight
        opens, begin = midnight + _OPENS, orders.starts[today].min()
        _check_count("windows", (orders.starts[today].max() - min(opens, begin)) // stride)
        early = -(-max(0, opens - begin) // stride) * stride
        grids.append(np.arange(opens - early, orders.starts[today].max() + orders.horizon, stride))
    midnights = np.repeat(np.unique(orders.midnights), [len(grid) for grid in grids])
    return np.concatenate(grids).astype(np.int64), midnights


def _by_state(
    market: Market,
    windows: Moments,
    flows: FloatArray,
    first: IntArray,
    last: IntArray,
    minimum: int,
) -> tuple[FloatArray, IntArray, IntArray]:
    """Give every slice scenarios of its own, conditional on the state at its start."""
    cells = int((last - first).sum()) * len(market.tape.venues)
    if cells > MAX_CELLS:
        raise ConfigError(
            f"scenarios of its own for every slice are {cells:,} numbers, more than {MAX_CELLS:,}; "
            "take a shorter --lookback, longer strides or slices, or fewer orders"
        )
    present = moments_at_slices(market)
    pieces = []
    for at, (start, end) in enumerate(zip(first, last, strict=True)):
        if start < end:
            behind = windows.select(slice(start, end))
            pieces.append(conditioned(flows[start:end], behind, present, at, minimum))
        else:
            pieces.append(flows[:0])
    ends = np.cumsum([len(piece) for piece in pieces])
    return np.concatenate(pieces), ends - np.array([len(piece) for piece in pieces]), ends
