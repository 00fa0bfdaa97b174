"""An order on its way, and what all orders of a replay read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.compiled import compiled, inlined
from sor_opt.market.book import Book, BookRules, apply_quote, new_book
from sor_opt.market.feed import Feed, Prints, Records, record_type
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.policies.view import LiveQuotes

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
    ("next_step", np.int64),
    ("last_step", np.int64),
    ("posted_slice", np.int64),
    ("bids_end", np.int64),
    ("next_print", np.int64),
    ("remaining", np.float64),
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
row : the first row of the feed that is not applied yet.
next_step, last_step : the steps of the schedule that are still to come (see `Inputs`).
posted_slice : the last slice for which a router that posts was asked.
bids_end, next_print, limit : until when our bids rest, the first print that may meet them, and
    their price.
remaining : shares still to be bought, negative for an excess.
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
    ("take", np.float64),
    ("post", np.float64),
    ("queue", np.float64),
    ("resting", np.float64),
)
"""An order's fees at a venue (dollars per share), what its router sends there, the shares before
our bid, and what is left of the bid."""


class Rules(NamedTuple):
    """How orders are executed, in plain numbers.

    size, horizon, slice : of every order; shares and nanoseconds.
    dust : shares that count as nothing.
    sweeps : whether an order is completed like a sweep, or else like best-ask.
    ask_schedule : whether the schedule is asked at each decision.
    posts : whether the router is asked once per slice, and posts.
    completes_slices : whether what a slice left is completed at once.
    through : whether a print below the limit fills all.
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


class Inputs(NamedTuple):
    """What the orders of a replay read, and the states that they write.

    Attributes
    ----------
    feed, prints : Feed, Prints
    steps : records of dtype `STEP`
        What the schedule asks for, order after order.
    states : records of dtype `STATE`, shape (orders,)
    rules : Rules
    """

    feed: Feed
    prints: Prints
    steps: Records
    states: Records
    rules: Rules


class OrderStarts(NamedTuple):
    """How orders begin.

    Attributes
    ----------
    starts, deadlines, first_row : int64 ndarray, shape (orders,)
    standing : int64 ndarray, shape (orders, K)
    taker, rebate : float64 ndarray, shape (orders, K)
        See `sor_opt.backtest.market.Market`.
    first_step : int64 ndarray, shape (orders + 1,)
        Where each order's steps begin.
    """

    starts: IntArray
    deadlines: IntArray
    first_row: IntArray
    standing: IntArray
    taker: FloatArray
    rebate: FloatArray
    first_step: IntArray


class Run(NamedTuple):
    """One order on its way: its number, its book, and its venues, of dtype `ROUTED_VENUE`."""

    order: int
    book: Book
    venues: Records


@compiled
def begin(inputs: Inputs, order_starts: OrderStarts, order: int) -> Run:
    """Set an order to its start, with the quotes that stand then."""
    state, start, rules = inputs.states[order], order_starts.starts[order], inputs.rules
    book = new_book(order_starts.standing.shape[1])
    venues = np.zeros(len(book), ROUTED_VENUE)
    for k in range(len(book)):
        venues[k].taker, venues[k].rebate = (
            order_starts.taker[order, k],
            order_starts.rebate[order, k],
        )
        if order_starts.standing[order, k] >= 0:
            apply_quote(book, inputs.feed[order_starts.standing[order, k]], rules.book)
    state.phase, state.now, state.row = TICK, start, order_starts.first_row[order]
    state.horizon_end, state.deadline = start + rules.horizon, order_starts.deadlines[order]
    state.slice = state.posted_slice = state.bids_end = state.next_print = -1
    state.slice_start, state.slice_end = start, start
    state.next_step = order_starts.first_step[order]
    state.last_step = order_starts.first_step[order + 1] - 1
    state.remaining = rules.size
    state.scheduled = state.scheduled_before = state.due = state.limit = 0.0
    state.best_bid = state.best_ask = np.nan
    state.arrival_mid = state.last_mid = np.nan
    state.arrival_ts = state.last_ts = -1
    state.snapshots = state.crossed = state.empty = state.wide = 0
    return Run(order, book, venues)


@compiled
def clear(run: Run) -> None:
    """Take and post nothing."""
    for k in range(len(run.venues)):
        run.venues[k].take = run.venues[k].post = 0.0


@inlined
def quotes_of(inputs: Inputs, run: Run) -> LiveQuotes:
    """What a compiled router sees."""
    state, book, venues = inputs.states[run.order], run.book, run.venues
    return LiveQuotes(
        book["ask"],
        book["ask_left"],
        book["bid"],
        book["bid_left"],
        venues["taker"],
        venues["rebate"],
        state.best_bid,
        (state.best_bid + state.best_ask) / 2,
        run.order,
        state.slice,
    )
