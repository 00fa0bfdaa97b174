"""An order on its way, and what all orders of a replay read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.compiled import compiled, inlined
from sor_opt.market.book import TRADABLE, Book, BookRules, apply_quote, look, new_book
from sor_opt.market.feed import Feed, Prints, Records, record_type
from sor_opt.market.tape import FloatArray, IntArray

NEVER = np.iinfo(np.int64).max
"""A time after all others."""

TICK, SCHEDULED, ROUTED = range(3)
"""What comes next for an order: the next moment, the shares due, or the end of a decision."""

STATE = record_type(
    ("phase", np.int64),
    ("now", np.int64),
    ("horizon_end", np.int64),
    ("deadline", np.int64),
    ("slice", np.int64),
    ("slice_start", np.int64),
    ("slice_end", np.int64),
    ("row", np.int64),
    ("next_seen", np.int64),
    ("first_child", np.int64),
    ("end_child", np.int64),
    ("next_event", np.int64),
    ("awaited", np.int64),
    ("next_step", np.int64),
    ("last_step", np.int64),
    ("posted_slice", np.int64),
    ("bids_end", np.int64),
    ("next_print", np.int64),
    ("remaining", np.float64),
    ("in_flight", np.float64),
    ("scheduled", np.float64),
    ("scheduled_before", np.float64),
    ("due", np.float64),
    ("best_bid", np.float64),
    ("best_ask", np.float64),
    ("limit", np.float64),
    ("arrival_mid", np.float64),
    ("arrival_ts", np.int64),
    ("last_mid", np.float64),
    ("last_ts", np.int64),
    ("snapshots", np.int64),
    ("crossed", np.int64),
    ("empty", np.int64),
    ("wide", np.int64),
)
"""Where an order stands; times in nanoseconds UTC, -1 before the first.

horizon_end, deadline : from when on the order is completed, and after when nothing trades.
slice, slice_start, slice_end : the present slice; it stays the last one after the horizon.
row, next_seen : the first row of the feed that is not applied yet, and that the router has not
    seen yet (see `Inputs`).
first_child, end_child, next_event, awaited : where the child orders on their way begin and end (see
    `Run`), when the next of them arrives or is heard of, and how many of them execute at once.
next_step, last_step : the steps of the schedule that are still to come (see `Inputs`).
posted_slice : the last slice for which a router that posts was asked.
bids_end, next_print, limit : until when our bids rest, the first print that may meet them, and
    their price.
remaining : shares still to be bought, as the router knows; negative for an excess.
in_flight : shares that may have been bought, of which the router does not know yet.
scheduled, scheduled_before : shares that should have been bought by now, and as of the last moment
    before the present slice.
due : shares that the router is asked to send.
best_bid, best_ask : at the last look.
arrival_mid, arrival_ts, last_mid, last_ts : of the first and of the last book that could be traded
    on; NaN and -1 where there was none.
snapshots, crossed, empty, wide : moments looked at, and those with such a book.
"""


STEP = record_type(("ts", np.int64), ("shares", np.float64))
"""From a time on, so many shares should have been bought."""

ROUTED_VENUE = record_type(
    ("taker", np.float64),
    ("rebate", np.float64),
    ("latency", np.int64),
    ("feed_latency", np.int64),
    ("take", np.float64),
    ("post", np.float64),
    ("queue", np.float64),
    ("resting", np.float64),
    ("open", np.float64),
    ("in_flight", np.float64),
    ("ask", np.float64),
    ("sent", np.float64),
    ("posted", np.float64),
)
"""An order's fees at a venue (dollars per share), its latencies (nanoseconds), what its router
sends there, the shares before our bid, what is left of the bid, what the router believes of that
where it hears of it later, the shares in flight to its ask, the ask as the order's impact raises
it, and all shares that were sent to its ask, and posted there."""

RAISED = record_type(("since", np.int64), ("dollars", np.float64), ("fresh", np.float64))
"""By how much an order raises asks: dollars per share at a time, and what its executions at that
very time add from then on."""

CHILD = record_type(
    ("reason", np.int64),
    ("venue", np.int64),
    ("slice", np.int64),
    ("price", np.float64),
    ("shares", np.float64),
    ("executed", np.float64),
    ("arrives", np.int64),
    ("known", np.int64),
    ("arrived", np.bool_),
    ("over", np.bool_),
)
"""A child order on its way: the slice that its router was last asked to post in, its limit, what it
executed (negative if sold), when it arrives, when the router knows, and whether both have
happened."""


class Rules(NamedTuple):
    """How orders are executed, in plain numbers.

    size, horizon, slice : of every order; shares and nanoseconds.
    dust : shares that count as nothing.
    sweeps : whether an order is completed like a sweep, or else like best-ask.
    ask_schedule : whether the schedule is asked at each decision.
    posts : whether the router is asked once per slice, and posts.
    completes_slices : whether what a slice left is completed at once.
    through : whether a print below the limit fills all.
    delayed : whether anything takes time between the router and the venues.
    room : child orders that can be on their way at once.
    impact : basis points of the arrival mid by which 1,000 shares raise asks; 0 for no impact.
    half_life : nanoseconds in which half of that is gone.
    """

    book: BookRules
    size: float
    horizon: int
    slice: int
    dust: float
    sweeps: bool
    ask_schedule: bool
    posts: bool
    completes_slices: bool
    through: bool
    delayed: bool
    room: int
    impact: float
    half_life: int


class Inputs(NamedTuple):
    """What the orders of a replay read, and the states and venues that they write.

    Attributes
    ----------
    feed, prints : Feed, Prints
    seen : records of dtype `SEEN`
        The feed's rows as the router sees them; none where that is when they happen.
    steps : records of dtype `STEP`
        What the schedule asks for, order after order.
    states : records of dtype `STATE`, shape (orders,)
    venues : records of dtype `ROUTED_VENUE`, shape (orders, K)
    rules : Rules
    """

    feed: Feed
    prints: Prints
    seen: Records
    steps: Records
    states: Records
    venues: Records
    rules: Rules


class OrderStarts(NamedTuple):
    """How orders begin.

    Attributes
    ----------
    starts, deadlines, first_row : int64 ndarray, shape (orders,)
    standing : int64 ndarray, shape (orders, K)
    taker, rebate : float64 ndarray, shape (orders, K)
    latency, feed_latency : int64 ndarray, shape (K,)
        See `sor_opt.backtest.market.Market`.
    first_seen : int64 ndarray, shape (orders,)
        The first of `Inputs.seen` after each start.
    seen_standing : int64 ndarray, shape (orders, K)
        As `standing`, of what the router has seen.
    first_step : int64 ndarray, shape (orders + 1,)
        Where each order's steps begin.
    """

    starts: IntArray
    deadlines: IntArray
    first_row: IntArray
    standing: IntArray
    taker: FloatArray
    rebate: FloatArray
    latency: IntArray
    feed_latency: IntArray
    first_seen: IntArray
    seen_standing: IntArray
    first_step: IntArray


class Run(NamedTuple):
    """One order on its way.

    Attributes
    ----------
    order : int
        Its number.
    book : Book
        What its router sees.
    market : Book
        What the venues have; the same array, unless something takes time between them.
    venues : records of dtype `ROUTED_VENUE`, shape (K,)
    children : records of dtype `CHILD`
        What is on its way, in the order of sending.
    raised : records of dtype `RAISED`, shape (1,)
        By how much the order raises the venues' asks.
    known : records of dtype `RAISED`, shape (1,)
        The same as its router has heard; the same array, unless something takes time.
    """

    order: int
    book: Book
    market: Book
    venues: Records
    children: Records
    raised: Records
    known: Records


@compiled
def begin(inputs: Inputs, order_starts: OrderStarts, order: int) -> Run:
    """Set an order to its start, with the quotes that stand then."""
    state, start, rules = inputs.states[order], order_starts.starts[order], inputs.rules
    market = _standing_book(inputs, order_starts.standing[order])
    book = _standing_book(inputs, order_starts.seen_standing[order]) if rules.delayed else market
    venues = inputs.venues[order]
    for k in range(len(book)):
        venue = venues[k]
        venue.queue = venue.resting = venue.open = venue.in_flight = 0.0
        venue.sent = venue.posted = 0.0
        venue.taker, venue.rebate = order_starts.taker[order, k], order_starts.rebate[order, k]
        venue.latency, venue.feed_latency = order_starts.latency[k], order_starts.feed_latency[k]
    state.phase, state.now, state.row = TICK, start, order_starts.first_row[order]
    state.horizon_end, state.deadline = start + rules.horizon, order_starts.deadlines[order]
    state.slice = state.posted_slice = state.bids_end = state.next_print = -1
    state.slice_start, state.slice_end = start, start
    state.next_step = order_starts.first_step[order]
    state.last_step = order_starts.first_step[order + 1] - 1
    state.next_seen, state.next_event = order_starts.first_seen[order], NEVER
    state.first_child = state.end_child = state.awaited = 0
    state.remaining, state.in_flight = rules.size, 0.0
    state.scheduled = state.scheduled_before = state.due = state.limit = 0.0
    state.best_bid = state.best_ask = np.nan
    state.arrival_mid = state.last_mid = np.nan
    state.arrival_ts = state.last_ts = -1
    state.snapshots = state.crossed = state.empty = state.wide = 0
    raised = np.zeros(1, RAISED)
    known = np.zeros(1, RAISED) if rules.delayed else raised
    run = Run(order, book, market, venues, np.empty(rules.room, CHILD), raised, known)
    if rules.delayed:
        note_mid(inputs, run, start)
    return run


@compiled
def _standing_book(inputs: Inputs, standing: IntArray) -> Book:
    """The quotes that stand, given their rows; -1 for none."""
    book = new_book(len(standing))
    for k in range(len(standing)):
        if standing[k] >= 0:
            apply_quote(book, inputs.feed[standing[k]], inputs.rules.book)
    return book


@compiled
def note_mid(inputs: Inputs, run: Run, now: int) -> None:
    """Note the mid of the venues' book, if it can be traded on."""
    bid, ask, condition = look(run.market, now, inputs.rules.book)
    if condition == TRADABLE:
        set_mid(inputs.states[run.order], (bid + ask) / 2, now)


@inlined
def set_mid(state: Records, mid: float, now: int) -> None:
    """Set the last mid, and the arrival mid by the first."""
    state.last_mid, state.last_ts = mid, now
    if state.arrival_ts < 0:
        state.arrival_mid, state.arrival_ts = mid, now


@inlined
def next_slice(state: Records) -> int:
    """When the next slice starts, or the horizon ends; `NEVER` from then on."""
    return int(state.slice_end) if state.now < state.horizon_end else NEVER


@compiled
def clear(run: Run) -> None:
    """Take and post nothing."""
    for k in range(len(run.venues)):
        run.venues[k].take = run.venues[k].post = 0.0
