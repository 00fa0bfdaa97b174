"""The kernel's placement split: market orders at once, limit orders until the slice ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.allocators.fast.local_search import UNLIMITED_STEPS, local_search
from sor_opt.allocators.fast.selections import NEAR, Penalties
from sor_opt.allocators.fast.single import FREE, solve_single
from sor_opt.allocators.fast.tables import Tables, collapse
from sor_opt.backtest.history import History
from sor_opt.backtest.kernel.book import BookState
from sor_opt.backtest.kernel.resting import Resting, post
from sor_opt.compiled import compiled, inlined, summing
from sor_opt.market.book import Prints
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.placement import Ladders, VenueQuotes, ladders_of, queues_ahead, write_rungs


class Plan(NamedTuple):
    """The placement policy, flat, and what it reads; `theta` in the policy's unit."""

    history: History
    prints: Prints
    theta: float
    fraction: bool
    step: float
    infinite: bool
    sweeps: bool
    through: bool


@compiled
def touch_of(
    book: BookState, taker: FloatArray, rebate: FloatArray, best_bid: float, mid: float
) -> VenueQuotes:
    """The moment as the placement model sees it."""
    queue = queues_ahead(book.bid, book.bid_left, best_bid)
    return VenueQuotes(book.ask, book.ask_left, taker, rebate, queue, best_bid, mid)


@inlined
def place(
    touch: VenueQuotes,
    plan: Plan,
    bids: Resting,
    penalties: FloatArray,
    due: float,
    order: int,
    now: int,
    ends: int,
    takes: FloatArray,
) -> None:
    """Split what is due in a slice: rest the limit orders until it `ends`, write what to take.

    For `penalties` see `split_placement`.
    """
    split_placement(touch, plan, penalties, order, bids.times[2], due, takes, bids.left)
    post(bids, plan.prints, touch.queue, touch.best_bid, now, ends)


@inlined
def split_placement(
    touch: VenueQuotes,
    plan: Plan,
    penalties: FloatArray,
    order: int,
    number: int,
    target: float,
    takes: FloatArray,
    posts: FloatArray,
) -> None:
    """Write the model's market and limit orders (`sor_opt.models.placement`) for a slice.

    `penalties` are lambda_under + theta_queue and lambda_over in the policy's unit.
    """
    venues = len(takes)
    history = plan.history
    flows = history.flows[history.first[order, number] : history.last[order, number]]
    if len(flows) == 0:  # nothing is known of the queues
        flows = np.zeros((1, venues))
        touch.queue[:] = np.inf
    unit = abs(touch.mid) if plan.fraction else 1.0
    miss = Penalties(target, penalties[0] * unit, penalties[1] * unit)
    ladders = ladders_of(touch, flows, target, plan.theta * unit, plan.step, plan.infinite)
    rungs = np.zeros(2 * venues, np.int64)
    if len(flows) == 1:
        _climb_one(ladders, plan.step, miss, rungs)
    else:
        local_search(tabulate(ladders, plan.step, miss), UNLIMITED_STEPS, rungs)
    for k in range(venues):
        takes[k], posts[k] = rungs[k] * plan.step, rungs[venues + k] * plan.step


@inlined
def _climb_one(ladders: Ladders, step: float, miss: Penalties, rungs: IntArray) -> None:
    """Solve a problem of one scenario."""
    offsets = np.zeros(len(rungs) + 1, np.int64)
    for i in range(len(rungs)):
        offsets[i + 1] = offsets[i] + ladders.heights[i]
    fills, costs = np.empty((offsets[-1], 1)), np.empty(offsets[-1])
    write_rungs(ladders, step, fills, costs)
    target, short, excess = miss
    solve_single(offsets, fills.reshape(-1), costs, target, short, excess, FREE, rungs)


@compiled
def tabulate(ladders: Ladders, step: float, miss: Penalties) -> Tables:
    """Tabulate equally likely scenarios: what is `reduced` of the problem.

    A rung executes no more than the one before it, so that beyond the first that does not pay for
    what it is expected to execute none does.
    """
    count, scenarios = ladders.reach.shape
    reach = ladders.reach.copy()
    rungs = 0
    for i in range(count):
        rungs += ladders.heights[i]
    starts, spent = np.zeros(count + 1, np.int64), np.zeros(rungs + count)
    for i in range(count):
        at = starts[i]
        for j in range(ladders.heights[i]):
            total = _executed(ladders.reach[i, : ladders.differing[i]], j * step, step)
            cost = ladders.fixed[i] + ladders.price[i] * total / ladders.differing[i]
            worth = miss.shortfall_penalty * (total / ladders.differing[i])
            if cost - worth >= -NEAR * (1.0 + abs(worth)):
                break
            spent[at + 1] = spent[at] + cost
            at += 1
        starts[i + 1] = at + 1
        for s in range(scenarios):
            reach[i, s] = min(reach[i, s], (at - starts[i]) * step)
    likely = np.full(scenarios, 1.0 / scenarios)
    weights, differing = likely.copy(), 0
    given = collapse(reach, weights)
    for s in range(scenarios):
        differing = max(differing, given[s] + 1)
    filled = np.empty((starts[count], differing))
    for i in range(count):
        for n in range(starts[i + 1] - starts[i]):
            for s in range(differing):
                filled[starts[i] + n, s] = min(reach[i, s], n * step)
    spent = spent[: starts[count]]
    return Tables(starts, spent, filled, weights[:differing], miss, given, likely, ladders.reach)


@summing
def _executed(reach: FloatArray, ahead: float, step: float) -> float:
    """Shares that a rung executes, summed over scenarios."""
    total = 0.0
    for s in range(len(reach)):
        total += min(max(reach[s] - ahead, 0.0), step)
    return total
