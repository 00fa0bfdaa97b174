"""The parts of the knapsack, on plain arrays."""

import itertools

import numpy as np

from sor_opt.allocators.fast import knapsack


def test_the_first_candidate_with_at_least_so_many_shares():
    shares = np.array([9.0, 0.0, 0.0, 50.0, 100.0, 100.0, 150.0, 9.0])
    for least in (-1.0, 0.0, 1.0, 50.0, 99.0, 100.0, 101.0, 150.0, 151.0):
        for low, high in itertools.combinations(range(1, 8), 2):
            expected = low + np.searchsorted(shares[low:high], least)
            assert knapsack._first(shares, low, high, least) == expected
    assert knapsack._first(shares, 3, 3, 50.0) == 3


def test_what_the_ladders_before_can_still_add():
    """Two ladders of three and two candidates: of the first the second costs nothing extra."""
    candidates = knapsack.Candidates(
        starts=np.array([0, 3, 5]),
        counts=np.array([0, 1, 4, 1, 2]),
        shares=np.array([0.0, 100.0, 350.0, 50.0, 90.0]),
        extra=np.array([2.0, 0.0, 1.0, 0.0, 3.0]),
    )
    remaining = knapsack._remaining(candidates)
    assert remaining.least_shares.tolist() == [0.0, 0.0, 50.0]
    assert remaining.most_shares.tolist() == [0.0, 350.0, 440.0]
    assert remaining.free_shares.tolist() == [0.0, 100.0, 150.0]
    assert remaining.least_rungs.tolist() == [0.0, 0.0, 1.0]
    assert remaining.most_rungs.tolist() == [0.0, 4.0, 6.0]
