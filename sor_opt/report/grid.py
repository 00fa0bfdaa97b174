"""The grid as plain data and as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sor_opt.backtest.baselines import Baseline
from sor_opt.backtest.risk import MEAN
from sor_opt.report.savings import all_savings, headline, headline_tables
from sor_opt.report.summary import quality_shares, totals
from sor_opt.report.tables import (
    Shown,
    count,
    draws_note,
    number,
    table,
    unfilled_note,
)
from sor_opt.report.verdict import selection_lines, verdict_lines
from sor_opt.search.grid import Grid, GridPoint
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.savings import Saving


class Column(NamedTuple):
    """A column of numbers.

    Attributes
    ----------
    heading : str
    value : callable
        Gives the number of a row, NaN where it is not known.
    digits : int
        Decimals that are shown.
    """

    heading: str
    value: Callable[[Mapping[str, Any]], float]
    digits: int

    def cell(self, row: Mapping[str, Any]) -> str:
        """What is shown of a row."""
        return number(self.value(row), self.digits)


_TRAIN = Column("train", lambda row: row["train_bps"], 3)
_TEST = Column("test", lambda row: row["test_bps"], 3)
_MEAN = Column("mean", lambda row: row["shortfall_bps"], 2)
_SD = Column("sd", lambda row: row["sd_bps"], 2)
_WORST = Column("worst tenth", lambda row: row["cvar_bps"], 2)
_SECONDS = Column("seconds", lambda row: row["duration_s"], 1)
_UNFILLED = Column("unfilled", lambda row: row["unfilled_shares"], 0)


def grid_summary(
    objective: ShortfallObjective,
    grid: Grid,
    default: GridPoint,
    baselines: Mapping[str, Baseline],
    saved: Mapping[str, Saving],
) -> dict[str, Any]:
    """The `grid` document: the points, the best on train first, against the baselines.

    `searched` names the parameters that move; `params` of a point holds what is fixed too. What
    the points' own `savings_*` are of all orders, train included, `savings` are the best point's on
    test and on train orders apart.

    Parameters
    ----------
    objective : ShortfallObjective
    grid : Grid
    default : GridPoint
        What the policy is without a search.
    baselines : mapping of str to Baseline
        Those of the best point's schedule.
    saved : mapping of str to Saving
        What the best point saves.
    """
    points = [_point(point, baselines) for point in grid.points]
    return {
        **headline(objective, saved),
        "searched": list(grid.space.names),
        "points": points,
        "best": points[0],
        "default": _point(default, baselines),
        "distinct": grid.distinct,
        "flat": grid.flat,
        "seconds": grid.seconds,
        "baselines": {
            name: {
                "measures": each.measures,
                **objective.outcome(each.result)._asdict(),
                **totals(each.result),
            }
            for name, each in baselines.items()
        },
        "quality": quality_shares(objective.market),
    }


def _point(point: GridPoint, baselines: Mapping[str, Baseline]) -> dict[str, Any]:
    return {
        "params": dict(point.params),
        **point.outcome._asdict(),
        **totals(point.result),
        **all_savings(point.result, baselines),
    }


def grid_tables(summary: Mapping[str, Any], top: int = 0) -> list[Shown]:
    """The ranked points, the baselines, and what the best point saves on test orders."""
    orders, searched = summary["orders"], summary["searched"]
    title = (
        f"{count(orders['all'], 'parent order')} ({orders['train']} train, "
        f"{orders['test']} test): {summary['objective']} shortfall, bps"
    )
    axes = (name.replace("_", " ") for name in searched)
    columns = _columns(summary)
    shown = table("", *axes, *(column.heading for column in columns))
    for rank, point in enumerate(summary["points"][: top or None], 1):
        shown.add_row(
            str(rank),
            *(f"{point['params'][name]:.6g}" for name in searched),
            *(column.cell(point) for column in columns),
            style="bold" if rank == 1 else None,
        )
    shown.add_section()
    default = summary["default"]
    cells = (column.cell(default) for column in columns)
    shown.add_row("default", *(f"{default['params'][name]:.6g}" for name in searched), *cells)
    for name, row in summary["baselines"].items():
        cells = (column.cell(row) for column in columns)
        shown.add_row("", name, *[""] * (len(searched) - 1), *cells)
    return [
        title,
        shown,
        "Beside train and test are all orders: bps, and seconds to the last fill.",
        *headline_tables("the best point", summary),
        *selection_lines(summary),
        *verdict_lines("the best point", summary["saves_default"]),
        _verdict(summary),
        *unfilled_note(summary["best"]["incomplete_orders"]),
        *draws_note(orders["all"]),
    ]


def _columns(summary: Mapping[str, Any]) -> list[Column]:
    """What is shown of every point and of every baseline, each a row of the document."""
    rows = (*summary["points"], *summary["baselines"].values())
    another = summary["objective"] != MEAN.name
    unfilled = any(row["unfilled_shares"] for row in rows)
    return [_TRAIN, _TEST, *[_MEAN] * another, _SD, _WORST, _SECONDS, *[_UNFILLED] * unfilled]


def _verdict(summary: Mapping[str, Any]) -> str:
    points, distinct = len(summary["points"]), summary["distinct"]
    if summary["flat"]:
        return f"Flat: all {points} points did exactly the same; the parameters decide nothing."
    return f"{points} points, {distinct} distinct outcomes, {summary['seconds']:.2f} s."
