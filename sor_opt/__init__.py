"""Smart order routing: exact allocators, honest Level-1 backtests, resumable parameter searches.

The names below are the public interface; each is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "sor_opt.errors": (
        "ConfigError",
        "DataError",
        "OutputError",
        "SolverError",
        "SorOptError",
        "StorageError",
    ),
    "sor_opt.market.book": ("BookParams",),
    "sor_opt.market.loaders": ("load_tape", "save_tape"),
    "sor_opt.market.quality": ("book_quality", "inspect"),
    "sor_opt.market.synthetic": ("SyntheticParams", "generate"),
    "sor_opt.market.tape": ("Quotes", "Tape", "Trades"),
    "sor_opt.models.base": ("CostModel", "Drawn"),
    "sor_opt.models.books": ("read_instance", "write_instance"),
    "sor_opt.models.case": ("Case", "Order"),
    "sor_opt.models.instances": ("Instance",),
    "sor_opt.models.ladder": ("Allocation", "LadderProblem"),
    "sor_opt.models.outflow": ("Outflow",),
    "sor_opt.models.placement": ("PlacementModel",),
    "sor_opt.models.registry": ("MODELS",),
    "sor_opt.models.risk": ("RiskParams",),
    "sor_opt.models.snapshot": ("Snapshot",),
    "sor_opt.models.static": ("StaticModel",),
    "sor_opt.models.venues": ("Fee", "FeeSchedule", "Venue"),
    "sor_opt.models.windows": ("WindowParams",),
    "sor_opt.allocators.base": ("Allocator", "IntegerParams"),
    "sor_opt.allocators.crosscheck": ("crosscheck",),
    "sor_opt.allocators.exhaustive": ("ExhaustiveAllocator",),
    "sor_opt.allocators.fast.allocator": ("FastAllocator",),
    "sor_opt.allocators.integer": ("CbcAllocator", "IntegerAllocator"),
    "sor_opt.allocators.registry": ("ALLOCATORS",),
    "sor_opt.allocators.robbins_monro": ("RobbinsMonroAllocator",),
    "sor_opt.policies.context": ("Context", "Slices"),
    "sor_opt.policies.policy": ("PAIRS", "Policy"),
    "sor_opt.policies.registry": ("BASELINES", "ROUTERS", "SCHEDULES", "named"),
    "sor_opt.policies.routers.base": ("Compiled", "Posting", "Router", "Split"),
    "sor_opt.policies.routers.best_ask": ("BestAsk",),
    "sor_opt.policies.routers.cost": ("Cost",),
    "sor_opt.policies.routers.placement": ("Placement",),
    "sor_opt.policies.routers.pro_rata": ("ProRata",),
    "sor_opt.policies.routers.static": ("Static",),
    "sor_opt.policies.routers.sweep": ("Sweep",),
    "sor_opt.policies.schedules.ac": ("AlmgrenChriss",),
    "sor_opt.policies.schedules.base": ("Schedule", "whole_shares"),
    "sor_opt.policies.schedules.now": ("Now",),
    "sor_opt.policies.schedules.pov": ("Pov",),
    "sor_opt.policies.schedules.twap": ("Twap",),
    "sor_opt.policies.schedules.vwap": ("VolumeCurve", "Vwap"),
    "sor_opt.policies.view": ("LiveQuotes", "Progress", "View"),
    "sor_opt.backtest.backtest": ("run", "run_baselines"),
    "sor_opt.backtest.contest": ("Entry", "hold_contest"),
    "sor_opt.backtest.market": ("Market", "ReplayParams", "prepare"),
    "sor_opt.backtest.orders": ("OrderParams", "ParentOrders", "make_orders"),
    "sor_opt.backtest.result": ("Estimate", "Result", "Risk", "estimate", "risk_of", "savings"),
    "sor_opt.search.compare": ("CompareParams", "Comparison", "compare"),
    "sor_opt.search.grid": ("Grid", "run_grid"),
    "sor_opt.search.landscape": ("Landscape", "make_landscape"),
    "sor_opt.search.objective": ("Objective", "Outcome", "ShortfallObjective"),
    "sor_opt.search.space": ("Space",),
    "sor_opt.search.studies.study": ("StudyRun", "run_study"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'sor_opt' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
