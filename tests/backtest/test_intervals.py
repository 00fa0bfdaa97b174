"""Intervals worked by hand: of runs of orders within days, and over days."""

from __future__ import annotations

from math import nan, sqrt

import numpy as np
import pytest
from scipy import stats

from sor_opt.backtest.intervals import Estimate, estimate
from sor_opt.backtest.orders import ParentOrders
from sor_opt.market.tape import SECOND

MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
T4, T5 = 2.7764451, 2.5705818
"""What 97.5 % of Student's t are below, with 4 and 5 degrees of freedom."""


def orders(*counts, every=10):
    """So many orders of nine minutes on each day, every so many minutes."""
    starts = np.concatenate([np.arange(n) * every * MINUTE + d * DAY for d, n in enumerate(counts)])
    midnights = np.repeat(np.arange(len(counts)) * DAY, counts)
    return ParentOrders("buy", 100.0, 9 * MINUTE, starts, midnights + DAY, midnights)


def of(*days, **given):
    """The estimate of values by day."""
    laid = orders(*map(len, days), **given)
    return estimate(np.concatenate(days).astype(float), laid)


def within(error):
    """An interval of this half width around 0."""
    return pytest.approx(-error), pytest.approx(error)


def test_twelve_orders_of_a_day_make_five_runs():
    """Of three, two, three, two and two: their sums are 3, -2, 3, -2 and -2."""
    found = of([1, 1, 1, -1, -1, 1, 1, 1, -1, -1, -1, -1])
    error = sqrt(5 / 4 * (9 + 4 + 9 + 4 + 4)) / 12
    assert found == (0, *within(T4 * error), 12, 1)
    assert found.basis == "within this day"


def test_no_run_goes_across_midnight():
    """Three runs a day: their sums are 2, -2 and 0."""
    found = of([1, 1, -1, -1, 1, -1], [1, 1, -1, -1, 1, -1])
    assert found == (0, *within(T5 * sqrt(6 / 5 * 16) / 12), 12, 2)
    assert found.basis == "within these 2 days"


def test_skew_moves_both_bounds_to_where_hall_has_them():
    """His transformation of (mean - bound) / error is the t quantile, each side."""
    values = np.array([0.0, 1, 0, 2, 9, 0, 1, 0, 3, 1, 0, 7])
    found = of(values)
    off = values - 2
    sums = np.array([off[a:b].sum() for a, b in ((0, 3), (3, 5), (5, 8), (8, 10), (10, 12))])
    error = sqrt(5 / 4 * (sums**2).sum()) / 12
    skew = (off**3).sum() / (off**2).sum() ** 1.5
    for bound, quantile in ((found.low, T4), (found.high, -T4)):
        t = (found.mean - bound) / error
        assert t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / 6 == pytest.approx(quantile)
    assert found.high - found.mean > T4 * error > found.mean - found.low


def test_days_of_as_many_orders_have_the_t_interval_of_their_means():
    values = np.random.default_rng(0).exponential(size=(6, 7))
    found = of(*values)
    means = values.mean(axis=1)
    expected = stats.t.interval(0.95, 5, means.mean(), stats.sem(means))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-12)
    assert (found.mean, found.orders, found.basis) == (
        pytest.approx(means.mean()),
        42,
        "over 6 days",
    )


def test_days_of_different_numbers_of_orders_are_clusters():
    """Off the mean of 8 / 3 the days' sums are -10, -2, 1, 4 and 7 thirds."""
    found = of([1, 1], [2], [3], [4], [5])
    error = sqrt(5 / 4 * (100 + 4 + 1 + 16 + 49) / 9) / 6
    assert found.low == pytest.approx(8 / 3 - T4 * error)
    assert found.high == pytest.approx(8 / 3 + T4 * error)


def test_four_days_are_not_gone_beyond():
    assert of(*[[1, 2, 3]] * 4).basis == "within these 4 days"
    assert of(*[[1, 2, 3]] * 5).basis == "over 5 days"


@pytest.mark.parametrize(("days", "known"), [((10,), False), ((11,), True), ((1,) * 4, False)])
def test_fewer_than_five_groups_have_no_interval(days, known):
    found = of(*map(np.arange, days))
    assert np.isfinite(found.low) == np.isfinite(found.high) == known
    assert (found.basis is None) != known


def test_orders_that_overlap_make_as_many_runs_as_their_horizons_would():
    """Of 114 every minute there are 13.6 horizons, sqrt(27) = 5.2 runs: of 23, and of 22."""
    found = of(np.repeat([1, -1, 1, -1, 0], 23)[:114], every=1)
    assert found == (0, *within(T4 * sqrt(5 / 4 * 4 * 23**2) / 114), 114, 1)
    assert np.isfinite(of(np.arange(97), every=1).low)  # 11.7 horizons: 4.8 runs
    assert np.isnan(of(np.arange(74), every=1).low)  # 9.1: 4.3


def test_orders_that_are_completed_late_overlap_too():
    """Of twelve that take twenty minutes each there are 6.5 horizons: four runs."""
    values, laid = np.arange(12.0), orders(12)
    assert estimate(values, laid, np.full(12, nan)) == estimate(values, laid, np.full(12, 60.0))
    assert np.isfinite(estimate(values, laid, np.full(12, 600.0)).low)
    assert np.isnan(estimate(values, laid, np.full(12, 1200.0)).low)


def test_values_that_are_not_finite_are_left_out():
    values = [nan, 1, 1, 1, -1, -1, np.inf, 1, 1, 1, -1, -1, -1, -1, -np.inf]
    assert of(values) == of([1, 1, 1, -1, -1, 1, 1, 1, -1, -1, -1, -1])


def test_equal_values_have_an_interval_of_one_point():
    assert of([1.5] * 12) == (1.5, 1.5, 1.5, 12, 1)
    assert of(*[[1.5] * 2] * 6) == (1.5, 1.5, 1.5, 12, 6)


def test_one_order_has_no_interval_and_none_no_mean():
    assert str(of([3.0, nan])) == str(Estimate(3.0, nan, nan, 1, 1))
    assert str(of([np.inf])) == str(Estimate(nan, nan, nan, 0, 0))
    assert of([np.inf]).basis is None
