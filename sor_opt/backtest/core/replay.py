"""A policy replayed on all orders of a market."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from sor_opt.backtest.core.executions import Log, make_room
from sor_opt.backtest.core.play import play, play_in_python
from sor_opt.backtest.core.state import ROUTED_VENUE, STATE, Inputs, OrderStarts, Rules
from sor_opt.backtest.core.steps import due_steps
from sor_opt.backtest.market import Market
from sor_opt.backtest.parallel import check_jobs, dealt, in_threads
from sor_opt.backtest.replay import Replay
from sor_opt.compiled import addressed, types_of
from sor_opt.market.book import DUST
from sor_opt.market.tape import IntArray
from sor_opt.policies.policy import Policy
from sor_opt.policies.view import LiveQuotes

_USUAL_EXECUTIONS = 64
"""Room for the log, per order; a replay that needs more is run once more with enough."""


def replay(market: Market, policy: Policy, jobs: int = 1) -> Replay:
    """Replay every order of `market`.

    `jobs` threads share the orders of a compiled policy; one in Python is called in one thread.
    Whatever their number, the replay is the same.

    Raises
    ------
    ConfigError
        If the policy does not fit the orders, or answers what is no answer.
    DataError
        If the policy has too little to learn from.
    SolverError
        If its allocator refuses a problem.
    """
    check_jobs(jobs)
    ready = policy.prepare(market.context)
    router = ready.router.compiled()
    inputs, order_starts = inputs_of(market, ready)
    if router is None or inputs.rules.ask_schedule:
        venues = market.tape.venues
        orders = range(len(market.orders))
        logs = [play_in_python(ready, venues, inputs, order_starts, order) for order in orders]
        return replay_of(logs, inputs)

    split = addressed(router.split, types_of(router.form) + _types_of_a_call())

    def play_some(which: IntArray) -> Log:
        """Replay some orders, once more where they make more executions than is usual."""
        log = make_room(_USUAL_EXECUTIONS * len(which))
        play(split, router.form, inputs, order_starts, which, log)
        if log.total[0] > len(log.rows):
            log = make_room(int(log.total[0]))
            play(split, router.form, inputs, order_starts, which, log)
        return log

    logs = in_threads(play_some, dealt(len(market.orders), jobs), jobs)
    return replay_of(logs, inputs)


@cache
def _types_of_a_call() -> tuple[Any, ...]:
    """Types of what a compiled split is called with, its form apart (see `Compiled`)."""
    column = np.zeros(2)[::-1]  # one of records is as little contiguous
    quotes = LiveQuotes(column, column, column, column, column, column, 0.0, 0.0, 0, 0)
    return types_of(quotes, 0.0, column, column)


def inputs_of(market: Market, policy: Policy) -> tuple[Inputs, OrderStarts]:
    """What a market and a prepared policy give the core."""
    orders, params, posting = market.orders, market.params, policy.router.posting
    steps, first_step = due_steps(policy.schedule, market.context)
    rules = Rules(
        book=params.book.rules,
        size=float(orders.size),
        horizon=orders.horizon,
        slice=params.slice,
        dust=DUST * float(orders.size),
        sweeps=params.completion == "sweep",
        ask_schedule=policy.schedule.timing == "decision",
        posts=posting is not None,
        completes_slices=posting is not None and posting.leftover == "sweep",
        through=posting is not None and posting.through == "fill",
        delayed=market.delayed,
        room=_most_on_their_way(market) if market.delayed else 0,
        impact=0.0 if params.impact is None else float(params.impact.bps),
        half_life=1 if params.impact is None else params.impact.half_life,
    )
    states = np.zeros(len(orders), STATE)
    venues = np.zeros(market.taker.shape, ROUTED_VENUE)
    order_starts = OrderStarts(
        orders.starts,
        orders.deadlines,
        market.first_row,
        market.standing,
        market.taker,
        market.rebate,
        market.latency,
        market.feed_latency,
        np.searchsorted(market.seen["ts"], orders.starts, "right"),
        market.seen_standing,
        first_step,
    )
    inputs = Inputs(market.feed, market.prints, market.seen, steps, states, venues, rules)
    return inputs, order_starts


def _most_on_their_way(market: Market) -> int:
    """A bound of the child orders of one parent order that are on their way at once.

    In the time of a way there and back a venue is sent at most four at each decision: a cancel, a
    completion, a bid and what is taken. Each print of an order's life may fill a bid, and waits for
    the next moment to be told of.
    """
    there_and_back = int(market.latency.max() + market.feed_latency.max())
    life = int((market.orders.deadlines - market.orders.starts).max(initial=0))
    decisions = _most_within(market.seen["ts"], there_and_back)
    decisions += there_and_back // market.params.slice + 4
    prints = _most_within(market.prints["ts"], max(life, there_and_back))
    return 4 * len(market.tape.venues) * decisions + prints


def _most_within(ts: IntArray, length: int) -> int:
    """The most of some rising times that lie within some nanoseconds."""
    ends = np.searchsorted(ts, ts + length, "right")
    return int((ends - np.arange(len(ts))).max(initial=0))


def replay_of(logs: list[Log], inputs: Inputs) -> Replay:
    """What was played, order by order."""
    states = inputs.states
    rows = np.concatenate([log.rows[: log.total[0]] for log in logs])
    if len(logs) > 1:  # parts that threads took
        rows = rows[np.argsort(rows["order"], kind="stable")]
    columns = ("ts", "order", "venue", "reason", "price", "shares")
    tallies = ("arrival_mid", "arrival_ts", "last_mid", "last_ts")
    counts = ("snapshots", "crossed", "empty", "wide")
    return Replay(
        **{name: rows[name].copy() for name in columns},
        **{name: states[name].copy() for name in (*tallies, *counts)},
        **{name: inputs.venues[name].copy() for name in ("sent", "posted")},
    )
