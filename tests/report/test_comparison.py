"""The comparison as a document, as tables, as a picture."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from sor_opt.errors import ConfigError
from sor_opt.model.risk import RiskParams
from sor_opt.report.comparison import comparison_summary, comparison_tables, draw_comparison
from sor_opt.search.compare import CompareParams, Comparison, Run, Strategy
from sor_opt.search.landscape import Landscape, Staircase
from sor_opt.search.objective import Outcome
from sor_opt.search.significance import compare_pairs
from sor_opt.search.studies.history import Visit

EXACT = Landscape(
    0.0001, 0.01, Staircase(np.array([0.001, 0.01]), np.array([[1.0, 9], [5, 6]])), None, 2
)


def a_run(*values):
    visits = tuple(
        Visit(number, RiskParams(), Outcome(value, value + 10), 0.1)
        for number, value in enumerate(values)
    )
    best = min(visits, key=lambda visit: visit.outcome.train_bps)
    return Run(visits, best, len(values) * 0.5, 0.25)


def a_comparison(repeats=3):
    random = [a_run(9.0, 2.0, 3.0), a_run(8.0, 7.0, 4.0), a_run(3.0, 6.0, 6.0)][:repeats]
    strategies = (Strategy("random", tuple(random), 0.125), Strategy("grid", (a_run(5.0),), 0.5))
    samples = {strategy.name: strategy.outcomes[:, 0] for strategy in strategies}
    pairs = compare_pairs(samples, frozenset({"grid"}))
    return Comparison(CompareParams(("grid", "random"), 3, repeats, 7), strategies, pairs)


def text(summary):
    console = Console(file=io.StringIO(), width=160)
    console.print(*comparison_tables(summary), sep="\n")
    return console.file.getvalue()


def test_the_document_holds_what_programs_rely_on():
    summary = comparison_summary(a_comparison(), EXACT)
    random, grid = summary["strategies"]
    assert random["best_bps"] == {"median": 3.0, "q25": 2.5, "q75": 3.5}
    assert random["test_bps"] == {"median": 13.0, "q25": 12.5, "q75": 13.5}
    assert random["regret_bps"] == 2.0
    assert (random["name"], random["budget"], random["repeats"]) == ("random", 3, 3)
    assert (grid["repeats"], grid["evaluations"]) == (1, 1)
    assert summary["optimum"] == {"interval": [0.0001, 0.001], "train_bps": 1.0, "test_bps": 9.0}
    assert summary["pairs"][0]["test"] == "sign"


def test_times_are_those_of_the_median_run_and_told_apart():
    random = comparison_summary(a_comparison(), None)["strategies"][0]
    times = {key: value for key, value in random.items() if key.endswith("seconds")}
    assert times == {
        "seconds": 1.75,
        "objective_seconds": 1.5,
        "overhead_seconds": 0.25,
        "storage_seconds": 0.125,
    }


def test_curves_hold_a_value_per_evaluation_and_keep_the_best():
    random, grid = comparison_summary(a_comparison(), None)["strategies"]
    assert random["curve"]["median"] == [8.0, 3.0, 3.0]
    assert grid["curve"]["q75"] == [5.0, 5.0, 5.0]


def test_without_an_exact_optimum_regrets_are_unknown():
    summary = comparison_summary(a_comparison(), None)
    assert summary["optimum"] is None
    assert {row["regret_bps"] for row in summary["strategies"]} == {None}
    assert "No exact optimum" in text(summary)


def test_tables_show_ranks_regrets_and_corrected_p_values():
    shown = text(comparison_summary(a_comparison(), EXACT))
    assert "Exact optimum: train 1.000 bps, its test 9.000 bps." in shown
    assert "[2.50, 3.50]" in shown
    assert "after Holm over 1 tests" in shown
    assert "0.250" in shown  # three of three runs below the grid: 2 / 2^3


def test_fixed_strategies_differ_for_certain_or_not_at_all():
    fixed = Strategy("adaptive", (a_run(5.0),), 0.5)
    for better, word in ((a_run(1.0), "certain"), (a_run(5.0), "equal")):
        strategies = (replace(fixed, runs=(better,)), Strategy("grid", (a_run(5.0),), 0.5))
        samples = {strategy.name: strategy.outcomes[:, 0] for strategy in strategies}
        pairs = compare_pairs(samples, frozenset(samples))
        found = Comparison(CompareParams(("adaptive", "grid"), 3, 2), strategies, pairs)
        assert f" {word}" in text(comparison_summary(found, None))


def test_one_run_is_called_one_draw():
    assert "One run is one draw: no test" in text(comparison_summary(a_comparison(1), None))


def test_one_strategy_alone_has_no_pairs():
    alone = a_comparison()
    alone = replace(alone, strategies=alone.strategies[:1], pairs=())
    assert "Holm" not in text(comparison_summary(alone, None))


@pytest.mark.parametrize("exact", [EXACT, None])
def test_the_picture_is_written_whole(tmp_path, exact):
    path = tmp_path / "comparison.png"
    draw_comparison(a_comparison(), exact, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_picture_needs_a_format(tmp_path):
    with pytest.raises(ConfigError, match="unknown picture format"):
        draw_comparison(a_comparison(), None, tmp_path / "comparison.xls")
    assert not list(tmp_path.iterdir())
