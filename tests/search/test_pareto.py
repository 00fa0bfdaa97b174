"""The points that none beats, and objectives of several measures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from search_fakes import SPACE

from sor_opt.backtest.risk import Cvar, Mean, Sd
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.pareto import ParetoObjective, front

POINT = {"lambda_over": 1.0, "lambda_under": 1.0, "theta_queue": 1.0, "unit": "per_share"}

ROWS = [
    (0, 0, 9.98, 100, 10.02, 100),
    (100, 1, 9.99, 100, 10.01, 100),
    (500, 0, 9.96, 100, 10.04, 100),
]


def dominates(one, other):
    return all(one <= other) and any(one < other)


def brute(values):
    """The definition to the letter, the first of equal rows standing for all."""
    _, first = np.unique(values, axis=0, return_index=True)
    kept = [at for at in first if not any(dominates(row, values[at]) for row in values)]
    return sorted(kept, key=lambda at: tuple(values[at]))


@pytest.mark.parametrize("measures", [1, 2, 3, 4])
@pytest.mark.parametrize("levels", [3, 20, 10**9])
def test_a_front_is_that_of_the_definition(measures, levels):
    rng = np.random.default_rng([measures, levels])
    for points in (1, 2, 7, 60):
        values = rng.integers(levels, size=(points, measures)).astype(float)
        assert front(values) == brute(values)


def test_a_front_by_hand():
    values = np.array([[2, 1], [1, 3], [2, 1], [2, 3], [0, 9], [1, 2.5]], dtype=float)
    assert front(values) == [4, 5, 0]
    assert front(np.empty((0, 2))) == []


def test_one_measure_has_one_point_in_front():
    assert front(np.array([[3.0], [1.0], [2.0], [1.0]])) == [1]


@pytest.fixture
def shortfall(market):
    return ShortfallObjective(market(ROWS, size=50, starts=(10, 20, 110, 120, 510, 520)))


def test_each_measure_is_that_of_an_objective_of_its_own(shortfall):
    measures = (Mean(), Sd(), Cvar(0.5))
    alone = tuple(replace(shortfall, measure=measure)(POINT) for measure in measures)
    assert ParetoObjective(shortfall, measures)(POINT).each == alone
    assert len(set(alone)) == 3
    assert alone[0].each == (alone[0],)


def test_the_identity_names_the_measures_in_their_order(shortfall):
    base = shortfall.fingerprint(SPACE.all_names)
    both, turned = (
        ParetoObjective(shortfall, order).fingerprint(SPACE.all_names)
        for order in ((Mean(), Sd()), (Sd(), Mean()))
    )
    assert both["measures"] == ["mean", "sd"]
    assert both["objective"] == "shortfall in bps of the first 7 of 10 orders"
    assert {part for part in both if both[part] != base.get(part)} == {"objective", "measures"}
    assert {part for part in both if both[part] != turned[part]} == {"measures"}
