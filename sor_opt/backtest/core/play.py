"""Orders played to their end, with a router that is compiled, or with one in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sor_opt.backtest.core.advance import ASK_SCHEDULE, OVER, advance, execute
from sor_opt.backtest.core.executions import Log, make_room
from sor_opt.backtest.core.impact import asks_seen, quotes_of
from sor_opt.backtest.core.state import Inputs, OrderStarts, Run, begin, clear
from sor_opt.backtest.core.steps import checked_due, numbers
from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError, quoted
from sor_opt.extensions import place_of
from sor_opt.market.book import DUST
from sor_opt.market.feed import volume_heard
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.base import Router, Split
from sor_opt.policies.view import View


@compiled
def play(
    split: Callable[..., None],
    form: Any,
    inputs: Inputs,
    order_starts: OrderStarts,
    which: IntArray,
    log: Log,
) -> None:
    """Play some orders with a compiled router (see `Compiled`); their schedule is in steps."""
    for order in which:
        run = begin(inputs, order_starts, order)
        takes, posts = run.venues["take"], run.venues["post"]
        while advance(inputs, run, log) != OVER:
            clear(run)
            split(form, quotes_of(inputs, run), inputs.states[order].due, takes, posts)
            execute(inputs, run, log)


def play_in_python(
    policy: Policy, venues: tuple[str, ...], inputs: Inputs, order_starts: OrderStarts, order: int
) -> Log:
    """Play one order with a router or a schedule that is called in Python.

    Raises
    ------
    ConfigError
        If the policy's answer is none.
    SolverError
        If its allocator refuses a problem.
    """
    log = make_room(_most_executions(inputs, order_starts, order))
    run = begin(inputs, order_starts, order)
    state, router = inputs.states[order], policy.router
    view, volume = (
        _view_of(policy, venues, inputs, run),
        _Volume(inputs, order_starts.feed_latency, state),
    )
    while (asked := advance(inputs, run, log)) != OVER:
        asks_seen(inputs, run)  # which writes what the view shows
        _renew(view, state, volume)
        if asked == ASK_SCHEDULE:
            state.scheduled = checked_due(policy.schedule, view)
            continue
        answer = router.split(view, float(state.due))
        takes, posts = answer if isinstance(answer, Split) else (answer, None)
        run.venues["take"] = _checked_shares(router, takes, view)
        _check_display(router, run.venues["take"], view)
        run.venues["post"] = 0.0 if posts is None else _checked_shares(router, posts, view)
        execute(inputs, run, log)
    return Log(log.rows[: log.total[0]].copy(), log.total)


def _most_executions(inputs: Inputs, order_starts: OrderStarts, order: int) -> int:
    """A bound: at each moment a venue is bought from twice and sold to once; and each print."""
    start, until = order_starts.starts[order], order_starts.deadlines[order]
    if inputs.rules.delayed:
        rows = np.searchsorted(inputs.seen["ts"], until, "right") - order_starts.first_seen[order]
    else:
        rows = np.searchsorted(inputs.feed["ts"], until, "right") - order_starts.first_row[order]
    prints = np.diff(np.searchsorted(inputs.prints["ts"], (start, until), "right"))
    moments = rows + inputs.rules.horizon // inputs.rules.slice + 3
    return int(3 * order_starts.standing.shape[1] * moments + prints[0])


class _Volume:
    """Shares that a router has heard of, printed since its order's start."""

    def __init__(self, inputs: Inputs, latency: IntArray, state: Any) -> None:
        start, end = int(state.now), int(state.horizon_end)
        self._heard, self._until = volume_heard(inputs.prints, latency, start, end)

    def at(self, now: int) -> float:
        """Shares until some time, which is included."""
        return float(self._until[np.searchsorted(self._heard, now, "right")])


def _view_of(policy: Policy, venues: tuple[str, ...], inputs: Inputs, run: Run) -> View:
    """A view of an order whose arrays are those of its book, and stay so."""
    rules, state = inputs.rules, inputs.states[run.order]
    return View(
        order=run.order,
        size=rules.size,
        start=int(state.now),
        end=int(state.horizon_end),
        slice=0,
        slices=-(-rules.horizon // rules.slice),
        slice_end=int(state.now),
        now=int(state.now),
        volume=0.0,
        venues=venues,
        ask=_read_only(asks_seen(inputs, run)),
        ask_left=_read_only(run.book["ask_left"]),
        bid=_read_only(run.book["bid"]),
        bid_left=_read_only(run.book["bid_left"]),
        fee=_read_only(run.venues["taker"]),
        rebate=_read_only(run.venues["rebate"]),
        best_bid=np.nan,
        best_ask=np.nan,
        remaining=rules.size,
        risk=policy.router.risk,
    )


def _read_only(column: FloatArray) -> FloatArray:
    view = column.view()
    view.flags.writeable = False
    return view


def _renew(view: View, state: Any, volume: _Volume) -> None:
    """Bring what is no array up to the present moment."""
    view.now, view.slice, view.slice_end = int(state.now), int(state.slice), int(state.slice_end)
    view.best_bid, view.best_ask = float(state.best_bid), float(state.best_ask)
    view.remaining = float(state.remaining - state.in_flight)
    view.volume = volume.at(view.now)


def _checked_shares(router: Router, answer: Any, view: View) -> FloatArray:
    """Shares per venue that a router sends, as an array of its own.

    Raises
    ------
    ConfigError
        If they are none.
    """
    shares = numbers(answer)
    if shares is None or shares.shape != view.ask.shape or not (shares >= 0).all():
        raise ConfigError(
            f"{place_of(type(router))}the router {router.name} must say shares >= 0 for each of "
            f"{len(view.venues)} venues, got {quoted(answer)}"
        )
    return shares


def _check_display(router: Router, takes: FloatArray, view: View) -> None:
    """Refuse to take more than a venue shows.

    Raises
    ------
    ConfigError
    """
    over = np.flatnonzero(takes > view.ask_left * (1 + DUST))
    if len(over):
        k = over[0]
        raise ConfigError(
            f"{place_of(type(router))}the router {router.name} takes {takes[k]:g} shares at "
            f"{view.venues[k]}, which shows {view.ask_left[k]:g}; take at most view.ask_left"
        )
