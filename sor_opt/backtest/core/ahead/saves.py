"""Where an order's replay is taken up again, once the first of its splits changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.backtest.core.executions import Log
from sor_opt.backtest.core.state import RAISED, STATE, Inputs, Run
from sor_opt.compiled import compiled
from sor_opt.market.book import QUOTED
from sor_opt.market.feed import Records
from sor_opt.market.tape import FloatArray, IntArray

_ROOM = 128
"""States that are kept. To take up an earlier one than is needed is right too, only longer."""


class Saves(NamedTuple):
    """A stack of states, each before a split that changes sooner than all splits before it.

    There are ``depth[0]`` of them: the first, where there is no room for all. ``ends[i]`` is the
    shortfall penalty up to which the split holds, so that they fall; ``found[i]`` is what was found
    before it (see `Ahead`), ``executions[i]`` how many there had been, ``states[i]`` where the
    order stood, of dtype `STATE`, ``books[i]`` its book, ``sent[i]`` what each venue was sent,
    ``raised[i]`` by how much it raised the asks.
    """

    depth: IntArray
    ends: FloatArray
    found: FloatArray
    executions: IntArray
    states: Records
    books: Records
    sent: FloatArray
    raised: Records


def no_saves(venues: int) -> Saves:
    """Nothing to take up: the next replay begins at the start."""
    return Saves(
        np.zeros(1, np.int64),
        np.zeros(_ROOM),
        np.zeros((_ROOM, 2)),
        np.zeros(_ROOM, np.int64),
        np.zeros(_ROOM, STATE),
        np.zeros((_ROOM, venues), QUOTED),
        np.zeros((_ROOM, venues)),
        np.zeros(_ROOM, RAISED),
    )


@compiled
def save(
    saves: Saves, end: float, before: tuple[float, float], inputs: Inputs, run: Run, log: Log
) -> None:
    """Keep the state before a split that holds up to `end`, and what was found before it.

    Nothing is kept where the stack is full.
    """
    at = saves.depth[0]
    if at == _ROOM:
        return
    saves.depth[0] = at + 1
    saves.ends[at] = end
    saves.found[at, 0], saves.found[at, 1] = before
    saves.executions[at] = log.total[0]
    saves.states[at], saves.raised[at] = inputs.states[run.order], run.raised[0]
    for k in range(len(run.book)):
        saves.books[at, k], saves.sent[at, k] = run.book[k], run.venues[k].sent


@compiled
def restore(
    saves: Saves, least: float, found: FloatArray, inputs: Inputs, run: Run, log: Log
) -> None:
    """Take the last state from the stack, and those before it whose split ends below `least`."""
    at = saves.depth[0] - 1
    while at > 0 and saves.ends[at - 1] < least:
        at -= 1
    saves.depth[0] = at
    found[0], found[1] = saves.found[at, 0], saves.found[at, 1]
    log.total[0] = saves.executions[at]
    inputs.states[run.order], run.raised[0] = saves.states[at], saves.raised[at]
    for k in range(len(run.book)):
        run.book[k], run.venues[k].sent = saves.books[at, k], saves.sent[at, k]
