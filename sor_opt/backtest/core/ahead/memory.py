"""The static splits that earlier replays have found, and up to which penalties they hold.

Replays at neighbouring penalties ask for the same splits again and again: of twenty splits nineteen
are those of another replay, or of the snapshot before.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.market.tape import FloatArray

_SLOTS = 1 << 16
"""Splits that are remembered: what an order of ten minutes asks for, some 20 MB."""

_RATIO, _SPREAD = 1.6180339887498949, 1e4
"""They scatter questions over the slots: an irrational number, and the slots per unit."""

FUZZY = 1e-6
"""So near its end a split is asked for anew: what is a tie there is for the solver to say."""


class Memory(NamedTuple):
    """A split has one slot, which it takes over from the one before it there.

    ``questions[slot]`` are prices and displays per venue, shares due, unit and excess penalty;
    ``sent[slot]`` the shares to send; ``holds[slot] = since, shortfall, excess`` the shortfall
    penalties between which that is the split, and the excess penalty up to which it is, in the
    policy's unit. `asked` is the present question.
    """

    questions: FloatArray
    sent: FloatArray
    holds: FloatArray
    asked: FloatArray


def make_memory(venues: int) -> Memory:
    """A memory of nothing: no shares are ever due in an empty slot."""
    columns = 2 * venues + 3
    return Memory(
        np.zeros((_SLOTS, columns)),
        np.zeros((_SLOTS, venues)),
        np.zeros((_SLOTS, 3)),
        np.zeros(columns),
    )


@compiled
def look_up(
    memory: Memory,
    price: FloatArray,
    left: FloatArray,
    due: float,
    unit: float,
    penalties: FloatArray,
) -> tuple[int, bool]:
    """The slot of a question, and whether it holds the answer at these penalties."""
    asked, venues = memory.asked, len(price)
    for k in range(venues):
        asked[k], asked[venues + k] = price[k], left[k]
    asked[-3], asked[-2], asked[-1] = due, unit, penalties[1]
    mixed = 0.0
    for value in asked:
        mixed = abs(mixed * _RATIO + value * _SPREAD) % _SLOTS
    slot = int(mixed)
    kept = memory.questions[slot]
    for column in range(len(asked)):
        if kept[column] != asked[column]:
            return slot, False
    since, until = memory.holds[slot, 0], memory.holds[slot, 1] * (1 - FUZZY)
    return slot, since <= penalties[0] <= until


@compiled
def store(memory: Memory, slot: int, since: float, shortfall: float, excess: float) -> None:
    """Keep for how long the answer in `sent` to the present question holds."""
    for column in range(len(memory.asked)):
        memory.questions[slot, column] = memory.asked[column]
    memory.holds[slot, 0], memory.holds[slot, 1], memory.holds[slot, 2] = since, shortfall, excess
