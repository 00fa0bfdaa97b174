"""What a placement decision may know: outflow scenarios from windows that ended before it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sor_opt.errors import ConfigError, DataError
from sor_opt.market.tape import SECOND, SESSION, FloatArray, IntArray
from sor_opt.models.bounds import MAX_CELLS
from sor_opt.models.placement import ASSUMPTIONS, broken_assumptions
from sor_opt.models.risk import RiskParams
from sor_opt.models.windows import Moments, WindowParams, conditioned, look_at, outflows, tradable
from sor_opt.policies.context import Context, check_moments

_OPENS = (SESSION[0].hour * 60 + SESSION[0].minute) * 60 * SECOND
"""Nanoseconds from midnight: earlier windows count only for orders that start earlier."""


class Scenarios(NamedTuple):
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


@lru_cache(maxsize=2)  # every point of a search asks for the same
def past_flows(context: Context, params: WindowParams) -> Scenarios:
    """Lay windows over each day of the orders and give each slice those that ended by its start.

    With a feed latency, those that the router had heard of to their end, from every venue.

    Raises
    ------
    DataError
        If the tape has no trades, or no slice has enough windows behind it.
    ConfigError
        If the horizon is shorter than a slice.
    """
    _check_trades(context)
    length, horizon, count = context.slices.length, context.slices.horizon, context.slices.count
    if horizon < length:
        raise ConfigError(
            f"the horizon of {horizon / SECOND:g}s is shorter than a slice of "
            f"{length / SECOND:g}s; lengthen --horizon or shorten --slice"
        )
    slices, midnights = context.slices.times()
    starts, since = _window_starts(context, params.stride)
    windows = _look(context, starts, since)
    usable = tradable(windows)
    starts, windows = starts[usable], windows.select(usable)
    flows = outflows(
        context.feed,
        context.prints,
        starts,
        windows,
        length,
        params.cancellations,
        params.through == "fill",
    )
    opens = np.minimum(midnights + _OPENS, np.repeat(context.slices.starts, count))
    first = np.searchsorted(starts, np.maximum(slices - params.lookback, opens))
    heard = slices - context.feed_latency.max(initial=0)
    last = np.maximum(first, np.searchsorted(starts, heard - length, "right"))
    last = np.where(last - first < params.minimum, first, last)
    if (last == first).all():
        raise DataError(
            f"no slice has {params.minimum} windows of {length / SECOND:g}s with a book to trade "
            "on behind it",
            file=context.tape.source,
            hint="start later, look further back (--lookback), or take a smaller --min-windows",
        )
    if params.conditional:
        flows, first, last = _by_state(context, windows, flows, first, last, params.minimum)
    shape = (len(context.slices.starts), count)
    return Scenarios(flows, first.reshape(shape), last.reshape(shape))


def _check_trades(context: Context) -> None:
    """Refuse a tape without trades, or whose trades are not those of its quotes."""
    prints, slices = context.prints, context.slices
    if not len(prints):
        raise DataError(
            "holds no trades, which the placement router learns from and is filled by",
            file=context.tape.source,
            hint="give --trades FILE beside the quotes",
        )
    last = slices.starts.max() + slices.horizon
    during = (prints["ts"] >= slices.midnights.min()) & (prints["ts"] <= last)
    if not (during & np.isin(prints["venue"], np.unique(context.feed["venue"]))).any():
        raise DataError(
            "no trade is of a venue and a day of the orders",
            file=context.tape.source,
            hint="give the trades of the same days and venues",
        )


def moments_at_slices(context: Context) -> Moments:
    """Look at the book that is known at each slice's start, flat as in `Slices.times`."""
    times, since = context.slices.times()
    times = times - context.feed_latency.max(initial=0)
    order = np.argsort(times, kind="stable")
    return _look(context, times[order], since[order]).select(np.argsort(order, kind="stable"))


def broken_shares(context: Context, risks: Sequence[RiskParams]) -> dict[str, tuple[int, float]]:
    """Where the paper's assumptions fail: at how many points, and in which share of the slices.

    The share is that of the worst point; of slices that start without a book nothing is said.
    """
    seen = moments_at_slices(context)
    known = tradable(seen)
    if not known.any():
        return {}
    mid = (seen.best_bid + seen.best_ask)[known] / 2
    half = (seen.best_ask - seen.best_bid)[known] / 2
    order = np.repeat(np.arange(len(context.slices.starts)), context.slices.count)[known]
    fee = np.where(seen.at_ask[known], context.taker[order], np.inf).min(axis=1)
    found: dict[str, tuple[int, float]] = {}
    for risk in risks:
        unit = np.abs(mid) if risk.unit == "fraction" else np.ones(len(mid))
        penalties = (risk.lambda_over * unit, risk.lambda_under * unit)
        broken = broken_assumptions(half, fee, context.rebate[order], *penalties)
        for name, where in broken.items():
            if where.any():
                points, share = found.get(name, (0, 0.0))
                found[name] = points + 1, max(share, float(where.mean()))
    return {f"{name} ({ASSUMPTIONS[name]})": found[name] for name in sorted(found)}


def _look(context: Context, times: IntArray, since: IntArray) -> Moments:
    length, rules = context.slices.length, context.book.rules
    return look_at(
        context.feed, context.prints, times, since, length, rules, len(context.tape.venues)
    )


def _window_starts(context: Context, stride: int) -> tuple[IntArray, IntArray]:
    """When windows begin, counted from each day's opening, and that day's midnight."""
    orders = context.slices
    grids = []
    for midnight in np.unique(orders.midnights):
        today = orders.midnights == midnight
        opens, begin = midnight + _OPENS, orders.starts[today].min()
        check_moments("windows", (orders.starts[today].max() - min(opens, begin)) // stride)
        early = -(-max(0, opens - begin) // stride) * stride
        grids.append(np.arange(opens - early, orders.starts[today].max() + orders.horizon, stride))
    midnights = np.repeat(np.unique(orders.midnights), [len(grid) for grid in grids])
    return np.concatenate(grids).astype(np.int64), midnights


def _by_state(
    context: Context,
    windows: Moments,
    flows: FloatArray,
    first: IntArray,
    last: IntArray,
    minimum: int,
) -> tuple[FloatArray, IntArray, IntArray]:
    """Give every slice scenarios of its own, conditional on the state at its start."""
    cells = int((last - first).sum()) * len(context.tape.venues)
    if cells > MAX_CELLS:
        raise ConfigError(
            f"scenarios of its own for every slice are {cells:,} numbers, more than {MAX_CELLS:,}; "
            "take a shorter --lookback, longer strides or slices, or fewer orders"
        )
    present = moments_at_slices(context)
    pieces = []
    for at, (start, end) in enumerate(zip(first, last, strict=True)):
        if start < end:
            behind = windows.select(slice(start, end))
            pieces.append(conditioned(flows[start:end], behind, present, at, minimum))
        else:
            pieces.append(flows[:0])
    ends = np.cumsum([len(piece) for piece in pieces])
    return np.concatenate(pieces), ends - np.array([len(piece) for piece in pieces]), ends
