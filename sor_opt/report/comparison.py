"""A comparison of search strategies as plain data, as tables, and as a picture."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from sor_opt.market.tape import FloatArray
from sor_opt.report.plots import save
from sor_opt.report.risk import risk_table
from sor_opt.report.savings import (
    SELECTED,
    few_note,
    selected_basis,
    selected_cells,
    selected_savings,
)
from sor_opt.report.tables import Shown, interval, note, number, p_value, table
from sor_opt.report.verdict import comparison_verdict_tables
from sor_opt.search.compare import Comparison, Run, Strategy
from sor_opt.search.landscape import Landscape
from sor_opt.search.savings import Saving


def comparison_summary(
    comparison: Comparison,
    landscape: Landscape | None,
    saved: Mapping[str, Mapping[str, Saving]],
) -> dict[str, Any]:
    """Make the `compare` document: the strategies, the best first, and all pairs.

    All but the keys that end in `seconds` follow from the data and the seed.

    Parameters
    ----------
    comparison : Comparison
    landscape : Landscape or None
        The exact objective, where it depends on the threshold alone; without it regrets are null.
    saved : mapping
        By strategy, what the winner of its median run saves against each baseline.
    """
    budget = comparison.params.budget
    return {
        "budget": budget,
        "repeats": comparison.params.repeats,
        "seed": comparison.params.seed,
        "optimum": None
        if landscape is None
        else {"interval": list(landscape.best_piece), **landscape.best._asdict()},
        "strategies": [
            {
                **_strategy(strategy, budget, landscape),
                "savings": selected_savings(saved[strategy.name]),
            }
            for strategy in comparison.strategies
        ],
        "pairs": [pair._asdict() for pair in comparison.pairs],
    }


def _strategy(strategy: Strategy, budget: int, landscape: Landscape | None) -> dict[str, Any]:
    train, test = strategy.outcomes.T
    best = _quartiles(train)
    return {
        "name": strategy.name,
        "budget": budget,
        "repeats": len(strategy.runs),
        "evaluations": float(np.median([len(run.trials) for run in strategy.runs])),
        "best_bps": best,
        "regret_bps": None if landscape is None else landscape.regret(best["median"]),
        "test_bps": _quartiles(test),
        **_seconds(strategy),
        "curve": _quartiles(strategy.curves(budget)),
        "runs": [_run(run) for run in strategy.runs],
    }


def _seconds(strategy: Strategy) -> dict[str, float]:
    """Wall time of the median run, its parts, and what a database would add to the first run."""
    parts = np.array([(run.objective_seconds, run.overhead_seconds) for run in strategy.runs])
    objective, overhead = np.median(parts, axis=0).tolist()
    return {
        "seconds": float(np.median(parts.sum(axis=1))),
        "objective_seconds": objective,
        "overhead_seconds": overhead,
        "storage_seconds": strategy.storage_seconds,
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "params": dict(run.best.params),
        **run.best.outcome._asdict(),
        "evaluation": run.best.number + 1,
        "evaluations": len(run.trials),
    }


def _quartiles(values: FloatArray) -> dict[str, Any]:
    """Median and quartiles over the runs, the first axis."""
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0).tolist()
    return {"median": middle, "q25": low, "q75": high}


def comparison_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """The ranked strategies, and what chance explains of their differences."""
    title = (
        f"{summary['budget']} evaluations a run: {summary['objective']} shortfall of the winners, "
        "bps, median and quartiles over the runs; seconds of the median run"
    )
    return [
        title,
        _ranking(summary["strategies"]),
        *_optimum(summary["optimum"]),
        *_risk(summary),
        *_headline(summary),
        *comparison_verdict_tables(summary),
        *_pairs(summary),
    ]


def _ranking(strategies: Sequence[Mapping[str, Any]]) -> Table:
    costs = ("train", "quartiles", "regret", "test", "quartiles")
    seconds = ("objective", "search", "+ storage")
    shown = table("", "runs", "points", *costs, *seconds, texts=("strategy",))
    for rank, row in enumerate(strategies, 1):
        shown.add_row(
            str(rank),
            row["name"],
            str(row["repeats"]),
            f"{row['evaluations']:g}",
            number(row["best_bps"]["median"], 3),
            _spread(row, "best_bps"),
            number(row["regret_bps"], 3),
            number(row["test_bps"]["median"], 3),
            _spread(row, "test_bps"),
            number(row["objective_seconds"]),
            number(row["overhead_seconds"]),
            _added(row["storage_seconds"]),
        )
    return shown


def _spread(row: Mapping[str, Any], key: str) -> str:
    return "" if row["repeats"] == 1 else interval((row[key]["q25"], row[key]["q75"]))


def _added(seconds: float) -> str:
    """What a database adds; a dash where that drowns in how much the times of two runs differ."""
    return number(seconds if seconds > 0 else math.nan)


def _optimum(optimum: Mapping[str, Any] | None) -> list[Shown]:
    if optimum is None:
        known = "it is known where lambda_under + theta_queue alone decides"
        return [f"No exact optimum, so no regrets: {known}."]
    train, test = number(optimum["train_bps"], 3), number(optimum["test_bps"], 3)
    return [f"Exact optimum: train {train} bps, its test {test} bps."]


def _risk(summary: Mapping[str, Any]) -> list[Shown]:
    """The risk of each strategy's winner."""
    rows = (((name,), risk) for name, risk in summary["risk"].items())
    title = "Shortfall, bps, of the winner of each strategy's median run, and seconds of its orders"
    return [title, risk_table(("strategy",), rows, summary["objective"])]


def _headline(summary: Mapping[str, Any]) -> list[Shown]:
    """What each strategy's winner saves by routing."""
    strategies = summary["strategies"]
    against = next(iter(strategies[0]["savings"]))
    shown = table("strategy", *SELECTED)
    for row in strategies:
        shown.add_row(row["name"], *selected_cells(row["savings"][against]))
    title = (
        f"Saved on test orders against {against} (the same schedule), bps, by the winner of each "
        "strategy's median run"
    )
    bases = selected_basis(row["savings"][against] for row in strategies)
    return [title, shown, *bases, *few_note(summary["orders"]["test"])]


def _pairs(summary: Mapping[str, Any]) -> list[Shown]:
    """Give the corrected p-values as a triangle, in the order of the ranks."""
    pairs = {(pair["first"], pair["second"]): pair for pair in summary["pairs"]}
    names = [row["name"] for row in summary["strategies"]]
    if not pairs:
        return []
    if summary["repeats"] == 1:
        return [note("One run is one draw: no test, no claim.")]
    shown = table("better", *names[1:])
    for row, first in enumerate(names[:-1]):
        cells = [_p_value(pairs[first, second]) for second in names[row + 1 :]]
        shown.add_row(first, *[""] * row, *cells)
    tested = sum(pair["p"] is not None for pair in pairs.values())
    title = (
        f"p-values of the differences, after Holm over {tested} tests (Mann-Whitney U; a sign test "
        "against a strategy without seeds; two of these differ for certain, or not at all)"
    )
    return [title, shown]


def _p_value(pair: Mapping[str, Any]) -> str:
    if pair["p_holm"] is None:
        return "equal" if pair["lower"] == 0.5 else "certain"
    return p_value(pair["p_holm"])


def draw_comparison(
    comparison: Comparison, landscape: Landscape | None, objective: str, path: Path
) -> None:
    """Draw the best so far over the evaluations, and the winners' train against their test.

    Parameters
    ----------
    comparison : Comparison
    landscape : Landscape or None
    objective : str
        The name of the measure that was minimised.
    path : Path

    Raises
    ------
    ConfigError
        If the file's ending is no picture format.
    """
    figure = Figure(figsize=(13, 6), layout="constrained")
    progress, winners = figure.subplots(1, 2, width_ratios=(1.4, 1))
    _curves(progress, comparison, objective)
    _winners(winners, comparison, objective)
    if landscape is not None:
        best = landscape.best
        progress.axhline(best.train_bps, color="black", linestyle=":", label="exact optimum")
        winners.plot(*best, "k*", markersize=14, label="exact optimum")
    for axes in (progress, winners):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    save(figure, path)


def _curves(axes: Axes, comparison: Comparison, objective: str) -> None:
    budget = comparison.params.budget
    evaluations = np.arange(1, budget + 1)
    for strategy in comparison.strategies:
        curve = _quartiles(strategy.curves(budget))
        (line,) = axes.step(evaluations, curve["median"], where="post", label=strategy.name)
        bounds = curve["q25"], curve["q75"]
        axes.fill_between(evaluations, *bounds, step="post", alpha=0.15, color=line.get_color())
    axes.set_xlim(1, max(budget, 2))
    axes.set_xlabel("evaluations")
    axes.set_ylabel(f"best {objective} train shortfall so far, bps")
    axes.set_title("Median and quartiles over the runs")


def _winners(axes: Axes, comparison: Comparison, objective: str) -> None:
    for strategy, marker in zip(comparison.strategies, itertools.cycle("osD^v<>"), strict=False):
        (dots,) = axes.plot(*strategy.outcomes.T, marker, markersize=9, label=strategy.name)
        dots.set_fillstyle("none")
    axes.set_xlabel("train, bps")
    axes.set_ylabel("test, bps")
    axes.set_title(f"Each run's winner: {objective} shortfall")
