"""Risk of selected points as plain data and as a table, on train and on test orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table

from sor_opt.backtest.result import Result
from sor_opt.backtest.risk import MEAN, WORST, Cvar, Sd, mean_of, risk_of
from sor_opt.market.tape import BoolArray
from sor_opt.report.tables import number, table
from sor_opt.search.objective import ShortfallObjective

_COLUMNS = (("mean", "mean_bps", 3), ("sd", "sd_bps", 2), ("worst tenth", "cvar_bps", 2))
"""Of the table: heading, key and decimals."""

_SHOWN = (MEAN.name, Sd().name, Cvar(WORST).name)
"""The measures that these columns are."""


def risk_summary(objective: ShortfallObjective, results: Mapping[str, Result]) -> dict[str, Any]:
    """What a search's document says of the risk of some points, by their names.

    Of the train and of the test orders each: `objective_bps`, which is what is minimised, then
    mean, sd, median and CVaR (the mean of the worst tenth) of the shortfall, and the mean duration.
    """
    return {"risk": {name: _parts(objective, result) for name, result in results.items()}}


def _parts(objective: ShortfallObjective, result: Result) -> dict[str, dict[str, float]]:
    train, outcome = objective.train, objective.outcome(result)
    return {
        "train": {"objective_bps": outcome.train_bps, **_spread(result, train)},
        "test": {"objective_bps": outcome.test_bps, **_spread(result, ~train)},
    }


def _spread(result: Result, which: BoolArray) -> dict[str, float]:
    costs = result.shortfall_bps[which]
    risk = risk_of(costs)
    return {
        "mean_bps": mean_of(costs),
        "sd_bps": risk.sd,
        "median_bps": risk.median,
        "cvar_bps": risk.cvar,
        "duration_s": mean_of(result.duration_s[which]),
    }


def risk_table(
    headings: Sequence[str],
    rows: Iterable[tuple[Sequence[str], Mapping[str, Any]]],
    objective: str,
) -> Table:
    """Two rows for every point, train above test; before all what is minimised, if it is no column.

    Parameters
    ----------
    headings : sequence of str
        Of the texts that say which point it is.
    rows : iterable of (sequence of str, mapping)
        These texts, and the point's risk as of `risk_summary`.
    objective : str
        The name of the measure that is minimised.
    """
    own = [] if objective in _SHOWN else [(objective, "objective_bps", 3)]
    columns = [*own, *_COLUMNS, ("seconds", "duration_s", 1)]
    first, *texts = headings
    shown = table(first, *(heading for heading, *_ in columns), texts=(*texts, "orders"))
    for labels, risk in rows:
        for part, texts_of_it in (("train", labels), ("test", [""] * len(labels))):
            cells = (number(risk[part][key], digits) for _, key, digits in columns)
            shown.add_row(*texts_of_it, part, *cells)
    return shown
