"""What is left out of a problem of several scenarios, and what is not."""

import dataclasses
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ladder_problems import best_selection, ladder_problems
from snapshots import snapshot

from sor_opt.allocators.fast.local_search import gap_of, penalty_at, spent_on
from sor_opt.allocators.fast.placement import tabulate
from sor_opt.allocators.fast.selections import Penalties
from sor_opt.allocators.fast.tables import collapse, reduced, tables_of
from sor_opt.models.ladder import LadderProblem, tie_tolerance
from sor_opt.models.placement import PlacementModel, VenueQuotes, ladders_of
from sor_opt.models.risk import RiskParams

problems = (
    st.integers(2, 6)
    .flatmap(lambda count: ladder_problems(count, 3, 3))
    .map(lambda problem: dataclasses.replace(problem, exact_total=False))
)


def cost_of(tables, rungs):
    gap = gap_of(tables, rungs)
    return spent_on(tables, rungs) + penalty_at(tables, gap)


@settings(max_examples=150, deadline=None)
@given(problem=problems)
def test_the_best_selection_needs_no_rung_that_is_left_out(problem):
    small, _ = reduced(problem)
    assert np.all(small.heights <= problem.heights)
    assert best_selection(small).tolist() == best_selection(problem).tolist()


@settings(max_examples=150, deadline=None)
@given(problem=problems)
def test_every_selection_that_is_left_costs_what_it_did(problem):
    small, tables = reduced(problem)
    for selection in product(*(range(height + 1) for height in small.heights)):
        rungs = np.array(selection)
        cost = problem.cost(rungs)
        near = pytest.approx(cost, rel=0, abs=tie_tolerance(cost))
        assert small.cost(rungs) == near
        assert cost_of(tables, rungs) == near


def test_a_rung_that_never_pays_is_left_out_and_one_before_one_that_does_is_kept():
    """At 1 dollar a share short: 50 shares for 60 and then 50 for 30; 50 for 50 pay nothing."""
    costs = [60.0, 30.0, 50.0, 50.0, 40.0]
    problem = LadderProblem(("A", "B"), [0, 3, 5], [[50.0, 50.0]] * 5, costs, 100.0, 1.0, 1.0)
    small, tables = reduced(problem)
    assert small.heights.tolist() == [2, 2]
    assert small.fills.tolist() == [[50.0]] * 4
    assert (tables.column_of.tolist(), tables.weights.tolist()) == ([0, 0], [1.0])
    assert tables.all_rungs.tolist() == [[150.0, 150.0], [100.0, 100.0]]


@given(
    columns=st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=1, max_size=30)
)
def test_columns_that_differ_come_first_in_their_order_with_the_weight_of_their_equals(columns):
    table, weights = np.array(columns, float).T.copy(), np.arange(1.0, len(columns) + 1)
    places = collapse(table, weights)
    differing = list(dict.fromkeys(map(tuple, columns)))
    assert table.T[: len(differing)].tolist() == [list(map(float, one)) for one in differing]
    assert places.tolist() == [differing.index(tuple(one)) for one in columns]
    expected = np.bincount(places, np.arange(1.0, len(columns) + 1))
    assert weights[: len(differing)].tolist() == expected.tolist()


@st.composite
def moments(draw):
    """Odd lots, infinite and empty queues, asks that are not displayed, many equal scenarios."""
    venues, scenarios = draw(st.integers(1, 3)), draw(st.integers(2, 12))

    def drawn(*values):
        return np.array([draw(st.sampled_from(values)) for _ in range(venues)], float)

    quotes = VenueQuotes(
        drawn(100.02, 100.03, 100.05),
        drawn(0.0, 37.5, 100.0, 250.0),
        drawn(0.003, -0.001),
        drawn(0.002, -0.001),
        drawn(0.0, 150.0, np.inf),
        best_bid=100.0,
        mid=100.01,
    )
    shares = st.sampled_from([0.0, 90.0, 200.0, 400.5])
    flows = [[draw(shares) for _ in range(venues)] for _ in range(scenarios)]
    return quotes, np.array(flows)


@settings(max_examples=150, deadline=None)
@given(
    moment=moments(),
    target=st.sampled_from([100.0, 137.0, 500.0]),
    step=st.sampled_from([100.0, 35.0]),
    depth=st.sampled_from(["displayed", "infinite"]),
    under=st.sampled_from([0.005, 0.05]),
)
def test_a_moment_is_tabulated_as_its_ladder_problem_is(moment, target, step, depth, under):
    quotes, flows = moment
    risk = RiskParams(0.03, under, 0.0005, "per_share")
    params = PlacementModel(depth, step)
    seen = snapshot(**quotes._asdict(), outflows=flows)
    _, expected = reduced(params.problem(seen, target, risk))
    ladders = ladders_of(quotes, flows, target, 0.0005, step, params.infinite)
    found = tabulate(ladders, step, Penalties(target, risk.shortfall_penalty, risk.lambda_over))
    for name, one, other in zip(expected._fields, found, expected, strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), rel=1e-9, abs=1e-9), name


def test_a_whole_problem_is_tabulated_height_by_height():
    problem = LadderProblem(
        ("A", "B"), [0, 2, 3], [[100.0, 0.0], [50.0, 0.0], [0.0, 30.0]], [1.0, 2.0, 4.0], 9.0, 1, 2
    )
    tables = tables_of(problem)
    assert tables.starts.tolist() == [0, 3, 5]
    assert tables.spent.tolist() == [0.0, 1.0, 3.0, 0.0, 4.0]
    assert tables.filled.T.tolist() == [[0.0, 100.0, 150.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 30.0]]
    assert tables.penalties == (9.0, 1.0, 2.0)
