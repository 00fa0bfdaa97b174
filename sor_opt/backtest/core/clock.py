"""From one decision to the next: rows, and what is on its way in between."""

from __future__ import annotations

from sor_opt.backtest.core.executions import Log
from sor_opt.backtest.core.resting import is_open, meet
from sor_opt.backtest.core.state import Inputs, Run, next_slice, note_mid
from sor_opt.backtest.core.transit import deliver
from sor_opt.compiled import compiled, inlined
from sor_opt.market.book import Book, BookRules, apply_quote
from sor_opt.market.feed import Feed, Records


@inlined
def step(state: Records, feed: Feed, book: Book, rules: BookRules) -> None:
    """Go to the next timestamp, or to a slice's start if that is sooner; apply its rows."""
    now = next_slice(state)
    if state.row < len(feed):
        now = min(feed[state.row].ts, now)
    _apply_rows(state, feed, book, rules, now)
    state.now = now


@compiled
def step_delayed(inputs: Inputs, run: Run, log: Log) -> None:
    """Go from moment to moment until the router sees something, or a slice starts.

    At each, prints meet our bids, then rows are applied to the venues' book and to the router's,
    then what is on its way arrives and becomes known.
    """
    feed, seen, state, rules = inputs.feed, inputs.seen, inputs.states[run.order], inputs.rules
    slice_start, decides = next_slice(state), False
    while not decides:
        now = min(slice_start, state.next_event)
        if state.row < len(feed):
            now = min(feed[state.row].ts, now)
        if state.next_seen < len(seen):
            now = min(seen[state.next_seen].ts, now)
        if rules.posts and is_open(run):
            meet(inputs, run, log, min(now, state.deadline))
        state.now = now
        if now > state.deadline:
            return
        decides, first = now == slice_start, state.row
        _apply_rows(state, feed, run.market, rules.book, now)
        if decides or state.row > first:
            note_mid(inputs, run, now)
        while state.next_seen < len(seen) and seen[state.next_seen].ts == now:
            apply_quote(run.book, feed[seen[state.next_seen].row], rules.book)
            state.next_seen += 1
            decides = True
        if state.next_event <= now:
            deliver(inputs, run, log, now)


@inlined
def _apply_rows(state: Records, feed: Feed, book: Book, rules: BookRules, now: int) -> None:
    while state.row < len(feed) and feed[state.row].ts == now:
        apply_quote(book, feed[state.row], rules)
        state.row += 1
