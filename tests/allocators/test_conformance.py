"""What every allocator of the registry keeps to."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ladder_problems import best_selection, ladder_problems
from snapshots import snapshot

from sor_opt.allocators.registry import ALLOCATORS, provers
from sor_opt.errors import SolverError
from sor_opt.models.ladder import tie_tolerance
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel

EXACT = tuple(allocator.name for allocator in provers())
every_allocator = pytest.mark.parametrize("name", EXACT)
BREAKING_TIES = tuple(name for name in EXACT if ALLOCATORS[name].breaks_ties)


def refuses(allocator, problem):
    """Whether an allocator does not take a problem, and says so in one line."""
    if allocator.takes(problem):
        return False
    with pytest.raises(SolverError) as refusal:
        allocator.solve(problem)
    assert str(refusal.value).startswith(f"{allocator.name} takes ")
    assert "\n" not in str(refusal.value)
    return True


def by_definition(problem, allocation):
    """Hold an allocation against the definition of the problem."""
    best = best_selection(problem)
    if best is None:
        assert allocation.status == "infeasible"
        assert allocation.cost == math.inf
        assert not allocation.rungs.any()
        return
    assert allocation.status == "optimal"
    assert problem.admits(allocation.rungs)
    lowest = problem.cost(best)
    assert allocation.cost == pytest.approx(lowest, rel=0, abs=tie_tolerance(lowest))
    assert problem.cost(allocation.rungs) == pytest.approx(
        allocation.cost, rel=0, abs=tie_tolerance(lowest)
    )
    assert allocation.bound <= allocation.cost
    assert allocation.gap == 0.0


@every_allocator
@settings(max_examples=60, deadline=None)
@given(problem=ladder_problems())
def test_the_cost_is_the_lowest_of_all_admissible_selections(name, problem):
    by_definition(problem, ALLOCATORS.make(name).solve(problem))


@every_allocator
@settings(max_examples=40, deadline=None)
@given(problem=st.integers(2, 4).flatmap(lambda count: ladder_problems(count, 3)))
def test_several_scenarios_are_weighed_by_probability(name, problem):
    allocator = ALLOCATORS.make(name).proving()
    if not refuses(allocator, problem):
        by_definition(problem, allocator.solve(problem))


@pytest.mark.parametrize("name", ALLOCATORS)
@settings(max_examples=40, deadline=None)
@given(problem=st.integers(1, 4).flatmap(lambda count: ladder_problems(count, 3)))
def test_every_answer_is_admissible_and_honest_about_what_it_proves(name, problem):
    allocator = ALLOCATORS.make(name)
    if refuses(allocator, problem):
        return
    found = allocator.solve(problem)
    if found.status == "infeasible":
        assert best_selection(problem) is None
        return
    assert problem.admits(found.rungs)
    assert found.cost == pytest.approx(problem.cost(found.rungs), rel=0, abs=1e-9)
    lowest = problem.cost(best_selection(problem))
    assert found.bound <= lowest + tie_tolerance(lowest) <= found.cost + 2 * tie_tolerance(lowest)
    assert (found.status == "optimal") == (found.gap == 0.0)


@pytest.mark.parametrize("name", BREAKING_TIES)
@settings(max_examples=200, deadline=None)
@given(problem=ladder_problems(most_ladders=5))
def test_ties_go_to_the_fewest_shares_and_then_the_earliest_ladder(name, problem):
    best = best_selection(problem)
    assume(best is not None)
    assert ALLOCATORS.make(name).solve(problem).rungs.tolist() == best.tolist()


@every_allocator
@settings(max_examples=20, deadline=None)
@given(problem=ladder_problems())
def test_solving_twice_gives_the_same(name, problem):
    allocator = ALLOCATORS.make(name)
    first, second = allocator.solve(problem), allocator.solve(problem)
    assert first.rungs.tolist() == second.rungs.tolist()
    assert (first.status, first.cost, first.solver) == (second.status, second.cost, name)


def compiled(space, size=500.0, depth=(250.0, 300.0), risk=None):
    """Two venues around a mid of 100: B is dearer by a cent and pays 2 mils for the rest."""
    seen = snapshot(
        [100.01, 100.02], depth, [0.003, 0.001], [0.002, 0.004], 100.0, venues=("A", "B")
    )
    risk = risk or RiskParams(0.05, 0.05, 0.01, unit="per_share")
    return StaticModel(space).problem(seen, size, risk)


@every_allocator
def test_hand_worked_open_split(name):
    found = ALLOCATORS.make(name).solve(compiled("open", size=450.0))
    # A: 250 x 0.013, and its odd lot's rest earns 50 x 0.002; B: 200 x 0.021; nothing is missed.
    assert found.shares == {"A": 300.0, "B": 200.0}
    assert found.cost == pytest.approx(3.25 - 0.10 + 4.20)
    assert (found.executed, found.underfill, found.overfill) == (450.0, 0.0, 0.0)


@every_allocator
def test_hand_worked_shortfall(name):
    found = ALLOCATORS.make(name).solve(compiled("open", size=800.0))
    # All that is shown, 550 shares: 3.15 + 300 x 0.021, and 250 short at 0.06.
    assert found.shares == {"A": 300.0, "B": 300.0}
    assert found.cost == pytest.approx(3.15 + 6.30 + 15.00)
    assert (found.executed, found.underfill, found.overfill) == (550.0, 250.0, 0.0)


@every_allocator
def test_hand_worked_strict_split(name):
    found = ALLOCATORS.make(name).solve(compiled("strict"))
    assert found.shares == {"A": 200.0, "B": 300.0}
    assert found.cost == pytest.approx(200 * 100.013 + 300 * 100.021)


@every_allocator
@pytest.mark.parametrize("size", [600.0, 450.0], ids=["above the depth", "off the step"])
def test_the_strict_space_has_no_split_of_some_sizes(name, size):
    found = ALLOCATORS.make(name).solve(compiled("strict", size))
    assert found.status == "infeasible"
    assert math.isnan(found.gap)


@every_allocator
def test_nothing_is_sent_where_nothing_is_shown(name):
    found = ALLOCATORS.make(name).solve(compiled("open", depth=(0.0, 0.0)))
    assert found.shares == {"A": 0.0, "B": 0.0}
    assert found.cost == pytest.approx(500 * 0.06)


@every_allocator
@pytest.mark.parametrize(("rebate", "sent"), [(0.004, 200.0), (0.5, 300.0)])
def test_rebates_are_paid_on_shares_sent_and_not_executed_alone(name, rebate, sent):
    seen = snapshot([100.01], [250.0], [0.003], [rebate], 100.0)
    problem = StaticModel().problem(seen, 200.0, RiskParams(0.05, 0.05, 0.01, unit="per_share"))
    found = ALLOCATORS.make(name).solve(problem)
    executed = min(sent, 250.0)
    assert found.shares == {"V0": sent}
    assert found.execution_cost == pytest.approx(executed * 0.013 - (sent - executed) * rebate)
    assert found.overfill == executed - 200.0


def pseudocode(size, venues, over, under, theta, step=100):
    """The static allocator as it is commonly written down: enumerate, skip other sums, compare."""
    splits = [()]
    for venue in venues:
        splits = [
            (*split, shares)
            for split in splits
            for shares in range(0, int(min(size - sum(split), venue["size"])) + 1, step)
        ]
    best_cost, best = math.inf, None
    for split in splits:
        if sum(split) != size:
            continue
        executed, cash = 0, 0.0
        for shares, venue in zip(split, venues, strict=True):
            filled = min(shares, venue["size"])
            executed += filled
            cash += filled * (venue["ask"] + venue["fee"]) - (shares - filled) * venue["rebate"]
        short, excess = max(size - executed, 0), max(executed - size, 0)
        cost = cash + theta * (short + excess) + under * short + over * excess
        if cost < best_cost:
            best_cost, best = cost, split
    return best_cost, best


strict_venues = st.fixed_dictionaries(
    {
        "ask": st.sampled_from([100.01, 100.02, 100.05]),
        "size": st.integers(0, 450),
        "fee": st.sampled_from([0.003, 0.0, -0.002]),
        "rebate": st.sampled_from([0.002, 0.0, -0.001]),
    }
)


@every_allocator
@settings(max_examples=40, deadline=None)
@given(
    venues=st.lists(strict_venues, min_size=1, max_size=4),
    size=st.sampled_from([100, 150, 300, 500, 700, 1200]),
)
def test_the_strict_space_is_the_common_pseudocode(name, venues, size):
    columns = ([v[key] for v in venues] for key in ("ask", "size", "fee", "rebate"))
    risk = RiskParams(0.05, 0.07, 0.01, unit="per_share")
    problem = StaticModel("strict").problem(snapshot(*columns, mid=100.0), float(size), risk)
    found = ALLOCATORS.make(name).solve(problem)
    cost, split = pseudocode(size, venues, over=0.05, under=0.07, theta=0.01)
    if split is None:
        assert found.status == "infeasible"
    else:
        assert found.cost == pytest.approx(cost, rel=0, abs=tie_tolerance(cost))
