"""The documents and tables of studies, whole."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console
from savings_rows import HEADLINE

from sor_opt.policies.registry import named
from sor_opt.report.savings import headline_tables
from sor_opt.report.studies import (
    full_summary,
    history_summary,
    list_tables,
    result_summary,
    result_tables,
    show_tables,
)
from sor_opt.report.tables import NO_TEST
from sor_opt.report.verdict import UNKNOWN
from sor_opt.search.objective import Outcome
from sor_opt.search.space import Space
from sor_opt.search.studies.history import FinishedTrial, ForeignTrial, History
from sor_opt.search.studies.seeds import Seeds
from sor_opt.search.studies.study import StudyResult

IDENTITY = {
    "data": {"file": "day.csv", "digest": "0123"},
    "orders": {"number": 39, "horizon": 540 * 10**9},
    "sampler": "grid",
}
WORDS = {"data": "day.csv, digest 0123", "orders": "number 39, horizon 9m", "sampler": "grid"}


def params(under):
    return {
        "lambda_over": 0.0005,
        "lambda_under": under,
        "theta_queue": 0.0001,
        "unit": "fraction",
    }


def a_trial(number, under, train, test=float("nan")):
    return FinishedTrial(number, params(under), (Outcome(train, test),), 0.25 + number)


STUDY = History(
    "one",
    IDENTITY,
    Space.of(
        named("static"),
        {"lambda_over": [0.0005], "lambda_under": [0.001], "theta_queue": [0.0001]},
    ),
    (
        a_trial(0, 0.001, 2.5, -1.25),
        a_trial(2, 0.00123456789, -0.5, 1234.5),
        a_trial(3, 0.0015, 2.5),
    ),
    others=(ForeignTrial(1, {"x": 0.5, "y": 2}, (-1e9, 3.0)), ForeignTrial(4, {}, (7.0,))),
    failed=3,
    pruned=2,
    running=1,
    seeds=None,
)

BEST = {
    "number": 2,
    "params": params(0.00123456789),
    "train_bps": -0.5,
    "test_bps": 1234.5,
    "seconds": 2.25,
}
SUMMARY = {
    "study": "one",
    "sampler": "grid",
    "searched": ["lambda_over", "lambda_under", "theta_queue"],
    "finished": 3,
    "failed": 3,
    "pruned": 2,
    "running": 1,
    "not_measured": 2,
    "distinct": 2,
    "best": BEST,
    "identity": IDENTITY,
    "made_for": WORDS,
    "began_from": None,
}


def lines(shown):
    console = Console(file=io.StringIO(), width=160)
    console.print(*shown, sep="\n", markup=False)
    return [" ".join(row.split()) for row in console.file.getvalue().splitlines()]


def test_the_document_of_a_study():
    assert history_summary(STUDY) == SUMMARY
    seeded = replace(STUDY, seeds=Seeds("old", ((1.0, 1.0, 1.0),) * 3, 2))
    origin = "3 points of study old, the best first; 2 more lie outside the space"
    assert history_summary(seeded) == {**SUMMARY, "began_from": origin}
    empty = replace(STUDY, trials=(), others=())
    nothing = {"finished": 0, "not_measured": 0, "distinct": 0, "best": None}
    assert history_summary(empty) == {**SUMMARY, **nothing}


def test_the_document_of_a_run():
    result = StudyResult(STUDY, "sqlite:///o.db", 3, 2, False, "nothing is left")
    assert result_summary(result) == {
        **SUMMARY,
        "storage": "sqlite:///o.db",
        "target": 3,
        "added": 2,
        "interrupted": False,
        "note": "3 trials are finished, 2 of them new",
    }


@pytest.mark.parametrize(
    ("target", "added", "interrupted", "note"),
    [
        (4, 2, True, "interrupted after 3 of 4 trials"),
        (4, 2, False, "ended after 3 of 4 trials: nothing is left"),
        (3, 0, False, "nothing to do: 3 of 3 trials are finished"),
        (2, 0, False, "nothing to do: 3 of 2 trials are finished"),
        (3, 3, False, "3 trials are finished, 3 of them new"),
    ],
)
def test_a_run_says_how_it_ended(target, added, interrupted, note):
    assert StudyResult(STUDY, "o.db", target, added, interrupted, "nothing is left").note() == note


def test_the_document_that_is_shown():
    found = json.loads(json.dumps(full_summary(STUDY)))  # NaN is not equal to itself
    first, second, third = found.pop("trials")
    assert str(third.pop("test_bps")) == "nan"
    assert first == {
        "number": 0,
        "params": params(0.001),
        "train_bps": 2.5,
        "test_bps": -1.25,
        "seconds": 0.25,
    }
    assert second == BEST
    assert third == {"number": 3, "params": params(0.0015), "train_bps": 2.5, "seconds": 3.25}
    assert found == {
        **SUMMARY,
        "others": [
            {"number": 1, "params": {"x": 0.5, "y": 2}, "values": [-1e9, 3.0]},
            {"number": 4, "params": {}, "values": [7.0]},
        ],
        "rounds": [],
        "savings": {},
        **UNKNOWN,
    }
    assert full_summary(replace(STUDY, headline=HEADLINE))["savings"] == HEADLINE["savings"]


def adaptive(*trials):
    identity = {**IDENTITY, "sampler": "adaptive"}
    return full_summary(replace(STUDY, identity=identity, trials=trials))


def test_an_adaptive_study_shows_its_rounds():
    """The grid's one point is at both ends of its range: from half of it to one and a half."""
    grid, leap = adaptive(a_trial(0, 0.001, 2.5))["rounds"]
    assert grid == {
        "parameter": None,
        "ranges": {"lambda_over": (0.0005,), "lambda_under": (0.001,), "theta_queue": (0.0001,)},
        "centre": None,
        "points": 1,
    }
    assert (leap["parameter"], leap["points"]) == (None, 2)
    centre = {"lambda_over": 0.0005, "lambda_under": 0.001, "theta_queue": 0.0001}
    assert leap["centre"] == centre
    for name, middle in centre.items():
        wide = [0.5 * middle, 0.75 * middle, middle, 1.25 * middle, 1.5 * middle]
        assert leap["ranges"][name] == pytest.approx(wide)


def test_the_list_whole():
    unnamed = {**SUMMARY, "identity": {"data": "4567"}, "made_for": {"data": "4567"}, "best": None}
    bare = {**unnamed, "identity": {}, "made_for": {}}
    assert lines(list_tables([SUMMARY, unnamed, bare])) == [
        "study sampler data finished failed pruned running not measured best train its test",
        "one grid day.csv 3 3 2 1 2 -0.500 1,234.500",
        "one grid 4567 3 3 2 1 2 - -",
        "one grid - 3 3 2 1 2 - -",
    ]
    assert lines(list_tables([])) == ["There are no studies."]


def test_what_is_shown_whole():
    assert lines(show_tables(full_summary(STUDY), top=0)) == [
        "one: 3 finished, 3 failed, 2 pruned, 1 running",
        "data day.csv, digest 0123",
        "orders number 39, horizon 9m",
        "sampler grid",
        "trial lambda_over lambda_under theta_queue train test seconds",
        "2 0.0005 0.00123457 0.0001 -0.500 1,234.500 2.250",
        "0 0.0005 0.001 0.0001 2.500 -1.250 0.250",
        "3 0.0005 0.0015 0.0001 2.500 - 3.250",
        "2 trials were finished by another program: not measured here, and not ranked.",
        "trial 1, x 0.5, y 2: value -1e+09, 3",
        "trial 4, no parameters: value 7",
        "Best: trial 2, lambda_over 0.0005, lambda_under 0.00123457, theta_queue 0.0001: "
        "test 1,234.500 bps, train -0.500 bps (chose the point).",
    ]


def test_what_the_last_run_told_of_the_best_trial_is_shown():
    told = lines(show_tables(full_summary(replace(STUDY, headline=HEADLINE)), top=0))
    whole = lines(show_tables(full_summary(STUDY), top=0))
    assert told == [*whole, *lines(headline_tables("the best trial", HEADLINE))]


def test_the_top_of_what_is_shown():
    seeded = {**full_summary(STUDY), "began_from": "2 points of study old, the best first"}
    assert lines(show_tables(seeded, top=1))[3:] == [
        "sampler grid",
        "Began from 2 points of study old, the best first.",
        "trial lambda_over lambda_under theta_queue train test seconds",
        "2 0.0005 0.00123457 0.0001 -0.500 1,234.500 2.250",
        "2 trials were finished by another program: not measured here, and not ranked.",
        "trial 1, x 0.5, y 2: value -1e+09, 3",
        "Best: trial 2, lambda_over 0.0005, lambda_under 0.00123457, theta_queue 0.0001: "
        "test 1,234.500 bps, train -0.500 bps (chose the point).",
    ]


def test_an_adaptive_studys_last_ranges_are_shown():
    shown = lines(show_tables(adaptive(a_trial(0, 0.001, 2.5, 1.0)), top=5))
    assert shown[-2] == (
        "After 2 rounds the ranges are lambda_over 0.00025 to 0.00075, lambda_under 0.0005 to "
        "0.0015, theta_queue 5e-05 to 0.00015."
    )
    shown = lines(show_tables(adaptive(), top=5))
    assert shown[-2] == (
        "After 1 round the ranges are lambda_over 0.0005 to 0.0005, lambda_under 0.001 to 0.001, "
        "theta_queue 0.0001 to 0.0001."
    )
    assert shown[-1] == "No trial is finished."


def test_the_end_of_a_run_whole():
    run = {"note": "3 trials are finished, 2 of them new", "not_measured": 1}
    summary = {**SUMMARY, **UNKNOWN, **HEADLINE, **run}
    best = lines(show_tables(full_summary(STUDY), top=1))[-1]
    saved = lines(headline_tables("the best trial", HEADLINE))
    assert lines(result_tables({**summary, "began_from": "a file"})) == [
        "one: 3 trials are finished, 2 of them new.",
        "Began from a file.",
        "1 trial was finished by another program: not measured here, and not ranked.",
        best,
        *saved,
    ]
    assert lines(result_tables({**summary, "not_measured": 0})) == [
        "one: 3 trials are finished, 2 of them new.",
        best,
        *saved,
    ]
    interrupted = {**summary, "best": None, "not_measured": 0, "savings": {}}
    assert lines(result_tables(interrupted))[1:] == ["No trial is finished."]


def test_a_best_trial_that_nothing_tests_is_said_to_be_untested():
    untested = replace(STUDY, trials=(a_trial(0, 0.001, 2.5),))
    assert lines(show_tables(full_summary(untested), top=1))[-2:] == [
        "Best: trial 0, lambda_over 0.0005, lambda_under 0.001, theta_queue 0.0001: "
        "test - bps, train 2.500 bps (chose the point).",
        NO_TEST,
    ]


@pytest.mark.parametrize(
    ("finished", "distinct", "flat"), [(2, 1, True), (1, 1, False), (2, 2, False), (27, 1, True)]
)
def test_a_study_of_one_value_is_called_flat(finished, distinct, flat):
    counts = {"finished": finished, "distinct": distinct, "savings": {}}
    summary = {**SUMMARY, "note": "done", **counts}
    last = "Flat: all trials came to the same; the parameters decide nothing."
    assert (lines(result_tables(summary))[-1] == last) == flat


PARETO = replace(
    STUDY,
    identity={**IDENTITY, "measures": ["mean", "sd"]},
    trials=tuple(
        FinishedTrial(number, params(0.001 * number), (Outcome(*mean), Outcome(*sd)), 0.5)
        for number, mean, sd in (
            (0, (2.0, 2.5), (1.0, 1.5)),
            (2, (1.0, 1.5), (3.0, float("nan"))),
            (3, (2.0, 9.0), (1.0, 9.0)),
            (5, (2.0, 1.0), (3.0, 1.0)),
        )
    ),
)
"""Trial 2 is the lowest in the mean, trial 0 in the spread, where trial 3 is its equal."""


def test_the_document_of_several_measures():
    found = json.loads(json.dumps(full_summary(PARETO)))
    assert found["objective"] == ["mean", "sd"]
    assert (found["best"], found["savings"], found["distinct"]) == (None, {}, 3)
    first, second = found["front"]
    assert second == {
        "number": 0,
        "params": params(0.0),
        "values": [2.0, 1.0],
        "test_values": [2.5, 1.5],
        "seconds": 0.5,
    }
    assert (first["number"], first["values"], first["test_values"][0]) == (2, [1.0, 3.0], 1.5)
    assert [trial["number"] for trial in found["trials"]] == [0, 2, 3, 5]
    assert "front" not in full_summary(STUDY)


CLAIM = "Which of them is best is yours to say, so no saving is claimed; `backtest` replays one."


def test_a_front_is_shown_whole():
    assert lines(show_tables(full_summary(PARETO), top=0))[5:] == [
        "2 trials were finished by another program: not measured here, and not ranked.",
        "trial 1, x 0.5, y 2: value -1e+09, 3",
        "trial 4, no parameters: value 7",
        "Front: 2 of 4 trials; no other one is as low in all of mean, sd on the train orders.",
        "trial lambda_over lambda_under theta_queue mean train mean test sd train sd test",
        "2 0.0005 0.002 0.0001 1.000 1.500 3.000 -",
        "0 0.0005 0 0.0001 2.000 2.500 1.000 1.500",
        CLAIM,
    ]


def a_front(size):
    values = [(Outcome(float(at), 0.0), Outcome(float(-at), 0.0)) for at in range(size)]
    trials = tuple(FinishedTrial(at, params(0.001), both, 0.5) for at, both in enumerate(values))
    return replace(PARETO, trials=trials, others=())


def test_a_long_front_is_shown_from_end_to_end():
    shown = lines(show_tables(full_summary(a_front(31)), top=4))
    assert shown[-7].startswith("Front: 31 of 31 trials (4 shown); no other one is as low")
    assert [row.split()[0] for row in shown[-5:-1]] == ["0", "10", "20", "30"]
    run = {**history_summary(a_front(31)), "note": "done", "savings": {}}
    assert len(lines(result_tables(run))) == 1 + 1 + 1 + 20 + 1
    whole = lines(show_tables(full_summary(a_front(31)), top=0))
    assert len(whole) == len(shown) + 27


def test_a_front_without_test_orders_and_none_at_all():
    untested = FinishedTrial(0, params(0.001), (Outcome(1.0, float("nan")),) * 2, 0.5)
    shown = lines(show_tables(full_summary(replace(PARETO, trials=(untested,))), top=0))
    assert shown[-2:] == [CLAIM, NO_TEST]
    shown = lines(show_tables(full_summary(replace(PARETO, trials=())), top=0))
    assert shown[-1] == "No trial is finished."
    same = tuple(untested._replace(number=number) for number in (0, 1))
    shown = lines(show_tables(full_summary(replace(PARETO, trials=same)), top=0))
    assert "Flat: all trials came to the same; the parameters decide nothing." in shown


def test_a_front_in_the_list():
    assert (
        lines(list_tables([history_summary(PARETO)]))[1]
        == "one grid day.csv 4 3 2 1 2 front of 2 -"
    )
