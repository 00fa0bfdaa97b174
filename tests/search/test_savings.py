"""What a selected point saves: on test orders by themselves, beside those that chose it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sor_opt.backtest.backtest import run
from sor_opt.backtest.baselines import run_baselines
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.routers.sweep import Sweep
from sor_opt.policies.schedules.ac import AlmgrenChriss
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.savings import savings_at, savings_of

SIZE, ORDERS = 100, 10
POINT = {"lambda_over": 0.001, "lambda_under": 0.0015, "theta_queue": 0.0001}
"""At a price of 10 it takes what costs 1.6 cents above the mid at most."""


def rows(asks):
    """An order each minute finds 100 at 10.02, and 10 s later 100 at its own ask.

    Best-ask pays 20 bps at once; the point waits for an ask of 10.015 and below.
    """
    quotes = []
    for number, ask in enumerate(asks):
        quotes += [(60 * number, 0, 9.98, 900, 10.02, 900)]
        quotes += [(60 * number + 10, 0, 20 - ask, 900, ask, 900)]
    return quotes


@pytest.fixture
def objective(market):
    def make(asks, **given):
        starts = tuple(60 * number for number in range(ORDERS))
        scene = market(rows(asks), size=SIZE, horizon=30, slice_seconds=30, starts=starts, **given)
        return ShortfallObjective(scene, named("static"))

    return make


ASKS = [10.01, 10.01, 10.012, 10.01, 10.01, 10.005, 10.01, 10.01, 10.012, 10.014]
"""Seven orders train, three test: of these best-ask's 20 bps become 10, 12 and 14."""


def saved_at_point(made):
    return savings_at(made, POINT, made.replay(POINT), {})


def test_a_saving_is_that_of_test_orders_with_train_beside_it(objective):
    saved = saved_at_point(objective(ASKS))
    assert [*saved] == ["best-ask", "twap", "pro-rata"]
    routing = saved["best-ask"]
    assert routing.measures == "routing"
    assert (routing.test.orders, routing.train.orders) == (3, 7)
    assert routing.test.mean == pytest.approx((10 + 8 + 6) / 3)
    assert routing.train.mean == pytest.approx((5 * 10 + 8 + 15) / 7)


def test_train_orders_have_no_part_in_what_test_orders_save(objective):
    better = [10.001] * 7 + ASKS[7:]
    first, second = (saved_at_point(objective(asks)) for asks in (ASKS, better))
    for name, saved in first.items():
        assert second[name].test == pytest.approx(saved.test, nan_ok=True)
        assert second[name].train.mean > saved.train.mean + 1


def test_test_orders_have_no_part_in_what_train_orders_save(objective):
    better = [*ASKS[:7], 10.001, 10.001, 10.001]
    first, second = (saved_at_point(objective(asks)) for asks in (ASKS, better))
    for name, saved in first.items():
        assert second[name].train == pytest.approx(saved.train, nan_ok=True)
        assert second[name].test.mean > saved.test.mean + 1


def test_an_order_that_one_of_the_two_did_not_fill_is_left_out(objective):
    """The last order's window closes before its better ask comes: the point buys nothing."""
    deadlines = tuple(60 * number + (5 if number == ORDERS - 1 else 59) for number in range(ORDERS))
    saved = saved_at_point(objective(ASKS, deadline=deadlines))["best-ask"]
    assert (saved.test.orders, saved.train.orders) == (2, 7)
    assert saved.test.mean == pytest.approx((10 + 8) / 2)


def test_one_order_trains_and_nothing_is_known_of_test(market):
    scene = market(rows([10.01]), size=SIZE, horizon=30, starts=(0,))
    saved = saved_at_point(ShortfallObjective(scene, named("static")))["best-ask"]
    assert (saved.test.orders, saved.train.orders) == (0, 1)
    assert np.isnan(saved.test[:3]).all()
    assert saved.train.mean == pytest.approx(10)


def test_where_the_schedule_moves_the_baseline_has_that_of_the_point(objective):
    made = replace(objective(ASKS), policy=Policy(AlmgrenChriss(1.0), Sweep()))
    point = {"urgency": 8.0}
    urgent = Policy(AlmgrenChriss(8.0), Sweep())
    result = run(made.market, urgent)
    expected = savings_of(made, result, run_baselines(made.market, urgent))
    assert savings_at(made, point, result, {}) == expected
