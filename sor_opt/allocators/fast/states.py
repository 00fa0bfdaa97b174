"""The states of the knapsack: a growing array of records, hashed by what they have executed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sor_opt.compiled import compiled
from sor_opt.market.tape import IntArray

STATE = np.dtype(
    [
        ("executed", np.float64),  # shares
        ("extra", np.float64),  # dollars above the bound
        ("key", np.int64),  # shares executed, counted on the grid
        ("rungs", np.int64),  # rungs chosen so far
        ("parent", np.int64),  # the state that it continues
        ("candidate", np.int64),  # what it chooses on its own ladder
    ]
)
"""One choice of rungs on the ladders that have had their turn."""

Records = NDArray[Any]
"""Records of `STATE`."""


class States(NamedTuple):
    """The states of a search, ladder after ladder.

    Attributes
    ----------
    records : array of `STATE`, shape (room,)
    table : int64 ndarray, shape (2 x room,)
        Where a state of the ladder at hand is among the records, by its hash; what is below
        `stage` is free.
    begin, stage, end : int
        ``begin:stage`` are the states of the ladder before, ``stage:end`` those of the ladder at
        hand.
    """

    records: Records
    table: IntArray
    begin: int
    stage: int
    end: int


@compiled
def find_slot(
    records: Records, table: IntArray, stage: int, key: int, rungs: int, exact: int
) -> int:
    """Find where a state of the ladder at hand is in the hash table, or may be put.

    With an exact total (`exact` >= 0) states of other numbers of rungs are other states.
    """
    mask = len(table) - 1
    # A product of 31 and 32 bits: nothing wraps, compiled or not, and the high bits mix best.
    state = (key + (rungs if exact >= 0 else 0)) % 0x7FFFFFFF
    slot = (state * 0x9E3779B1 >> 32) & mask
    while True:
        at = table[slot]
        if at < stage or (
            records[at]["key"] == key and (exact < 0 or records[at]["rungs"] == rungs)
        ):
            return slot
        slot = (slot + 1) & mask


@compiled
def make_room(states: States, needed: int, exact: int) -> States:
    """Make room for `needed` states, keep those there are, and hash those of the ladder at hand."""
    size = 64
    while size < needed:
        size *= 2
    records = np.empty(size, STATE)
    for at in range(states.end):
        records[at] = states.records[at]
    table = np.empty(2 * size, np.int64)
    for slot in range(len(table)):
        table[slot] = -1
    larger = States(records, table, states.begin, states.stage, states.end)
    for at in range(states.stage, states.end):
        table[
            find_slot(records, table, states.stage, records[at]["key"], records[at]["rungs"], exact)
        ] = at
    return larger


@compiled
def comes_before(records: Records, counts: IntArray, one: int, other: int) -> bool:
    """Whether a final state has fewer rungs than another, or as many on earlier ladders.

    `counts` are the rungs of the candidates.
    """
    if records[one]["rungs"] != records[other]["rungs"]:
        return bool(records[one]["rungs"] < records[other]["rungs"])
    while one != other:
        mine, theirs = counts[records[one]["candidate"]], counts[records[other]["candidate"]]
        if mine != theirs:
            return bool(mine > theirs)
        one, other = records[one]["parent"], records[other]["parent"]
    return False
