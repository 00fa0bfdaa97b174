"""The table of states and the order of those that tie."""

import numpy as np
import pytest

from sor_opt.allocators.cores.states import comes_before, find_slot, make_room
from sor_opt.allocators.fast import FREE


def plain(function):
    """The function as Python runs it, compiled or not."""
    return getattr(function, "py_func", function)


@pytest.mark.parametrize("exact", [FREE, 3])
def test_a_state_is_hashed_alike_with_and_without_the_compiler(exact):
    """Totals on the grid reach 10^17, and no product of them may wrap."""
    table, links = np.full(1024, -1), np.zeros((1, 4), np.int64)
    keys = [0, 1, 10**12, 10**17, *np.random.default_rng(1).integers(0, 10**17, 200).tolist()]
    for key in keys:
        slots = [
            function(table, links, 0, key, np.int64(2), exact)
            for function in (find_slot, plain(find_slot))
        ]
        assert slots[0] == slots[1]
        assert 0 <= slots[0] < 1024


def test_hashes_of_whole_lots_spread_over_the_table():
    """Sums of 100 shares for a target of 5,000 are multiples of 2 x 10^10 on the grid."""
    table, links = np.full(4096, -1), np.zeros((1, 4), np.int64)
    slots = {
        find_slot(table, links, 0, lots * 2 * 10**10, np.int64(0), FREE) for lots in range(1000)
    }
    assert len(slots) > 850  # 1,000 drawn of 4,096 are 887 different ones


def test_a_slot_that_is_taken_is_passed_over_unless_it_holds_the_state():
    table, links = np.full(64, -1), np.zeros((2, 4), np.int64)
    first = find_slot(table, links, 0, 5, np.int64(1), 3)
    table[first], links[0, 0], links[0, 1] = 0, 5, 1
    assert find_slot(table, links, 0, 5, np.int64(1), 3) == first
    table[first], links[0, 0], links[0, 1] = 0, 4, 2  # the same sum of key and rungs
    assert find_slot(table, links, 0, 5, np.int64(1), 3) == (first + 1) % 64
    assert find_slot(table, links, 1, 5, np.int64(1), 3) == first  # of an earlier stage


def test_room_grows_by_doubling_and_keeps_what_is_there():
    """Two states of an earlier stage, three of this one; only the latter are in the table."""
    numbers, links, table = make_room(np.empty((0, 2)), np.empty((0, 4), np.int64), 0, 0, 0, FREE)
    assert (numbers.shape, links.shape, table.shape) == ((64, 2), (64, 4), (128,))
    assert (table == -1).all()
    numbers[:5] = np.arange(10).reshape(5, 2)
    links[:5] = np.arange(20).reshape(5, 4)
    more_numbers, more_links, table = make_room(numbers, links, 65, 2, 5, FREE)
    assert (more_numbers.shape, more_links.shape, table.shape) == ((128, 2), (128, 4), (256,))
    assert more_numbers[:5].tolist() == numbers[:5].tolist()
    assert more_links[:5].tolist() == links[:5].tolist()
    assert sorted(table[table >= 0].tolist()) == [2, 3, 4]
    for at in (2, 3, 4):
        key, climbed = more_links[at, 0], more_links[at, 1]
        assert table[find_slot(table, more_links, 2, key, climbed, FREE)] == at


def test_fewer_rungs_come_first_and_then_the_earlier_ladder():
    """Candidates 0, 1 and 2 are of no, one and two rungs; a state's parent is of a later ladder.

    State 3 climbs 2 rungs of the first ladder, 4 one of each, 5 two of the second, 6 one in all.
    """
    counts = np.array([0, 1, 2])
    links = np.array(
        [
            [0, 0, 0, 0],  # none yet
            [0, 0, 0, 0],  # of the second ladder: none,
            [0, 1, 0, 1],  # one,
            [0, 2, 1, 2],  # and on none two of the first
            [0, 2, 2, 1],
            [0, 2, 7, 0],
            [0, 1, 1, 1],
            [0, 2, 0, 2],  # two of the second
        ]
    )
    order = [6, 3, 4, 5]
    for place, one in enumerate(order):
        for other in order[place + 1 :]:
            assert comes_before(links, counts, one, other)
            assert not comes_before(links, counts, other, one)
        assert not comes_before(links, counts, one, one)
