"""The router of any cost model that takes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sor_opt import Cost, CostModel, Placement, PlacementModel, RiskParams, Static, StaticModel
from sor_opt.allocators.exhaustive import ExhaustiveAllocator
from sor_opt.backtest.backtest import run
from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.errors import ConfigError
from sor_opt.market.loaders import load_tape
from sor_opt.market.tape import SECOND
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import SCHEDULES

RISK = RiskParams(0.0005, 0.0004, 0.00005)


@pytest.fixture(scope="module")
def sample(pytestconfig):
    tape = load_tape(pytestconfig.rootpath / "data" / "sample_quotes.csv.gz")
    orders = OrderParams(size=3050, horizon=300 * SECOND, every=1800 * SECOND)
    return prepare(tape, make_orders(tape, orders), ReplayParams(), FeeSchedule.packaged())


@pytest.mark.parametrize("model", [StaticModel(), StaticModel("strict", step=50.0)], ids=str)
@pytest.mark.parametrize("schedule", ["now", "twap"])
def test_with_the_static_model_it_does_what_static_does(sample, model, schedule):
    one, other = (
        run(sample, Policy(SCHEDULES[schedule](), router))
        for router in (Static(RISK, model), Cost(RISK, model))
    )
    assert len(one.executions())
    assert one.executions().equals(other.executions())


def test_another_allocator_solves_its_splits(sample):
    one, other = (
        run(sample, Policy(SCHEDULES["now"](), Cost(RISK, StaticModel(step=1000.0), allocator)))
        for allocator in (None, ExhaustiveAllocator())
    )
    assert one.executions().equals(other.executions())


def test_a_model_that_posts_is_refused():
    said = "the router cost takes and learns nothing, but the model placement posts or needs"
    with pytest.raises(ConfigError, match=said):
        Cost(model=PlacementModel())


@dataclass(frozen=True)
class Dear(StaticModel):
    """Another one."""


class Free(CostModel):
    """Of another kind."""

    def compile(self, snapshot, target, risk):
        raise NotImplementedError


@pytest.mark.parametrize("router", [Static, Placement])
def test_a_router_that_is_written_for_one_model_takes_no_other(router):
    said = rf"the router {router.name} is written for the {router.name} model; .* 'Free'"
    with pytest.raises(ConfigError, match=said):
        router(model=Free())


def test_a_description_tells_models_apart():
    """Those of the package are told as they always were."""

    def told(router):
        return Policy(SCHEDULES["now"](), router).describe()["router"]

    static = {"space": "open", "ref": None, "step": 100.0}
    assert told(Static())["model"] == static
    assert told(Cost())["model"] == static
    assert told(Static(allocator=ExhaustiveAllocator()))["allocator"] == "exhaustive"
    limited = ExhaustiveAllocator(limit=9, time_limit=2.0)
    assert told(Static(allocator=limited))["allocator"] == "exhaustive time_limit=2.0 limit=9"
    found = told(Cost(model=Dear()))["model"]
    assert (found.pop("name"), len(found.pop("source"))) == ("Dear", 16)
    assert found == static
    assert set(told(Cost(model=Free()))["model"]) == {"name", "source"}
