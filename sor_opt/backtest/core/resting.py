"""Our bids that rest on venues for a slice, and the prints that meet them."""

from __future__ import annotations

import numpy as np

from sor_opt.backtest.core.executions import Log, record, settle
from sor_opt.backtest.core.state import Inputs, Run, next_slice
from sor_opt.backtest.core.transit import report_fill, send_posts
from sor_opt.backtest.replay import LIMIT
from sor_opt.compiled import compiled
from sor_opt.market.feed import Prints
from sor_opt.models.snapshot import queues_ahead
from sor_opt.models.windows import outflow_of


@compiled
def post(inputs: Inputs, run: Run) -> None:
    """Rest what is to be posted behind what is displayed; prints after now may meet it."""
    state, book = inputs.states[run.order], run.book
    if inputs.rules.delayed:
        send_posts(inputs, run)
    else:
        queue = queues_ahead(book["bid"], book["bid_left"], state.best_bid)
        for k in range(len(queue)):
            run.venues[k].queue, run.venues[k].resting = queue[k], run.venues[k].post
    for k in range(len(run.venues)):
        run.venues[k].posted += run.venues[k].post
    state.limit, state.bids_end = state.best_bid, state.slice_end
    state.next_print = _first_after(inputs.prints, state.now)


@compiled
def _first_after(prints: Prints, now: int) -> int:
    """The first print after now. NumPy's own search would take longer to compile than all else."""
    low, high = 0, len(prints)
    while low < high:
        middle = (low + high) // 2
        if prints[middle].ts > now:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def is_open(run: Run) -> bool:
    """Whether anything rests, or is believed to."""
    most = 0.0
    for k in range(len(run.venues)):
        most = max(most, run.venues[k].resting, run.venues[k].open)
    return bool(most > 0)


@compiled
def end_bids(run: Run) -> None:
    """Cancel all that rests."""
    for k in range(len(run.venues)):
        run.venues[k].resting = 0.0


@compiled
def meet_until(inputs: Inputs, run: Run, log: Log) -> None:
    """Let the prints meet our bids until the next timestamp, or the next slice's start."""
    feed, state = inputs.feed, inputs.states[run.order]
    if is_open(run):
        now = min(next_slice(state), state.deadline)
        if state.row < len(feed):
            now = min(feed[state.row].ts, now)
        meet(inputs, run, log, now)


@compiled
def meet(inputs: Inputs, run: Run, log: Log, now: int) -> None:
    """Let the prints up to now eat the queues and then our bids."""
    prints, state, rules = inputs.prints, inputs.states[run.order], inputs.rules
    at, limit = state.next_print, state.limit
    while at < len(prints) and prints[at].ts <= now:
        printed, venue = prints[at], run.venues[prints[at].venue]
        if venue.resting > 0:
            outflow = outflow_of(
                printed.price, printed.shares, printed.buying, limit, rules.through
            )
            if outflow == np.inf:  # past a queue without end too
                venue.queue = 0.0
            shares = min(max(outflow - venue.queue, 0.0), venue.resting)
            venue.queue = max(0.0, venue.queue - outflow)
            if shares > rules.dust:
                venue.resting = settle(venue.resting, -shares, rules.dust)
                record(log, printed.ts, run.order, printed.venue, LIMIT, limit, shares)
                if rules.delayed:
                    report_fill(inputs, run, printed, shares)
                else:
                    state.remaining = settle(state.remaining, -shares, rules.dust)
        at += 1
    state.next_print = at
