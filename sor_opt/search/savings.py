"""What a selected point saves: on the train orders, which chose it, and on the test orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sor_opt.backtest.baselines import Baseline, Measure, run_baselines
from sor_opt.backtest.intervals import Estimate, savings
from sor_opt.backtest.result import Result
from sor_opt.search.objective import ShortfallObjective

FEW_ORDERS = 20
"""Fewer test orders than this are said to be few."""


class Saving(NamedTuple):
    """What a point saves against one baseline, bps of the notional.

    Attributes
    ----------
    measures : {"routing", "timing"}
        See `Baseline`.
    test : Estimate
        On the test orders, which had no part in the choice of the point.
    train : Estimate
        On the train orders, which chose it: too good on average.
    """

    measures: Measure
    test: Estimate
    train: Estimate


def savings_of(
    objective: ShortfallObjective,
    result: Result,
    baselines: Mapping[str, Baseline],
) -> dict[str, Saving]:
    """What a selected point's result saves against each baseline.

    Parameters
    ----------
    objective : ShortfallObjective
        Which tells train from test.
    result : Result
        Of all its orders.
    baselines : mapping of str to Baseline
    """
    train = objective.train
    return {
        name: Saving(
            baseline.measures,
            savings(result, baseline.result, ~train),
            savings(result, baseline.result, train),
        )
        for name, baseline in baselines.items()
    }


def savings_at(
    objective: ShortfallObjective,
    params: Mapping[str, Any],
    result: Result,
    given: Mapping[str, Any],
) -> dict[str, Saving]:
    """Replay the baselines of a selected point, and tell what it saves against each.

    Parameters
    ----------
    objective : ShortfallObjective
    params : mapping
        The point, as of `ShortfallObjective.replay`.
    result : Result
        What it came to.
    given : mapping
        Parameters of the baselines' schedules, as of `run_baselines`.
    """
    baselines = run_baselines(objective.market, objective.policy.having(params), given)
    return savings_of(objective, result, baselines)
