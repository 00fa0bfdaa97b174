"""Our bids that rest on venues for a slice, and the prints that meet them."""

from __future__ import annotations

import numpy as np

from sor_opt.backtest.core.executions import Log, record, settle
from sor_opt.backtest.core.state import Inputs, Resting, Run
from sor_opt.backtest.replay import LIMIT
from sor_opt.compiled import compiled
from sor_opt.market.book import DUST
from sor_opt.models.placement import queues_ahead
from sor_opt.models.windows import outflow_of


@compiled
def post(inputs: Inputs, run: Run) -> None:
    """Rest what is to be posted behind what is displayed; prints after now may meet it."""
    state, bids, book = inputs.states[run.order], run.bids, run.book
    queue = queues_ahead(book.bid, book.bid_left, state.best_bid)
    for k in range(len(queue)):
        bids.queue[k], bids.left[k] = queue[k], run.posts[k]
    state.limit, state.bids_end = state.best_bid, state.slice_end
    state.next_print = np.searchsorted(inputs.prints.ts, state.now, side="right")


@compiled
def is_open(bids: Resting) -> bool:
    """Whether anything rests."""
    most = 0.0
    for left in bids.left:
        most = max(most, left)
    return bool(most > 0)


@compiled
def meet(inputs: Inputs, run: Run, log: Log, now: int) -> None:
    """Let the prints up to now eat the queues and then our bids."""
    prints, bids, state = inputs.prints, run.bids, inputs.states[run.order]
    at, limit, dust = state.next_print, state.limit, DUST * inputs.orders.size
    while at < len(prints.ts) and prints.ts[at] <= now:
        venue = prints.venue[at]
        if bids.left[venue] > 0:
            outflow = outflow_of(
                prints.price[at], prints.size[at], prints.buying[at], limit, inputs.rules.through
            )
            shares = min(max(outflow - bids.queue[venue], 0.0), bids.left[venue])
            bids.queue[venue] = max(0.0, bids.queue[venue] - outflow)
            if shares > dust:
                bids.left[venue] = settle(bids.left[venue], -shares, dust)
                record(log, prints.ts[at], run.order, venue, LIMIT, limit, shares)
                state.remaining = settle(state.remaining, -shares, dust)
        at += 1
    state.next_print = at
