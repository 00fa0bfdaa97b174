from dataclasses import replace

import numpy as np
import pytest

from sor_opt.allocators.crosscheck import crosscheck, trim
from sor_opt.allocators.draws import instances_of, random_instances, snapshot_instances
from sor_opt.allocators.exhaustive import ExhaustiveAllocator, count_points
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.allocators.registry import provers
from sor_opt.errors import DataError, SolverError
from sor_opt.market.tape import Quotes, Tape
from sor_opt.models.registry import MODELS

PAIR = (ExhaustiveAllocator, FastAllocator)


def draw(count, seed=1):
    return list(random_instances(count, np.random.default_rng(seed)))


def test_allocators_agree_on_random_instances():
    done = []
    result = crosscheck(draw(150), [make() for make in PAIR], done.append)
    assert result.mismatches == []
    assert done == list(range(1, 151))
    for tally in result.by_allocator.values():
        assert tally.solved == 300
        assert 0 < tally.infeasible < 150


def test_the_same_seed_draws_the_same_instances():
    assert draw(20) == draw(20)
    assert draw(20) != draw(20, seed=2)


def test_random_instances_hold_what_tends_to_go_wrong():
    instances = draw(200)
    venues = [venue for instance in instances for venue in instance.venues]
    assert any(venue.ask_size == 0 for venue in venues)
    assert any(venue.ask_size % 1 for venue in venues)
    assert any(venue.fee < 0 for venue in venues)
    assert any(instance.order.size % instance.model.step for instance in instances)
    assert {len(instance.venues) for instance in instances} >= {1, 2, 5, 12}


class Wrong:
    """Understates or overstates the cost by a millionth, or fails."""

    name = "wrong"

    def __init__(self, fails):
        self.fails = fails

    def solve(self, problem):
        if self.fails:
            raise SolverError("no licence")
        found = FastAllocator().solve(problem)
        return replace(found, cost=found.cost * (1 + 1e-6), solver=self.name)


@pytest.mark.parametrize("fails", [False, True])
def test_a_wrong_allocator_is_caught(fails):
    result = crosscheck(draw(10), [ExhaustiveAllocator(), Wrong(fails)])
    tally = result.by_allocator["wrong"]
    assert tally.mismatches == len(result.mismatches) > 0
    assert result.by_allocator["exhaustive"].mismatches == 0
    assert set(result.mismatches[0].costs) == {"exhaustive", "wrong"}


def test_a_large_lattice_loses_its_last_venues():
    large = next(i for i in draw(100) if count_points(i.problem()) > 100)
    small = trim(large, points=50)
    assert small.venues == large.venues[: len(small.venues)]
    assert len(small.venues) == 1 or count_points(small.problem()) <= 50


def tape(ask_size):
    n = 6
    quotes = Quotes(
        ts=np.arange(n),
        venue=np.arange(n) % 2,
        bid=np.full(n, 10.0),
        bid_size=np.full(n, 300.0),
        ask=np.full(n, 10.01),
        ask_size=np.full(n, ask_size),
    )
    return Tape(("XNYS", "XNAS"), quotes, source="made up")


def test_snapshots_hold_each_venues_last_quote():
    instances = list(snapshot_instances(tape(200.0), 20, np.random.default_rng(0)))
    assert {tuple(v.name for v in i.venues) for i in instances} == {("XNYS",), ("XNYS", "XNAS")}
    assert all(v.ask_size == 200.0 for i in instances for v in i.venues)


def test_a_tape_without_a_market_gives_no_snapshot():
    with pytest.raises(DataError, match="no quote shows a two-sided market"):
        list(snapshot_instances(tape(0.0), 1, np.random.default_rng(0)))


def test_allocators_agree_on_the_real_day(shared):
    from sor_opt.market.loaders import load_tape

    day = load_tape(shared("taq/quotes_2018-01-02.csv.gz"))
    drawn = snapshot_instances(day, 60, np.random.default_rng(3))
    assert crosscheck(drawn, [make() for make in PAIR]).mismatches == []


@pytest.mark.parametrize("name", MODELS)
def test_all_that_prove_agree_on_every_cost_model(name):
    rng = np.random.default_rng(5)
    drawn = instances_of(MODELS.make(name), random_instances(8, rng), rng)
    assert crosscheck(drawn, provers()).mismatches == []
