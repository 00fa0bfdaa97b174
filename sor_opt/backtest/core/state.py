"""An order on its way, and what all orders of a replay read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sor_opt.compiled import compiled
from sor_opt.market.book import Book, BookRules, apply_quote, new_book
from sor_opt.market.feed import Feed, Prints
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.policies.view import LiveQuotes

TICK, SCHEDULED, ROUTED = range(3)
"""What comes next for an order: the next moment, the shares due, or the end of a decision."""

STATE = np.dtype(
    [
        ("phase", np.int64),
        ("now", np.int64),
        ("slice", np.int64),
        ("slice_start", np.int64),
        ("slice_end", np.int64),
        ("row", np.int64),
        ("step", np.int64),
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
    ]
)
"""Where an order stands; times in nanoseconds UTC, -1 before the first.

slice, slice_start, slice_end : the present slice; it stays the last one after the horizon.
row : the first row of the feed that is not applied yet.
step : the present step of the schedule (see `DueSteps`).
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


class DueSteps(NamedTuple):
    """What schedules ask for, as steps in time.

    From ``times[i]`` on ``shares[i]`` should have been bought; order j's steps are ``first[j]`` to
    ``first[j + 1]``.
    """

    first: IntArray
    times: IntArray
    shares: FloatArray


class Orders(NamedTuple):
    """Parent orders (see `sor_opt.backtest.orders.ParentOrders` and `Market`)."""

    size: float
    horizon: int
    slice: int
    starts: IntArray
    deadlines: IntArray
    first_row: IntArray
    standing: IntArray


class Rules(NamedTuple):
    """How orders are executed; fees per order and venue, dollars per share.

    completion : index of `sor_opt.backtest.market.Completion`.
    ask_schedule : whether the schedule is asked at each decision.
    posts : whether the router is asked once per slice, and posts.
    sweeps : whether what a slice left is completed at once.
    through : whether a print below the limit fills all.
    """

    book: BookRules
    taker: FloatArray
    rebate: FloatArray
    completion: int
    ask_schedule: bool
    posts: bool
    sweeps: bool
    through: bool


class Inputs(NamedTuple):
    """What the orders of a replay read, and the states that they write."""

    feed: Feed
    prints: Prints
    orders: Orders
    rules: Rules
    steps: DueSteps
    states: NDArray[np.void]


class Resting(NamedTuple):
    """Our bids, one per venue: shares before them in the queue, and shares left of them."""

    queue: FloatArray
    left: FloatArray


class Run(NamedTuple):
    """One order's book, bids and fees, and what its router answers; arrays of shape (K,)."""

    order: int
    book: Book
    bids: Resting
    taker: FloatArray
    rebate: FloatArray
    takes: FloatArray
    posts: FloatArray


@compiled
def begin(inputs: Inputs, order: int) -> Run:
    """Set an order to its start, with the quotes that stand then."""
    orders, state = inputs.orders, inputs.states[order]
    start, venues = orders.starts[order], orders.standing.shape[1]
    book = new_book(venues)
    for row in orders.standing[order]:
        if row >= 0:
            apply_quote(book, inputs.feed, row, inputs.rules.book)
    state.phase, state.now, state.row = TICK, start, orders.first_row[order]
    state.slice = state.posted_slice = state.bids_end = state.next_print = -1
    state.slice_start, state.slice_end = start, start
    state.step = inputs.steps.first[order] - 1
    state.remaining = orders.size
    state.scheduled = state.scheduled_before = state.due = state.limit = 0.0
    state.best_bid = state.best_ask = np.nan
    state.arrival_mid = state.last_mid = np.nan
    state.arrival_ts = state.last_ts = -1
    state.snapshots = state.crossed = state.empty = state.wide = 0
    columns = np.zeros((4, venues))
    return Run(
        order,
        book,
        Resting(columns[0], columns[1]),
        inputs.rules.taker[order],
        inputs.rules.rebate[order],
        columns[2],
        columns[3],
    )


@compiled
def quotes_of(inputs: Inputs, run: Run) -> LiveQuotes:
    """What a compiled router sees."""
    state, book = inputs.states[run.order], run.book
    return LiveQuotes(
        book.ask,
        book.ask_left,
        book.bid,
        book.bid_left,
        run.taker,
        run.rebate,
        state.best_bid,
        (state.best_bid + state.best_ask) / 2,
        run.order,
        state.slice,
    )
