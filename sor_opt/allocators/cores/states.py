"""The states of the knapsack: a growing table, hashed by what they have executed.

State `at` has ``numbers[at] = shares executed, excess dollars`` and ``links[at] = shares on the
grid (the key), rungs climbed, parent state, candidate chosen``.
"""

from __future__ import annotations

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.market.tape import FloatArray, IntArray


@compiled
def find_slot(
    table: IntArray, links: IntArray, stage: int, key: int, climbed: int, exact: int
) -> int:
    """Find where a state of this stage is in the hash table, or may be put."""
    mask = len(table) - 1
    # A product of 31 and 32 bits: nothing wraps, compiled or not, and the high bits mix best.
    state = (key + (climbed if exact >= 0 else 0)) % 0x7FFFFFFF
    slot = (state * 0x9E3779B1 >> 32) & mask
    while True:
        at = table[slot]
        if at < stage or (links[at, 0] == key and (exact < 0 or links[at, 1] == climbed)):
            return slot
        slot = (slot + 1) & mask


@compiled
def make_room(
    numbers: FloatArray, links: IntArray, needed: int, stage: int, end: int, exact: int
) -> tuple[FloatArray, IntArray, IntArray]:
    """Make room for `needed` states, keep the first `end`, and hash those of this stage."""
    size = 64
    while size < needed:
        size *= 2
    more_numbers, more_links = np.empty((size, 2)), np.empty((size, 4), np.int64)
    for at in range(end):
        more_numbers[at, 0], more_numbers[at, 1] = numbers[at, 0], numbers[at, 1]
        for column in range(4):
            more_links[at, column] = links[at, column]
    table = np.empty(2 * size, np.int64)
    for slot in range(len(table)):
        table[slot] = -1
    for at in range(stage, end):
        table[find_slot(table, more_links, stage, more_links[at, 0], more_links[at, 1], exact)] = at
    return more_numbers, more_links, table


@compiled
def comes_before(links: IntArray, counts: IntArray, one: int, other: int) -> bool:
    """Whether a final state climbs fewer rungs than another, or as many on earlier ladders."""
    if links[one, 1] != links[other, 1]:
        return bool(links[one, 1] < links[other, 1])
    while one != other:
        mine, theirs = counts[links[one, 3]], counts[links[other, 3]]
        if mine != theirs:
            return bool(mine > theirs)
        one, other = links[one, 2], links[other, 2]
    return False
