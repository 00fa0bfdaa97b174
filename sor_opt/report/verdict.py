"""What the data lets us say of a point that a search chose: as plain data, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sor_opt.backtest.intervals import Estimate
from sor_opt.report.summary import estimated
from sor_opt.report.tables import INTERVAL, Shown, count, interval, number, p_value, table
from sor_opt.search.grid import GridPoint
from sor_opt.search.verdict import LEVEL, ComparisonVerdict, Selection

SELECTION = ("tried", "tried_distinct", "pbo", "spa_p")
"""What `selection_summary` says."""

UNKNOWN: dict[str, Any] = dict.fromkeys((*SELECTION, "default", "saves_default"))
"""What a document holds where nothing was selected."""


def selection_summary(selection: Selection) -> dict[str, Any]:
    """How many points were `tried`, and how much of the best of them may be luck."""
    return dict(zip(SELECTION, selection, strict=True))


def default_summary(default: GridPoint) -> dict[str, Any]:
    """The default point."""
    return {"default": {"params": dict(default.params), **default.outcome._asdict()}}


def saved_summary(saved: Estimate) -> dict[str, Any]:
    """What a chosen point saves on the default point on the test orders, with its interval."""
    return {"saves_default": estimated("test_bps", saved)}


def comparison_verdict_summary(verdict: ComparisonVerdict) -> dict[str, Any]:
    """The same of a comparison: of all points of all runs, and in `verdicts` by strategy.

    `verdicts` are of the median run of each; `winner` is the strategy that is better than every
    other, null if none is.
    """
    return {
        **selection_summary(verdict.all_points),
        **default_summary(verdict.default),
        "winner": verdict.winner,
        "verdicts": {
            name: {**selection_summary(selection), **saved_summary(verdict.saved[name])}
            for name, selection in verdict.selections.items()
        },
    }


def selection_lines(summary: Mapping[str, Any]) -> list[Shown]:
    """Say how much of the best of the points may be luck."""
    if summary["tried"] is None:
        return []
    tried = f"{count(summary['tried'], 'point')} ({summary['tried_distinct']} distinct)"
    overfit = "not known" if summary["pbo"] is None else number(summary["pbo"])
    return [
        f"Best of {tried}: probability of overfitting {overfit}.",
        f"On train orders, against the default point: {_spa(summary['spa_p'])}.",
    ]


def _spa(p: float | None) -> str:
    if p is None:
        return "no SPA p (too few orders, no point that differs, or not the mean)"
    luck = "hardly luck" if p < LEVEL else "not distinguishable from luck"
    return f"SPA p {p_value(p, '= ')}, {luck}"


def verdict_lines(point: str, saved: Mapping[str, Any] | None) -> list[Shown]:
    """Say whether a point is better than the default point.

    Parameters
    ----------
    point : str
        What to call it.
    saved : mapping or None
        What it `saves_default`.
    """
    if saved is None or not saved["orders"]:
        return []
    bounds = interval((saved["low"], saved["high"])) if saved["basis"] else "(no interval)"
    told = f"{point} saves {number(saved['test_bps'])} bps {bounds} in the mean"
    orders = count(saved["orders"], "test order")
    return [f"On {orders} {told}: {standing(saved)} the default point."]


def standing(saved: Mapping[str, Any]) -> str:
    """How a point stands to the default point, before these words."""
    if saved["low"] > 0:
        return "better than"
    return "worse than" if saved["high"] < 0 else "not distinguishable from"


def comparison_verdict_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """The strategies' median runs against luck and the default point, and who wins."""
    shown = table("strategy", "points", "distinct", "overfit", "SPA p", "saves", INTERVAL)
    for name, row in summary["verdicts"].items():
        saved = row["saves_default"]
        shown.add_row(
            name,
            str(row["tried"]),
            str(row["tried_distinct"]),
            number(row["pbo"]),
            p_value(row["spa_p"]),
            number(saved["test_bps"]),
            interval((saved["low"], saved["high"])),
        )
    default = summary["default"]
    train, test = (number(default[key], 3) for key in ("train_bps", "test_bps"))
    title = "Median runs: probability of overfitting, and saved on the default point on test orders"
    first, *rest = selection_lines(summary)
    return [
        f"Default point: train {train} bps, test {test} bps.",
        title,
        shown,
        f"All runs. {first}",
        *rest,
        *([_winner(summary["winner"])] if len(summary["verdicts"]) > 1 else []),
    ]


def _winner(name: str | None) -> str:
    if name is None:
        return (
            "No winner: none is lower than every other on train for more than chance, with no "
            "other cheaper on test."
        )
    return f"Winner: {name}, lower than every other on train, and test does not contradict."
