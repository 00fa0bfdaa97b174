"""From one decision to the next: prints, rows, and what is on its way in between."""

from __future__ import annotations

from sor_opt.backtest.core.executions import Log
from sor_opt.backtest.core.resting import is_open, meet
from sor_opt.backtest.core.state import NEVER, Inputs, Run, note_mid
from sor_opt.backtest.core.transit import deliver
from sor_opt.compiled import compiled, inlined
from sor_opt.market.book import apply_quote


@inlined
def step(inputs: Inputs, run: Run, log: Log) -> None:
    """Go to the next moment at which something may be decided."""
    if inputs.rules.delayed:
        _step_delayed(inputs, run, log)
    else:
        _step(inputs, run, log)


@inlined
def _step(inputs: Inputs, run: Run, log: Log) -> None:
    """Let prints meet our bids until then, and apply its rows."""
    feed, state = inputs.feed, inputs.states[run.order]
    now = _next_slice(inputs, run)
    if state.row < len(feed):
        now = min(feed[state.row].ts, now)
    if inputs.rules.posts and is_open(run):
        meet(inputs, run, log, min(now, state.deadline))
    _apply_rows(inputs, run, now)
    state.now = now


@compiled
def _step_delayed(inputs: Inputs, run: Run, log: Log) -> None:
    """Go from moment to moment until the router sees something, or a slice starts.

    At each, prints meet our bids, then rows are applied to the venues' book and to the router's,
    then what is on its way arrives and becomes known.
    """
    feed, seen, state, rules = inputs.feed, inputs.seen, inputs.states[run.order], inputs.rules
    slice_start, decides = _next_slice(inputs, run), False
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
        decides = now == slice_start
        if _apply_rows(inputs, run, now) or decides:
            note_mid(inputs, run, now)
        while state.next_seen < len(seen) and seen[state.next_seen].ts == now:
            apply_quote(run.book, feed[seen[state.next_seen].row], rules.book)
            state.next_seen += 1
            decides = True
        if state.next_event <= now:
            deliver(inputs, run, log, now)


@inlined
def _next_slice(inputs: Inputs, run: Run) -> int:
    """When the next slice starts, or the horizon ends; `NEVER` from then on."""
    state = inputs.states[run.order]
    return int(state.slice_end) if state.now < state.horizon_end else NEVER


@inlined
def _apply_rows(inputs: Inputs, run: Run, now: int) -> bool:
    """Apply the rows of a moment to the venues' book; say whether there are any."""
    feed, state = inputs.feed, inputs.states[run.order]
    before = state.row
    while state.row < len(feed) and feed[state.row].ts == now:
        apply_quote(run.market, feed[state.row], inputs.rules.book)
        state.row += 1
    return bool(state.row > before)
