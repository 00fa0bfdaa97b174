"""Where an order's replay is taken up again, once the first of its splits changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.backtest.kernel.book import BookState
from sor_opt.compiled import compiled
from sor_opt.market.tape import FloatArray, IntArray

_ROOM = 128
"""States that are kept. To take up an earlier one than is needed is right too, only longer."""


class Position(NamedTuple):
    """Where a replay of an order stands, its book apart."""

    now: int
    timer: int
    row: int
    executions: int
    remaining: float


class Saves(NamedTuple):
    """A stack of states, each before a split that changes sooner than all splits before it.

    There are ``depth[0]`` of them: the first, where there is no room for all. ``ends[i]`` is the
    shortfall penalty up to which the split holds, so that they fall; ``found[i]`` is what was found
    before it (see `Ahead`), ``positions[i]`` a `Position` but for what remains, then the counts of
    snapshots; ``sums[i] = shares remaining, arrival mid, last mid``; ``quoted_at[i]`` and
    ``quotes[i]`` the book.
    """

    depth: IntArray
    ends: FloatArray
    found: FloatArray
    positions: IntArray
    sums: FloatArray
    quoted_at: IntArray
    quotes: FloatArray


def no_saves(venues: int) -> Saves:
    """Nothing to take up: the next replay begins at the start."""
    return Saves(
        np.zeros(1, np.int64),
        np.zeros(_ROOM),
        np.zeros((_ROOM, 2)),
        np.zeros((_ROOM, 7), np.int64),
        np.zeros((_ROOM, 3)),
        np.zeros((_ROOM, venues), np.int64),
        np.zeros((_ROOM, 6, venues)),
    )


@compiled
def save(
    saves: Saves,
    end: float,
    before: tuple[float, float],
    position: Position,
    book: BookState,
    mids: FloatArray,
    counts: IntArray,
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
    positions, sums, quotes = saves.positions[at], saves.sums[at], saves.quotes[at]
    positions[0], positions[1], positions[2], positions[3], sums[0] = position
    # The look at the book that came before the split will be taken once more.
    positions[4], positions[5], positions[6] = counts[0] - 1, counts[1], counts[2]
    sums[1], sums[2] = mids[0], mids[1]
    for k in range(len(book.ask)):
        saves.quoted_at[at, k] = book.quoted_at[k]
        quotes[0, k], quotes[1, k], quotes[2, k] = book.bid[k], book.bid_size[k], book.bid_taken[k]
        quotes[3, k], quotes[4, k], quotes[5, k] = book.ask[k], book.ask_size[k], book.ask_taken[k]


@compiled
def restore(
    saves: Saves,
    least: float,
    found: FloatArray,
    book: BookState,
    mids: FloatArray,
    counts: IntArray,
) -> Position:
    """Take the last state from the stack, and those before it whose split ends below `least`."""
    at = saves.depth[0] - 1
    while at > 0 and saves.ends[at - 1] < least:
        at -= 1
    saves.depth[0] = at
    positions, sums, quotes = saves.positions[at], saves.sums[at], saves.quotes[at]
    found[0], found[1] = saves.found[at, 0], saves.found[at, 1]
    counts[0], counts[1], counts[2] = positions[4], positions[5], positions[6]
    mids[0], mids[1] = sums[1], sums[2]
    for k in range(len(book.ask)):
        book.quoted_at[k] = saves.quoted_at[at, k]
        book.bid[k], book.bid_size[k], book.bid_taken[k] = quotes[0, k], quotes[1, k], quotes[2, k]
        book.ask[k], book.ask_size[k], book.ask_taken[k] = quotes[3, k], quotes[4, k], quotes[5, k]
    return Position(positions[0], positions[1], positions[2], positions[3], sums[0])
