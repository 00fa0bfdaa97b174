"""The comparison as a document, as tables, as a picture."""

import io
import itertools
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from savings_rows import RISK, ROWS, SAVED

from sor_opt.backtest.intervals import Estimate
from sor_opt.errors import ConfigError
from sor_opt.report.comparison import comparison_summary, comparison_tables, draw_comparison
from sor_opt.report.verdict import comparison_verdict_summary
from sor_opt.search.compare import CompareParams, Comparison, Run, Strategy
from sor_opt.search.grid import GridPoint
from sor_opt.search.landscape import Landscape, Staircase
from sor_opt.search.objective import Outcome
from sor_opt.search.significance import compare_pairs
from sor_opt.search.studies.history import FinishedTrial
from sor_opt.search.verdict import ComparisonVerdict, Selection

EXACT = Landscape(
    0.0001, 0.01, Staircase(np.array([0.001, 0.01]), np.array([[1.0, 9], [5, 6]])), None, 2
)


def a_run(*values):
    trials = tuple(
        FinishedTrial(number, POINT, (Outcome(value, value + 10),), 0.1)
        for number, value in enumerate(values)
    )
    best = min(trials, key=lambda trial: trial.outcome.train_bps)
    return Run(trials, best, len(values) * 0.5, 0.25)


def a_comparison(repeats=3):
    random = [a_run(9.0, 2.0, 3.0), a_run(8.0, 7.0, 4.0), a_run(3.0, 6.0, 6.0)][:repeats]
    strategies = (Strategy("random", tuple(random), 0.125), Strategy("grid", (a_run(5.0),), 0.5))
    samples = {strategy.name: strategy.outcomes[:, 0] for strategy in strategies}
    pairs = compare_pairs(samples, frozenset({"grid"}))
    return Comparison(CompareParams(("grid", "random"), 3, repeats, 7), strategies, pairs)


VERDICT = ComparisonVerdict(
    GridPoint({"lambda_under": 0.002}, Outcome(4.5, 6.25), None),
    Selection(10, 9, 0.5, 0.031),
    {"random": Selection(3, 2, 0.428, 0.214), "grid": Selection(1, 1, None, None)},
    {"random": Estimate(0.25, -0.5, 1.0, 12), "grid": Estimate(1.25, 0.5, 2.0, 12)},
    None,
)


def summarised(comparison, exact):
    """The document, with savings and risk by hand."""
    names = [strategy.name for strategy in comparison.strategies]
    of_policy = {"orders": {"test": 12}, "objective": "mean", "risk": dict.fromkeys(names, RISK)}
    summary = comparison_summary(comparison, exact, dict.fromkeys(names, SAVED)) | of_policy
    return summary | comparison_verdict_summary(VERDICT)


def text(summary):
    console = Console(file=io.StringIO(), width=160)
    console.print(*comparison_tables(summary), sep="\n")
    return console.file.getvalue()


POINT = {
    "lambda_over": 0.001,
    "lambda_under": 0.001,
    "theta_queue": 0.0001,
    "unit": "fraction",
}


def a_winner(train, evaluation, evaluations):
    outcome = {"train_bps": train, "test_bps": train + 10}
    return {"params": POINT, **outcome, "evaluation": evaluation, "evaluations": evaluations}


def test_the_document_whole():
    assert comparison_summary(a_comparison(), EXACT, {"random": SAVED, "grid": {}}) == {
        "budget": 3,
        "repeats": 3,
        "seed": 7,
        "optimum": {"interval": [0.0001, 0.001], "train_bps": 1.0, "test_bps": 9.0},
        "strategies": [
            {
                "name": "random",
                "budget": 3,
                "repeats": 3,
                "evaluations": 3.0,
                "best_bps": {"median": 3.0, "q25": 2.5, "q75": 3.5},  # of 2, 4 and 3
                "regret_bps": 2.0,
                "test_bps": {"median": 13.0, "q25": 12.5, "q75": 13.5},
                "seconds": 1.75,
                "objective_seconds": 1.5,
                "overhead_seconds": 0.25,
                "storage_seconds": 0.125,
                # The runs' best so far: 9 2 2, 8 7 4 and 3 3 3.
                "curve": {
                    "median": [8.0, 3.0, 3.0],
                    "q25": [5.5, 2.5, 2.5],
                    "q75": [8.5, 5.0, 3.5],
                },
                "runs": [a_winner(2.0, 2, 3), a_winner(4.0, 3, 3), a_winner(3.0, 1, 3)],
                "savings": ROWS,
            },
            {
                "name": "grid",
                "budget": 3,
                "repeats": 1,
                "evaluations": 1.0,
                "best_bps": {"median": 5.0, "q25": 5.0, "q75": 5.0},
                "regret_bps": 4.0,
                "test_bps": {"median": 15.0, "q25": 15.0, "q75": 15.0},
                "seconds": 0.75,
                "objective_seconds": 0.5,
                "overhead_seconds": 0.25,
                "storage_seconds": 0.5,
                "curve": {key: [5.0, 5.0, 5.0] for key in ("median", "q25", "q75")},
                "runs": [a_winner(5.0, 1, 1)],
                "savings": {},
            },
        ],
        # All three runs of random end below the grid's one: 2 / 2^3.
        "pairs": [
            {
                "first": "random",
                "second": "grid",
                "lower": 1.0,
                "test": "sign",
                "p": 0.25,
                "p_holm": 0.25,
            }
        ],
    }


def lines(summary):
    """The text without rules and padding."""
    rows = (line.strip() for line in text(summary).splitlines())
    return [row for row in rows if row and set(row) != {"─"}]


def test_the_tables_whole():
    summary = summarised(a_comparison(), EXACT)
    assert lines(summary) == [
        "3 evaluations a run: mean shortfall of the winners, bps, median and quartiles over the "
        "runs; seconds of the median run",
        "strategy  runs  points  train     quartiles  regret    test       quartiles  objective  "
        "search  + storage",
        "1  random       3       3  3.000  [2.50, 3.50]   2.000  13.000  [12.50, 13.50]       1.50"
        "    0.25       0.12",
        "2  grid         1       1  5.000                 4.000  15.000                       0.50"
        "    0.25       0.50",
        "Exact optimum: train 1.000 bps, its test 9.000 bps.",
        "Shortfall, bps, of the winner of each strategy's median run, and seconds of its orders",
        "strategy  orders   mean    sd  worst tenth  seconds",
        "random    train   1.250  2.50         8.00     30.2",
        "test        -     -            -        -",
        "grid      train   1.250  2.50         8.00     30.2",
        "test        -     -            -        -",
        "Saved on test orders against best-ask (the same schedule), bps, by the winner of each "
        "strategy's median run",
        "strategy  test  95 % interval  orders  train (chose the point)",
        "random    1.25   [0.50, 2.00]      12                     2.50",
        "grid      1.25   [0.50, 2.00]      12                     2.50",
        "95 % intervals within this day.",
        "12 test orders are few: a first sign, no proof.",
        "Default point: train 4.500 bps, test 6.250 bps.",
        "Median runs: probability of overfitting, and saved on the default point on test orders",
        "strategy  points  distinct  overfit  SPA p  saves  95 % interval",
        "random         3         2     0.43  0.214   0.25  [-0.50, 1.00]",
        "grid           1         1        -      -   1.25   [0.50, 2.00]",
        "All runs. Best of 10 points (9 distinct): probability of overfitting 0.50.",
        "On train orders, against the default point: SPA p = 0.031, hardly luck.",
        "No winner: none is lower than every other on train for more than chance, with no other "
        "cheaper on test.",
        "p-values of the differences, after Holm over 1 tests (Mann-Whitney U; a sign test against "
        "a strategy without seeds; two of these differ for certain, or not at",
        "all)",
        "better   grid",
        "random  0.250",
    ]


def test_the_p_values_are_a_triangle_of_the_pairs_that_were_tested():
    summary = summarised(a_comparison(), None)
    first = summary["strategies"][0]
    summary["strategies"] = [{**first, "name": name} for name in "abcd"]
    p_values = iter([0.0009, 0.001, None, 0.5, None, 1.0])
    summary["pairs"] = [
        {"first": one, "second": two, "lower": 0.5 if one == "b" else 1.0, "p": p, "p_holm": p}
        for one, two in itertools.combinations("abcd", 2)
        for p in [next(p_values)]
    ]
    shown = lines(summary)
    assert "after Holm over 4 tests" in shown[-6]
    assert [row.split() for row in shown[-4:]] == [
        ["better", "b", "c", "d"],
        ["a", "<", "0.001", "0.001", "certain"],
        ["b", "0.500", "equal"],
        ["c", "1.000"],
    ]


@pytest.mark.parametrize(("repeats", "train"), [(1, 2.0), (2, 2.0), (3, 3.0)])
def test_the_median_run_is_the_lower_of_two(repeats, train):
    random = a_comparison(repeats).strategies[0]
    assert random.median_run.best.outcome.train_bps == train


def test_times_are_those_of_the_median_run_and_distinguished():
    random = summarised(a_comparison(), None)["strategies"][0]
    times = {key: value for key, value in random.items() if key.endswith("seconds")}
    assert times == {
        "seconds": 1.75,
        "objective_seconds": 1.5,
        "overhead_seconds": 0.25,
        "storage_seconds": 0.125,
    }


def test_curves_hold_a_value_per_evaluation_and_keep_the_best():
    random, grid = summarised(a_comparison(), None)["strategies"]
    assert random["curve"]["median"] == [8.0, 3.0, 3.0]
    assert grid["curve"]["q75"] == [5.0, 5.0, 5.0]


def test_without_an_exact_optimum_regrets_are_unknown():
    summary = summarised(a_comparison(), None)
    assert summary["optimum"] is None
    assert {row["regret_bps"] for row in summary["strategies"]} == {None}
    assert "No exact optimum" in text(summary)


def test_fixed_strategies_differ_for_certain_or_not_at_all():
    fixed = Strategy("adaptive", (a_run(5.0),), 0.5)
    for better, word in ((a_run(1.0), "certain"), (a_run(5.0), "equal")):
        strategies = (replace(fixed, runs=(better,)), Strategy("grid", (a_run(5.0),), 0.5))
        samples = {strategy.name: strategy.outcomes[:, 0] for strategy in strategies}
        pairs = compare_pairs(samples, frozenset(samples))
        found = Comparison(CompareParams(("adaptive", "grid"), 3, 2), strategies, pairs)
        assert f" {word}" in text(summarised(found, None))


def test_one_run_is_called_one_draw():
    assert "One run is one draw: no test" in text(summarised(a_comparison(1), None))


def test_one_strategy_alone_has_no_pairs():
    alone = a_comparison()
    alone = replace(alone, strategies=alone.strategies[:1], pairs=())
    assert "Holm" not in text(summarised(alone, None))


@pytest.mark.parametrize("exact", [EXACT, None])
def test_the_picture_is_written_whole(tmp_path, exact):
    path = tmp_path / "comparison.png"
    draw_comparison(a_comparison(), exact, "mean", path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_picture_needs_a_format(tmp_path):
    with pytest.raises(ConfigError, match="unknown picture format"):
        draw_comparison(a_comparison(), None, "mean", tmp_path / "comparison.xls")
    assert not list(tmp_path.iterdir())
