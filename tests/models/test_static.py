import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from snapshots import snapshot

from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.errors import ConfigError
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel, check_depth, count_rungs

RISK = RiskParams(0.001, 0.002, 0.0005)


def compiled(sizes, params, target=1000.0, mid=100.0, price=100.05, rebate=0.002):
    count = len(sizes)
    seen = snapshot([price] * count, sizes, [0.003] * count, [rebate] * count, mid)
    return params.problem(seen, target, RISK)


def test_the_open_space_ends_a_ladder_with_the_odd_lot():
    problem = compiled([250, 200, 0], StaticModel())
    assert problem.heights.tolist() == [3, 2, 0]
    assert problem.fills[:, 0].tolist() == [100, 100, 50, 100, 100]
    assert problem.costs[0] == pytest.approx(100 * 0.053)
    assert problem.costs[2] == pytest.approx(50 * 0.053 - 50 * 0.002)
    assert not problem.exact_total


def test_a_ladder_of_too_many_rungs_is_refused():
    with pytest.raises(ConfigError, match=r"V1 shows 1e\+18 shares, more than 1,000,000 chunks"):
        compiled([100, 1e18], StaticModel())
    with pytest.raises(ConfigError, match="chunks of 1e-06"):
        compiled([100], StaticModel(step=1e-6))


def test_the_strict_space_leaves_the_odd_lot_and_counts_from_zero():
    problem = compiled([250, 99], StaticModel(space="strict"))
    assert problem.heights.tolist() == [2, 0]
    assert problem.costs[0] == pytest.approx(100 * 100.053)
    assert problem.exact_total


def test_the_example_of_the_page_about_replays():
    """docs/backtest.md works it out by hand."""
    seen = snapshot([100.01, 100.03, 100.20], [150, 400, 900], [0.003] * 3, [0.002] * 3, 100.00)
    found = FastAllocator().solve(StaticModel().problem(seen, 1000.0, RiskParams()))
    assert (found.rungs * 100).tolist() == [200, 400, 0]
    assert found.cost == pytest.approx(64.55)


@pytest.mark.parametrize("space", ["open", "strict"])
def test_a_step_that_binary_numbers_cannot_hold_divides_all_the_same(space):
    problem = compiled([0.3, 0.7], StaticModel(space, step=0.1))
    assert problem.heights.tolist() == [3, 7]
    assert problem.fills[:, 0] == pytest.approx(0.1)


def test_penalties_are_fractions_of_the_mid():
    problem = compiled([100], StaticModel(), mid=156.0)
    assert problem.shortfall_penalty == pytest.approx(156.0 * 0.0025)
    assert problem.excess_penalty == pytest.approx(156.0 * 0.0015)


@given(
    sizes=st.lists(st.integers(0, 350), min_size=1, max_size=3),
    sent=st.lists(st.integers(0, 4), min_size=3, max_size=3),
    target=st.sampled_from([100.0, 250.0, 900.0]),
)
def test_the_ladder_costs_what_the_formula_says(sizes, sent, target):
    problem = compiled(sizes, StaticModel(), target)
    rungs = np.minimum(sent[: len(sizes)], problem.heights)
    x = rungs * 100.0
    e = np.minimum(x, sizes)
    short, excess = max(0.0, target - e.sum()), max(0.0, e.sum() - target)
    cost = (e * 0.053 - (x - e) * 0.002).sum() + 0.25 * short + 0.15 * excess
    assert problem.cost(rungs) == pytest.approx(cost)


def test_the_reference_price_may_be_chosen():
    assert StaticModel(space="strict", ref="mid").relative_to_mid
    assert not StaticModel(ref="zero").relative_to_mid


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"space": "closed"}, "space must be strict or open, got 'closed'"),
        ({"ref": "last"}, "ref must be mid or zero, got 'last'"),
        ({"step": 0.0}, "step must be > 0, got 0"),
        ({"step": float("nan")}, "step must be > 0, got nan"),
        ({"step": 1e-300}, r"step must be 1e-06 to 1e\+12, got 1e-300"),
        ({"step": 1e300}, r"step must be 1e-06 to 1e\+12, got 1e\+300"),
    ],
)
def test_wrong_parameters_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        StaticModel(**arguments)


@pytest.mark.parametrize("size", [-0.5, float("nan")])
def test_what_is_no_size_is_refused_with_its_venue(size):
    with pytest.raises(ConfigError, match=f"^B must show a size >= 0, got {size:g}$"):
        check_depth("B", size, 100.0)


def test_the_most_chunks_are_allowed():
    check_depth("B", 1e8, 100.0)
    check_depth("B", 0.0, 100.0)
    with pytest.raises(ConfigError, match=r"B shows 100,000,000\.1 shares, more than 1,000,000"):
        check_depth("B", 1e8 + 0.1, 100.0)


@pytest.mark.parametrize(
    ("size", "strict", "open_"),
    [
        (0.0, 0, 0),
        (1.0, 0, 1),
        (99.9, 0, 1),
        (100.0, 1, 1),
        (100.0 * (1 + 0.9e-9), 1, 1),  # as good as a whole chunk
        (100.0 * (1 + 1.1e-9), 1, 2),
        (200.0 * (1 - 0.9e-9), 2, 2),
        (200.0 * (1 - 1.1e-9), 1, 2),
        (250.0, 2, 3),
    ],
)
def test_rungs_are_whole_chunks_and_in_the_open_space_the_odd_lot(size, strict, open_):
    assert count_rungs(size, 100.0, True) == strict
    assert count_rungs(size, 100.0, False) == open_
