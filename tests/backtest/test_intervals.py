import numpy as np
import pytest

from sor_opt.backtest.intervals import Estimate, estimate
from sor_opt.backtest.orders import ParentOrders
from sor_opt.market.tape import SECOND


def of(values, seed=0):
    """The estimate of values of orders one after the other on one day."""
    starts = 600 * SECOND * np.arange(len(values))
    orders = ParentOrders("buy", 100.0, 540 * SECOND, starts, starts + 10**15, 0 * starts)
    return estimate(np.array(values), orders, seed)


def test_the_interval_is_the_middle_95_percent_of_the_resampled_means():
    """Four of eight are 1: a mean of n eighths has the chance Bin(8, 1/2)(n).

    Below 1/8 are 0.4 % and up to it 3.5 % of the means, so that 2.5 % is at 1/8, where 5 % would be
    at 2/8.
    """
    assert of([0.0, 1.0] * 4) == (0.5, 1 / 8, 7 / 8, 8)


def test_an_interval_is_made_of_2000_draws_from_its_seed():
    values = [1.0, 2.0, 4.0, 8.0, np.nan, 16.0]
    known = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    draws = np.random.default_rng(7).integers(5, size=(2000, 5))
    means = np.sort([sum(known[draw]) / 5 for draw in draws])
    # 2.5 % of 1,999 steps are 49.975, 97.5 % are 1,949.025.
    low = means[49] + 0.975 * (means[50] - means[49])
    high = means[1949] + 0.025 * (means[1950] - means[1949])
    found = of(values, seed=7)
    assert found == (6.2, pytest.approx(low), pytest.approx(high), 5)
    assert found == of(values, seed=7) != of(values, seed=8)


def test_one_order_has_no_interval_and_none_no_mean():
    assert str(of([3.0, np.nan])) == str(Estimate(3.0, float("nan"), float("nan"), 1))
    assert str(of([np.inf])) == str(Estimate(*[float("nan")] * 3, 0))
