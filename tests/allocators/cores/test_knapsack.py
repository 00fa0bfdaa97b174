"""The parts of the knapsack, on plain arrays."""

import itertools

import numpy as np

from sor_opt.allocators.cores import knapsack


def test_the_first_candidate_with_at_least_so_many_shares():
    shares = np.array([9.0, 0.0, 0.0, 50.0, 100.0, 100.0, 150.0, 9.0])
    for least in (-1.0, 0.0, 1.0, 50.0, 99.0, 100.0, 101.0, 150.0, 151.0):
        for low, high in itertools.combinations(range(1, 8), 2):
            expected = low + np.searchsorted(shares[low:high], least)
            assert knapsack._first(shares, low, high, least) == expected
    assert knapsack._first(shares, 3, 3, 50.0) == 3


def test_what_the_ladders_before_can_still_add():
    """Two ladders of three and two candidates: of the first the second is free of excess."""
    starts = np.array([0, 3, 5])
    counts = np.array([0, 1, 4, 1, 2])
    shares = np.array([0.0, 100.0, 350.0, 50.0, 90.0])
    excess = np.array([2.0, 0.0, 1.0, 0.0, 3.0])
    # Least, most and excess-free shares, least and most rungs.
    assert knapsack._rest(starts, counts, shares, excess).tolist() == [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 350.0, 100.0, 0.0, 4.0],
        [50.0, 440.0, 150.0, 1.0, 6.0],
    ]
