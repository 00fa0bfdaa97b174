"""Orders played to their end, with a router that is compiled, or with one in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sor_opt.backtest.core.advance import ASK_ROUTER, ASK_SCHEDULE, OVER, advance, execute
from sor_opt.backtest.core.executions import Log, make_room
from sor_opt.backtest.core.state import Inputs, Run, begin, quotes_of
from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.book import DUST
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.base import Router, Split
from sor_opt.policies.view import View


@compiled
def play(split: Callable[..., None], form: Any, inputs: Inputs, which: IntArray, log: Log) -> None:
    """Play some orders with a compiled router (see `Compiled`); their schedule is in steps."""
    for order in which:
        run = begin(inputs, order)
        while advance(inputs, run, log) != OVER:
            due = inputs.states[order].due
            split(form, quotes_of(inputs, run), due, run.takes, run.posts)
            execute(inputs, run, log)


def play_in_python(policy: Policy, venues: tuple[str, ...], inputs: Inputs, order: int) -> Log:
    """Play one order with a router or a schedule that is called in Python.

    Raises
    ------
    ConfigError
        If the policy's answer is none.
    SolverError
        If its allocator refuses a problem.
    """
    log, run = make_room(_most_executions(inputs, order)), begin(inputs, order)
    view = _view_of(policy, venues, inputs, run)
    state, router = inputs.states[order], policy.router
    while (asked := advance(inputs, run, log)) != OVER:
        _renew(view, inputs, order)
        if asked == ASK_SCHEDULE:
            state["scheduled"] = _checked_due(policy, view)
        elif asked == ASK_ROUTER:
            answer = router.split(view, float(state["due"]))
            takes, posts = answer if isinstance(answer, Split) else (answer, None)
            run.takes[:] = _checked_shares(router, takes, view)
            _check_display(router, run.takes, view)
            run.posts[:] = 0.0 if posts is None else _checked_shares(router, posts, view)
            execute(inputs, run, log)
    return log


def _most_executions(inputs: Inputs, order: int) -> int:
    """A bound: at each moment a venue is bought from and sold to once, and by each print."""
    orders = inputs.orders
    first, until = orders.first_row[order], orders.deadlines[order]
    rows = np.searchsorted(inputs.feed.ts, until, "right") - first
    prints = np.diff(np.searchsorted(inputs.prints.ts, (orders.starts[order], until), "right"))
    moments = rows + orders.horizon // orders.slice + 3
    return int(3 * orders.standing.shape[1] * moments + prints[0])


def _view_of(policy: Policy, venues: tuple[str, ...], inputs: Inputs, run: Run) -> View:
    """A view of an order whose arrays are those of its book, and stay so."""
    orders, book = inputs.orders, run.book
    start = int(orders.starts[run.order])
    return View(
        order=run.order,
        size=orders.size,
        start=start,
        end=start + orders.horizon,
        slice=0,
        slices=-(-orders.horizon // orders.slice),
        slice_end=start,
        now=start,
        volume=0.0,
        venues=venues,
        ask=_read_only(book.ask),
        ask_left=_read_only(book.ask_left),
        bid=_read_only(book.bid),
        bid_left=_read_only(book.bid_left),
        fee=_read_only(run.taker),
        rebate=_read_only(run.rebate),
        best_bid=np.nan,
        best_ask=np.nan,
        remaining=orders.size,
        risk=policy.router.risk,
    )


def _read_only(column: FloatArray) -> FloatArray:
    view = column.view()
    view.flags.writeable = False
    return view


def _renew(view: View, inputs: Inputs, order: int) -> None:
    """Bring what is no array up to the present moment."""
    state = inputs.states[order]
    view.now, view.slice, view.slice_end = (
        int(state[name]) for name in ("now", "slice", "slice_end")
    )
    view.best_bid, view.best_ask, view.remaining = (
        float(state[name]) for name in ("best_bid", "best_ask", "remaining")
    )
    prints = inputs.prints
    since, until = np.searchsorted(prints.ts, (view.start, view.now), "right")
    view.volume = float(prints.size[since:until].sum())


def _checked_due(policy: Policy, view: View) -> float:
    """What the schedule says is due.

    Raises
    ------
    ConfigError
        If that is no number of shares.
    """
    due, name = policy.schedule.due(view), policy.schedule.name
    if not 0 <= due <= view.size * (1 + DUST):
        raise ConfigError(f"the schedule {name} must say 0 to {view.size:g} shares, got {due!r}")
    return float(due)


def _checked_shares(router: Router, answer: Any, view: View) -> FloatArray:
    """Shares per venue that a router sends, as an array of its own.

    Raises
    ------
    ConfigError
        If they are none.
    """
    shares = np.array(answer, dtype=np.float64)
    if shares.shape != view.ask.shape or not (shares >= 0).all():
        raise ConfigError(
            f"the router {router.name} must say shares >= 0 for each of {len(view.venues)} venues, "
            f"got {quoted(answer)}"
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
            f"the router {router.name} takes {takes[k]:g} shares at {view.venues[k]}, which shows "
            f"{view.ask_left[k]:g}; take at most view.ask_left"
        )
