"""Studies as plain data and as tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

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


def history_summary(history: History) -> dict[str, Any]:
    """Describe a study: what it was made for, and where it stands."""
    train = {trial.outcome.train_bps for trial in history.trials}
    return {
        "study": history.name,
        "sampler": history.sampler,
        "searched": list(history.space.names),
        "finished": len(history.trials),
        "failed": history.failed,
        "pruned": history.pruned,
        "running": history.running,
        "not_measured": len(history.others),
        "distinct": len(train),
        "best": _trial(history.best),
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
            number(best.get("train_bps", math.nan), 3),
            number(best.get("test_bps", math.nan), 3),
        )
    return [table]


def result_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """Tell how a run ended, and the best point so far."""
    return [
        f"{summary['study']}: {summary['note']}.",
        *_origin(summary),
        *_others(summary["not_measured"]),
        *_best(summary),
        *_risk(summary),
        *_saved(summary),
    ]


def show_tables(summary: Mapping[str, Any], top: int) -> list[Shown]:
    """Show what a study was made for, its best trials, and an adaptive one's last ranges."""
    identity = Table(box=None, show_header=False, pad_edge=False)
    for part, text in summary["made_for"].items():
        identity.add_row(part, text)
    counts = ", ".join(f"{summary[state]} {state}" for state in _COUNTS)
    ranked = sorted(summary["trials"], key=lambda trial: trial["train_bps"])[: top or None]
    return [
        f"{summary['study']}: {counts}",
        identity,
        *_origin(summary),
        _trials(ranked, summary["searched"]),
        *_others(summary["not_measured"]),
        *(_other(other) for other in summary["others"][: top or None]),
        *_ranges(summary["rounds"]),
        *_best(summary),
        *_risk(summary),
        *_saved(summary),
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
        **trial.outcome._asdict(),
        "seconds": trial.seconds,
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


def _trials(trials: Sequence[Mapping[str, Any]], searched: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("trial", *searched, "train", "test", "seconds"):
        table.add_column(heading, justify="right")
    for trial in trials:
        table.add_row(
            str(trial["number"]),
            *(f"{trial['params'][name]:.6g}" for name in searched),
            number(trial["train_bps"], 3),
            number(trial["test_bps"], 3),
            number(trial["seconds"], 3),
        )
    return table


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
        return ["No trial is finished."]
    point = ", ".join(f"{name} {best['params'][name]:.6g}" for name in summary["searched"])
    train, test = (number(best[key], 3) for key in ("train_bps", "test_bps"))
    scores = f"test {test} bps, train {train} bps (chose the point)"
    lines: list[Shown] = [f"Best: trial {best['number']}, {point}: {scores}."]
    if summary["finished"] > 1 and summary["distinct"] == 1:
        lines.append("Flat: all trials came to the same; the parameters decide nothing.")
    return lines


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
