"""The knapsack's table of states."""

import itertools

import numpy as np
import pytest

from sor_opt.allocators.cores import knapsack
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
            for function in (knapsack._slot, plain(knapsack._slot))
        ]
        assert slots[0] == slots[1]
        assert 0 <= slots[0] < 1024


def test_hashes_of_whole_lots_spread_over_the_table():
    """Sums of 100 shares for a target of 5,000 are multiples of 2 x 10^10 on the grid."""
    table, links = np.full(4096, -1), np.zeros((1, 4), np.int64)
    slots = {
        knapsack._slot(table, links, 0, lots * 2 * 10**10, np.int64(0), FREE)
        for lots in range(1000)
    }
    assert len(slots) > 850  # 1,000 drawn of 4,096 are 887 different ones


def test_a_slot_that_is_taken_is_passed_over_unless_it_holds_the_state():
    table, links = np.full(64, -1), np.zeros((2, 4), np.int64)
    first = knapsack._slot(table, links, 0, 5, np.int64(1), 3)
    table[first], links[0, 0], links[0, 1] = 0, 5, 1
    assert knapsack._slot(table, links, 0, 5, np.int64(1), 3) == first
    table[first], links[0, 0], links[0, 1] = 0, 4, 2  # the same sum of key and rungs
    assert knapsack._slot(table, links, 0, 5, np.int64(1), 3) == (first + 1) % 64
    assert knapsack._slot(table, links, 1, 5, np.int64(1), 3) == first  # of an earlier stage


def test_the_first_candidate_with_at_least_so_many_shares():
    shares = np.array([9.0, 0.0, 0.0, 50.0, 100.0, 100.0, 150.0, 9.0])
    for least in (-1.0, 0.0, 1.0, 50.0, 99.0, 100.0, 101.0, 150.0, 151.0):
        for low, high in itertools.combinations(range(1, 8), 2):
            expected = low + np.searchsorted(shares[low:high], least)
            assert knapsack._first(shares, low, high, least) == expected
    assert knapsack._first(shares, 3, 3, 50.0) == 3
