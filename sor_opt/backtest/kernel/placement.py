"""The kernel's placement split: market orders at once, limit orders until the slice ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.allocators.cores.descent import prefix_sums, search_climbs
from sor_opt.allocators.cores.knapsack import STEPS
from sor_opt.allocators.fast import FREE, climb
from sor_opt.backtest.history import History
from sor_opt.backtest.kernel.book import BookState
from sor_opt.compiled import compiled
from sor_opt.market.book import Prints
from sor_opt.market.tape import FloatArray
from sor_opt.model.placement import Touch, lay_out, queues_ahead, write_ladders


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
) -> Touch:
    """The moment as the placement model sees it."""
    queue = queues_ahead(book.bid, book.bid_left, best_bid)
    return Touch(book.ask, book.ask_left, taker, rebate, queue, best_bid, mid)


@compiled
def split_placement(
    touch: Touch,
    plan: Plan,
    penalties: FloatArray,
    order: int,
    number: int,
    target: float,
    takes: FloatArray,
    posts: FloatArray,
) -> None:
    """Write the model's market and limit orders (`sor_opt.model.placement`) for a slice.

    `penalties` are lambda_under + theta_queue and lambda_over in the policy's unit.
    """
    venues = len(takes)
    history = plan.history
    flows = history.flows[history.first[order, number] : history.last[order, number]]
    if len(flows) == 0:  # nothing is known of the queues
        flows = np.zeros((1, venues))
        touch.queue[:] = np.inf
    unit = abs(touch.mid) if plan.fraction else 1.0
    under, over = penalties[0] * unit, penalties[1] * unit
    offsets = lay_out(touch, target, plan.step, plan.infinite)
    fills, costs = np.empty((offsets[-1], len(flows))), np.empty(offsets[-1])
    theta = plan.theta * unit
    write_ladders(touch, flows, theta, plan.step, plan.infinite, offsets, fills, costs)
    rungs = np.zeros(2 * venues, dtype=np.int64)
    if len(flows) == 1:
        climb(offsets, fills.reshape(-1), costs, target, under, over, FREE, STEPS, rungs)
    else:
        likely = np.full(len(flows), 1.0 / len(flows))
        search_climbs(prefix_sums(offsets, fills, costs, likely, target, under, over), rungs)
    for k in range(venues):
        takes[k], posts[k] = rungs[k] * plan.step, rungs[venues + k] * plan.step
