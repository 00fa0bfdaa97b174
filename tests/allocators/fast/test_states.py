"""The table of states and the order of those that tie."""

import numpy as np
import pytest

from sor_opt.allocators.fast.single import FREE
from sor_opt.allocators.fast.states import STATE, States, comes_before, find_slot, make_room


def plain(function):
    """The function as Python runs it, compiled or not."""
    return getattr(function, "py_func", function)


@pytest.mark.parametrize("exact", [FREE, 3])
def test_a_state_is_hashed_alike_with_and_without_the_compiler(exact):
    """Totals on the grid reach 10^17, and no product of them may wrap."""
    records, table = np.zeros(1, STATE), np.full(1024, -1)
    keys = [0, 1, 10**12, 10**17, *np.random.default_rng(1).integers(0, 10**17, 200).tolist()]
    for key in keys:
        slots = [
            function(records, table, 0, key, np.int64(2), exact)
            for function in (find_slot, plain(find_slot))
        ]
        assert slots[0] == slots[1]
        assert 0 <= slots[0] < 1024


def test_hashes_of_whole_lots_spread_over_the_table():
    """Sums of 100 shares for a target of 5,000 are multiples of 2 x 10^10 on the grid."""
    records, table = np.zeros(1, STATE), np.full(4096, -1)
    slots = {
        find_slot(records, table, 0, lots * 2 * 10**10, np.int64(0), FREE) for lots in range(1000)
    }
    assert len(slots) > 850  # 1,000 drawn of 4,096 are 887 different ones


def test_a_slot_that_is_taken_is_passed_over_unless_it_holds_the_state():
    records, table = np.zeros(2, STATE), np.full(64, -1)
    first = find_slot(records, table, 0, 5, np.int64(1), 3)
    table[first], records[0]["key"], records[0]["rungs"] = 0, 5, 1
    assert find_slot(records, table, 0, 5, np.int64(1), 3) == first
    records[0]["key"], records[0]["rungs"] = 4, 2  # the same sum of key and rungs
    assert find_slot(records, table, 0, 5, np.int64(1), 3) == (first + 1) % 64
    assert find_slot(records, table, 1, 5, np.int64(1), 3) == first  # of an earlier ladder


def test_room_grows_by_doubling_and_keeps_what_is_there():
    """Two states of the ladder before, three of this one; only the latter are in the table."""
    nothing = States(np.empty(0, STATE), np.empty(0, np.int64), 0, 1, 0)
    small = make_room(nothing, 1, FREE)
    assert (small.records.shape, small.table.shape) == ((64,), (128,))
    assert (small.table == -1).all()
    small.records[:5] = [(at, at + 0.5, 10 + at, at, 0, at) for at in range(5)]
    large = make_room(States(small.records, small.table, 0, 2, 5), 65, FREE)
    assert (large.records.shape, large.table.shape) == ((128,), (256,))
    assert large[2:] == (0, 2, 5)
    assert large.records[:5].tolist() == small.records[:5].tolist()
    assert sorted(large.table[large.table >= 0].tolist()) == [2, 3, 4]
    for at in (2, 3, 4):
        key, rungs = large.records[at]["key"], large.records[at]["rungs"]
        assert large.table[find_slot(large.records, large.table, 2, key, rungs, FREE)] == at


def test_fewer_rungs_come_first_and_then_the_earlier_ladder():
    """Candidates 0, 1 and 2 are of no, one and two rungs; a state's parent is of a later ladder.

    State 3 has 2 rungs of the first ladder, 4 one of each, 5 two of the second, 6 one in all.
    """
    counts = np.array([0, 1, 2])
    records = np.zeros(8, STATE)
    for at, (rungs, parent, candidate) in enumerate(
        [
            (0, 0, 0),  # none yet
            (0, 0, 0),  # of the second ladder: none,
            (1, 0, 1),  # one,
            (2, 1, 2),  # and on none two of the first
            (2, 2, 1),
            (2, 7, 0),
            (1, 1, 1),
            (2, 0, 2),  # two of the second
        ]
    ):
        state = records[at]
        state["rungs"], state["parent"], state["candidate"] = rungs, parent, candidate
    order = [6, 3, 4, 5]
    for place, one in enumerate(order):
        for other in order[place + 1 :]:
            assert comes_before(records, counts, one, other)
            assert not comes_before(records, counts, other, one)
        assert not comes_before(records, counts, one, one)
