"""What is on its way between the router and the venues, where that takes time.

There are two books then: the venues' own, on which what arrives executes, and the one that the
router sees, which has each venue's quotes and executions by its feed latency later.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sor_opt.backtest.core.executions import Log, dearest_bid, record, settle
from sor_opt.backtest.core.impact import note_bought, note_heard, raised_at
from sor_opt.backtest.core.state import NEVER, Inputs, Run
from sor_opt.backtest.replay import EXCESS, LIMIT
from sor_opt.compiled import compiled
from sor_opt.market.book import is_live, left_of, look, take_ask, take_bid
from sor_opt.market.feed import Records

POST, CANCEL = LIMIT + 1, LIMIT + 2
"""Reasons of what executes nothing on arrival: a bid is to rest, and to rest no longer."""


@compiled
def send_takes(inputs: Inputs, run: Run, log: Log, reason: int) -> None:
    """Send what is to be taken, up to what is left, as limits at the asks seen."""
    for k in range(len(run.book)):
        seen = run.book[k]
        shares = min(run.venues[k].take, seen.ask_left)
        if shares > 0:
            _send(inputs, run, reason, k, seen.ask, shares)
            run.venues[k].sent += shares
    deliver(inputs, run, log, inputs.states[run.order].now)
    hide_in_flight(run)


@compiled
def send_excess(inputs: Inputs, run: Run, log: Log) -> None:
    """Offer what was bought too much at the bids seen, the best first."""
    state, dust = inputs.states[run.order], inputs.rules.dust
    excess, offered = -state.remaining, 0.0
    while excess - offered > dust:
        k = dearest_bid(run)
        if k < 0:
            break
        seen = run.book[k]
        shares = min(excess - offered, seen.bid_left)
        _send(inputs, run, EXCESS, k, seen.bid, shares)
        seen.bid_left = left_of(seen.bid_size, seen.bid_taken + shares)
        offered += shares
    deliver(inputs, run, log, state.now)


@compiled
def send_posts(inputs: Inputs, run: Run) -> None:
    """Send the bids that are to rest at the best bid seen."""
    for k in range(len(run.venues)):
        venue = run.venues[k]
        venue.open = venue.post
        if venue.post > 0:
            _send(inputs, run, POST, k, inputs.states[run.order].best_bid, venue.post)


@compiled
def send_cancels(inputs: Inputs, run: Run, log: Log) -> None:
    """Cancel the bids that are believed to rest."""
    state = inputs.states[run.order]
    state.bids_end = NEVER
    for k in range(len(run.venues)):
        if run.venues[k].open > 0:
            _send(inputs, run, CANCEL, k, state.limit, 0.0)
    deliver(inputs, run, log, state.now)


@compiled
def report_fill(inputs: Inputs, run: Run, printed: Any, shares: float) -> None:
    """Let the router know of a fill of its bid when it hears of the print."""
    limit = inputs.states[run.order].limit
    child = _add(inputs, run, LIMIT, printed.venue, limit, shares, printed.ts)
    child.executed, child.arrived = shares, True


@compiled
def _send(inputs: Inputs, run: Run, reason: int, k: int, price: float, shares: float) -> None:
    arrives = inputs.states[run.order].now + run.venues[k].latency
    _add(inputs, run, reason, k, price, shares, arrives)


@compiled
def _add(
    inputs: Inputs, run: Run, reason: int, k: int, price: float, shares: float, arrives: int
) -> Records:
    """Put a child order behind those that are on their way."""
    state, children = inputs.states[run.order], run.children
    if state.end_child == len(children):  # those that are over make room
        for i in range(state.first_child, state.end_child):
            children[i - state.first_child] = children[i]
        state.end_child -= state.first_child
        state.first_child = 0
    child = children[state.end_child]
    child.reason, child.venue, child.slice = reason, k, state.posted_slice
    child.price, child.shares = price, shares
    child.arrives, child.known = arrives, arrives + run.venues[k].feed_latency
    child.executed, child.arrived, child.over = 0.0, False, False
    state.end_child += 1
    state.next_event = min(state.next_event, arrives)
    return child


@compiled
def deliver(inputs: Inputs, run: Run, log: Log, now: int) -> None:
    """Let arrive what does so by now, in the order of sending, then let its outcome be known."""
    state, children = inputs.states[run.order], run.children
    for i in range(state.first_child, state.end_child):
        child = children[i]
        if not child.arrived and child.arrives <= now:
            child.arrived = True
            _arrive(inputs, run, log, child)
    bought = 0.0
    for i in range(state.first_child, state.end_child):
        child = children[i]
        if child.arrived and not child.over and child.known <= now:
            child.over = True
            bought += _hear(inputs, run, child)
    state.remaining = settle(state.remaining, -bought, inputs.rules.dust)
    _count(inputs, run)


@compiled
def _arrive(inputs: Inputs, run: Run, log: Log, child: Records) -> None:
    """Execute a child order on its venue, whatever the others show."""
    rules, k, now = inputs.rules, child.venue, child.arrives
    quote, live = run.market[k], is_live(run.market[k], now, rules.book)
    if child.reason == POST:
        look(run.market, now, rules.book)  # a stub is no bid
        run.venues[k].queue = _queue(quote, child.price)
        run.venues[k].resting = child.shares
        child.over = True
    elif child.reason == CANCEL:
        run.venues[k].resting = 0.0
    elif child.reason == EXCESS:
        if live and quote.bid >= child.price:
            shares = min(child.shares, left_of(quote.bid_size, quote.bid_taken))
            if shares > 0:
                take_bid(quote, shares, now)
                record(log, now, run.order, k, EXCESS, quote.bid, -shares)
                child.executed = -shares
    elif live and quote.ask <= child.price:
        shares = min(child.shares, left_of(quote.ask_size, quote.ask_taken))
        if shares > 0:
            take_ask(quote, shares, now)
            raised = raised_at(run.raised[0], now, inputs)
            note_bought(inputs, run, shares, now)
            record(log, now, run.order, k, child.reason, quote.ask + raised, shares)
            child.executed = shares


@compiled
def _queue(quote: Records, limit: float) -> float:
    """Shares before a bid that arrives; endless where nobody knows (see `queues_ahead`)."""
    if quote.bid_left <= 0 or quote.bid > limit:
        return np.inf
    return float(quote.bid_left) if quote.bid == limit else 0.0


@compiled
def _hear(inputs: Inputs, run: Run, child: Records) -> float:
    """Bring what the router knows up to a child's outcome; give what it bought at once."""
    state, dust = inputs.states[run.order], inputs.rules.dust
    seen, venue = run.book[child.venue], run.venues[child.venue]
    if child.reason == LIMIT:
        state.remaining = settle(state.remaining, -child.executed, dust)
        venue.open = max(0.0, settle(venue.open, -child.executed, dust))
        return 0.0
    if child.reason == CANCEL:
        if child.slice == state.posted_slice:  # else that bid was filled, and another one rests
            venue.open = 0.0
    elif child.executed > 0:
        take_ask(seen, child.executed, child.arrives)
        note_heard(inputs, run, child.executed, child.arrives, state.now)
    elif child.executed < 0:
        take_bid(seen, -child.executed, child.arrives)
    return float(child.executed)


@compiled
def _count(inputs: Inputs, run: Run) -> None:
    """Sum what is in flight, find the next event, and drop what is over from the front."""
    state, children = inputs.states[run.order], run.children
    for k in range(len(run.venues)):
        run.venues[k].in_flight = 0.0
    state.in_flight, state.awaited, state.next_event = 0.0, 0, NEVER
    for i in range(state.first_child, state.end_child):
        child = children[i]
        if child.over:
            continue
        state.next_event = min(state.next_event, child.known if child.arrived else child.arrives)
        state.awaited += child.reason <= EXCESS
        if child.reason < EXCESS:
            run.venues[child.venue].in_flight += child.shares
            state.in_flight += child.shares
    if state.bids_end == NEVER:
        for k in range(len(run.venues)):
            state.in_flight += run.venues[k].open
    while state.first_child < state.end_child and children[state.first_child].over:
        state.first_child += 1


@compiled
def hide_in_flight(run: Run) -> None:
    """Leave nothing of what is in flight to a venue, whatever it shows."""
    for k in range(len(run.book)):
        seen, in_flight = run.book[k], run.venues[k].in_flight
        if in_flight > 0 and seen.ask_left > 0:
            seen.ask_left = left_of(seen.ask_size, seen.ask_taken + in_flight)
