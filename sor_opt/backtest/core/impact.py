"""By how much an order's own executions raise the asks that it meets (see `Impact`).

What is bought at one moment raises the asks from the next moment on: within a moment the displays
are walked as they are.
"""

from __future__ import annotations

import numpy as np

from sor_opt.backtest.core.state import Inputs, Run
from sor_opt.compiled import compiled, inlined
from sor_opt.market.feed import Records
from sor_opt.market.tape import FloatArray
from sor_opt.policies.view import LiveQuotes


@compiled
def raised_at(raised: Records, now: int, inputs: Inputs) -> float:
    """Dollars per share by which asks are raised now, by what was bought before."""
    if inputs.rules.impact == 0:
        return 0.0
    if now == raised.since:
        return float(raised.dollars)
    faded = np.exp2(-(now - raised.since) / inputs.rules.half_life)
    return float((raised.dollars + raised.fresh) * faded)


@compiled
def note_bought(inputs: Inputs, run: Run, shares: float, now: int) -> None:
    """Let shares that were bought at an ask just now raise the asks from the next moment on."""
    if inputs.rules.impact > 0:
        _move_to(run.raised[0], now, inputs)
        run.raised[0].fresh += _raise_of(inputs, run, shares)


@compiled
def note_heard(inputs: Inputs, run: Run, shares: float, bought_at: int, now: int) -> None:
    """Let the router know of shares that were bought at an ask, now or before."""
    if inputs.rules.impact == 0:
        return
    known = run.known[0]
    _move_to(known, now, inputs)
    if bought_at < now:
        known.dollars += _raise_of(inputs, run, shares)
    else:
        known.fresh += _raise_of(inputs, run, shares)


@compiled
def _move_to(raised: Records, now: int, inputs: Inputs) -> None:
    if now > raised.since:
        raised.dollars, raised.fresh = raised_at(raised, now, inputs), 0.0
        raised.since = now


@compiled
def _raise_of(inputs: Inputs, run: Run, shares: float) -> float:
    """Dollars per share by which some shares raise the asks: none before there is a mid."""
    state = inputs.states[run.order]
    if state.arrival_ts < 0:
        return 0.0
    return float(inputs.rules.impact / 1e4 * abs(state.arrival_mid) / 1000 * shares)


@inlined
def asks_seen(inputs: Inputs, run: Run) -> FloatArray:
    """The asks as the router sees them: the displayed ones, raised by what it knows to have done.

    With an impact they are good until the next call.
    """
    asks: FloatArray = run.book["ask"]
    if inputs.rules.impact > 0:
        asks = _raised_asks(inputs, run)
    return asks


@compiled
def _raised_asks(inputs: Inputs, run: Run) -> FloatArray:
    raised = raised_at(run.known[0], inputs.states[run.order].now, inputs)
    for k in range(len(run.book)):
        run.venues[k].ask = run.book[k].ask + raised
    asks: FloatArray = run.venues["ask"]
    return asks


@inlined
def quotes_of(inputs: Inputs, run: Run) -> LiveQuotes:
    """What a compiled router sees."""
    state, book, venues = inputs.states[run.order], run.book, run.venues
    return LiveQuotes(
        asks_seen(inputs, run),
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
