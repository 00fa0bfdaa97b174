"""Studies as plain data and as tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from rich.table import Table

from sor_opt.report.risk import risk_table
from sor_opt.report.savings import headline_tables
from sor_opt.report.tables import NO_TEST, Shown, number
from sor_opt.report.verdict import UNKNOWN, selection_lines, verdict_lines
from sor_opt.search.samplers.registry import SAMPLERS
from sor_opt.search.studies.history import History
from sor_opt.search.studies.identity import DATA, FILE, words
from sor_opt.search.studies.study import StudyResult
from sor_opt.search.studies.trials import FinishedTrial

_COUNTS = ("finished", "failed", "pruned", "running")
"""What trials of ours may be."""

_ROWS = 20
"""How much of a front is shown at the end of a run."""

_NOTHING = "No trial is finished."


def history_summary(history: History) -> dict[str, Any]:
    """Describe a study: what it was made for, and where it stands.

    One of several measures has a `front` in place of a best trial, and names them as its
    `objective`; `values` and `test_values` of a trial are in their order.
    """
    return {
        "study": history.name,
        "sampler": history.sampler,
        "searched": list(history.space.names),
        "finished": len(history.trials),
        "failed": history.failed,
        "pruned": history.pruned,
        "running": history.running,
        "not_measured": len(history.others),
        "distinct": len({trial.train for trial in history.trials}),
        "best": _trial(history.best),
        **_pareto(history),
        "identity": history.identity,
        "made_for": words(history.identity),
        "began_from": history.seeds.describe() if history.seeds else None,
    }


def result_summary(result: StudyResult) -> dict[str, Any]:
    """Make the `study run` document: the study, and what the run added to it."""
    return {
        **history_summary(result.history),
        "storage": result.storage,
        "target": result.target,
        "added": result.added,
        "interrupted": result.interrupted,
        "note": result.note(),
    }


def full_summary(history: History) -> dict[str, Any]:
    """Make the `study show` document: also all finished trials, and an adaptive one's rounds.

    Trials that another program has finished are under `others`: nothing ranks them. `savings` are
    those that the last run told of the best trial; empty where that was another one.
    """
    return {
        **history_summary(history),
        **UNKNOWN,
        **(history.headline or {"savings": {}}),
        "trials": [_trial(trial) for trial in history.trials],
        "others": [other._asdict() for other in history.others],
        "rounds": _rounds(history),
    }


def list_tables(summaries: Sequence[Mapping[str, Any]]) -> list[Shown]:
    """List studies, a row each."""
    if not summaries:
        return ["There are no studies."]
    table = Table(box=None, pad_edge=False)
    for heading in ("study", "sampler", "data"):
        table.add_column(heading)
    for heading in (*_COUNTS, "not measured", "best train", "its test"):
        table.add_column(heading, justify="right")
    for row in summaries:
        best = row["best"] or {}
        table.add_row(
            row["study"],
            row["sampler"],
            _source(row),
            *(str(row[state]) for state in _COUNTS),
            str(row["not_measured"]),
            f"front of {len(row['front'])}"
            if "front" in row
            else number(best.get("train_bps", math.nan), 3),
            number(best.get("test_bps", math.nan), 3),
        )
    return [table]


def result_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """Tell how a run ended, and the best point so far."""
    return [
        f"{summary['study']}: {summary['note']}.",
        *_origin(summary),
        *_others(summary["not_measured"]),
        *_found(summary, _ROWS),
    ]


def show_tables(summary: Mapping[str, Any], top: int) -> list[Shown]:
    """Show what a study was made for, its best trials, and an adaptive one's last ranges."""
    identity = Table(box=None, show_header=False, pad_edge=False)
    for part, text in summary["made_for"].items():
        identity.add_row(part, text)
    counts = ", ".join(f"{summary[state]} {state}" for state in _COUNTS)
    return [
        f"{summary['study']}: {counts}",
        identity,
        *_origin(summary),
        *_ranked(summary, top),
        *_others(summary["not_measured"]),
        *(_other(other) for other in summary["others"][: top or None]),
        *_ranges(summary["rounds"]),
        *_found(summary, top),
    ]


def _source(summary: Mapping[str, Any]) -> str:
    """The file that a study was made for, or what else is known of its data."""
    data = summary["identity"].get(DATA)
    known = data.get(FILE) if isinstance(data, dict) else None
    return str(known or summary["made_for"].get(DATA, "-"))


def _origin(summary: Mapping[str, Any]) -> list[Shown]:
    began = summary["began_from"]
    return [f"Began from {began}."] if began else []


def _others(number: int) -> list[Shown]:
    if not number:
        return []
    trials = "1 trial was" if number == 1 else f"{number} trials were"
    return [f"{trials} finished by another program: not measured here, and not ranked."]


def _other(other: Mapping[str, Any]) -> str:
    point = ", ".join(f"{name} {value}" for name, value in other["params"].items())
    values = ", ".join(f"{value:g}" for value in other["values"])
    return f"  trial {other['number']}, {point or 'no parameters'}: value {values}"


def _trial(trial: FinishedTrial | None) -> dict[str, Any] | None:
    if trial is None:
        return None
    return {
        "number": trial.number,
        "params": dict(trial.params),
        **_scores(trial),
        "seconds": trial.seconds,
    }


def _scores(trial: FinishedTrial) -> dict[str, Any]:
    if len(trial.outcomes) == 1:
        return trial.outcome._asdict()
    return {"values": trial.train, "test_values": trial.test}


def _pareto(history: History) -> dict[str, Any]:
    """What there is in place of a best trial where there are several measures."""
    if len(history.measures) == 1:
        return {}
    return {
        "objective": list(history.measures),
        "front": [_trial(trial) for trial in history.front],
    }


def _rounds(history: History) -> list[dict[str, Any]]:
    """The rounds of a sampler of the package; a database names no other that may be loaded."""
    if history.sampler not in SAMPLERS.rows:
        return []
    space = history.space
    values = {space.point(trial.params): trial.outcome.train_bps for trial in history.trials}
    return [
        {
            "parameter": round_.parameter,
            "ranges": round_.ranges,
            "centre": None
            if round_.centre is None
            else dict(zip(space.names, round_.centre, strict=True)),
            "points": len(round_.points),
        }
        for round_ in SAMPLERS.rows[history.sampler].rounds(space, values)
    ]


def _ranked(summary: Mapping[str, Any], top: int) -> list[Shown]:
    """The best trials, where there is an order of them."""
    if "front" in summary:
        return []
    ranked = sorted(summary["trials"], key=lambda trial: trial["train_bps"])[: top or None]
    scores = [(trial["train_bps"], trial["test_bps"], trial["seconds"]) for trial in ranked]
    return [_trials(ranked, summary["searched"], ("train", "test", "seconds"), scores)]


def _trials(
    trials: Sequence[Mapping[str, Any]],
    searched: Sequence[str],
    headings: Sequence[str],
    scores: Sequence[Sequence[float]],
) -> Table:
    """A row per trial: its number, what moved, and its scores."""
    table = Table(box=None, pad_edge=False)
    for heading in ("trial", *searched, *headings):
        table.add_column(heading, justify="right")
    for trial, values in zip(trials, scores, strict=True):
        table.add_row(
            str(trial["number"]),
            *(f"{trial['params'][name]:.6g}" for name in searched),
            *(number(value, 3) for value in values),
        )
    return table


def _found(summary: Mapping[str, Any], top: int) -> list[Shown]:
    """The best trial and what it saves, or the front of several measures."""
    if "front" in summary:
        return _front(summary, top)
    return [*_best(summary), *_risk(summary), *_saved(summary)]


def _front(summary: Mapping[str, Any], top: int) -> list[Shown]:
    """The points that no other one beats, so many of them from end to end."""
    front, names = summary["front"], summary["objective"]
    if not front:
        return [_NOTHING]
    count = min(top or len(front), len(front))
    spread = [front[round(at)] for at in np.linspace(0, len(front) - 1, count)]
    scores = [
        [*chain(*zip(trial["values"], trial["test_values"], strict=True))] for trial in spread
    ]
    headings = [f"{name} {part}" for name in names for part in ("train", "test")]
    shown = "" if count == len(front) else f" ({count} shown)"
    lines: list[Shown] = [
        f"Front: {len(front)} of {summary['finished']} trials{shown}; no other one is as low in "
        f"all of {', '.join(names)} on the train orders.",
        _trials(spread, summary["searched"], headings, scores),
        *_flat(summary),
        "Which of them is best is yours to say, so no saving is claimed; `backtest` replays one.",
    ]
    untested = all(math.isnan(value) for value in front[0]["test_values"])
    return [*lines, NO_TEST] if untested else lines


def _ranges(reached: Sequence[Mapping[str, Any]]) -> list[Shown]:
    if not reached:
        return []
    last = reached[-1]["ranges"]
    spans = ", ".join(
        f"{name} {levels[0]:.4g} to {levels[-1]:.4g}" for name, levels in last.items()
    )
    count = "1 round" if len(reached) == 1 else f"{len(reached)} rounds"
    return [f"After {count} the ranges are {spans}."]


def _best(summary: Mapping[str, Any]) -> list[Shown]:
    best = summary["best"]
    if best is None:
        return [_NOTHING]
    point = ", ".join(f"{name} {best['params'][name]:.6g}" for name in summary["searched"])
    train, test = (number(best[key], 3) for key in ("train_bps", "test_bps"))
    scores = f"test {test} bps, train {train} bps (chose the point)"
    return [f"Best: trial {best['number']}, {point}: {scores}.", *_flat(summary)]


def _flat(summary: Mapping[str, Any]) -> list[Shown]:
    if summary["finished"] < 2 or summary["distinct"] > 1:
        return []
    return ["Flat: all trials came to the same; the parameters decide nothing."]


def _risk(summary: Mapping[str, Any]) -> list[Shown]:
    """The risk of the best trial, where a run has told it."""
    if "risk" not in summary:
        return []
    objective, rows = summary["objective"], [(("best trial",), summary["risk"]["best"])]
    title = f"Minimised: {objective} shortfall of the train orders, bps"
    return [title, risk_table(("",), rows, objective)]


def _saved(summary: Mapping[str, Any]) -> list[Shown]:
    """What the best trial saves, where a run has told it."""
    if summary["savings"]:
        saved = verdict_lines("the best trial", summary["saves_default"])
        return [*headline_tables("the best trial", summary), *selection_lines(summary), *saved]
    best = summary["best"]
    return [NO_TEST] if best and not math.isfinite(best["test_bps"]) else []
