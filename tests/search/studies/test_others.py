"""Trials that another program has left in a study of ours."""

import math

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial
from search_fakes import GRID, SPACE, Staircase, points

from sor_opt.report.studies import full_summary, list_tables, show_tables
from sor_opt.search.samplers.base import distributions
from sor_opt.search.studies.storage import open_storage
from sor_opt.search.studies.study import StudyRun, run_study

CORNER = dict(zip(SPACE.names, (0.0005, 0.0005, 0.00005), strict=True))
"""The grid's first point."""

WIDER = dict.fromkeys(SPACE.names, FloatDistribution(1e-9, 2, log=True))
"""Bounds that no space of ours has."""


def add(database, *trials):
    with open_storage(database) as opened:
        study = optuna.load_study(study_name="one", storage=opened.trials)
        study.add_trials(trials)


def finished(value, params=CORNER, space=None, **attributes):
    return create_trial(
        value=value,
        params=params,
        distributions=distributions(SPACE) if space is None else space,
        user_attrs=attributes,
    )


def go(database, trials, sampler="grid", batch=1):
    run = StudyRun("one", Staircase(), SPACE, sampler, trials, database, batch=batch)
    return run_study(run)


@pytest.mark.parametrize("value", [-1e9, math.inf, -math.inf, 0.0])
@pytest.mark.parametrize("batch", [1, 4])
def test_a_foreign_value_is_never_ranked_nor_counted(value, batch, database, read):
    go(database, 3)
    add(database, finished(value))
    history = read(database, "one")
    assert history.best.outcome.train_bps == min(v.outcome.train_bps for v in history.trials)
    assert [trial.number for trial in history.trials] == [0, 1, 2]
    ((number, params, values),) = history.others
    assert (number, params, values) == (3, CORNER, (value,))
    result = go(database, 5, batch=batch)
    assert (result.finished, result.added) == (5, 2)
    assert points(result.history) == GRID[:5]
    assert [trial.number for trial in result.history.trials] == [0, 1, 2, 4, 5]


@pytest.mark.parametrize("sampler", ["grid", "adaptive", "random", "qmc", "tpe", "cmaes"])
def test_no_sampler_learns_from_a_foreign_value(sampler, database):
    alone = go(database.replace("studies", "alone"), 35, sampler)
    go(database, 3, sampler)
    add(database, finished(-1e9, dict.fromkeys(SPACE.names, 0.0001)))
    result = go(database, 35, sampler)
    assert result.best.outcome.train_bps > -1e9
    if sampler not in ("tpe", "cmaes"):  # these are seeded by the number at which they go on
        evaluated = points(result.history)
        assert evaluated[:27] == points(alone.history)[:27]


@pytest.mark.parametrize(
    "trial",
    [
        finished(-5.0, {"x": 1.0}, {"x": FloatDistribution(0, 2)}, test_bps=1.0),
        finished(-5.0, {}, {}, test_bps=1.0),
        finished(-5.0, CORNER, WIDER, test_bps=1.0),
        finished(math.inf, test_bps=1.0),
    ],
    ids=["other names", "no parameters", "another space", "no finite value"],
)
def test_a_test_value_alone_makes_no_trial_of_ours(trial, database, read):
    go(database, 3)
    add(database, trial)
    assert len(read(database, "one").others) == 1
    assert go(database, 4).finished == 4


def test_a_trial_without_a_test_value_that_is_ours_counts(database, read):
    """With one order there is no test order: its test value is known to be none."""

    class Single(Staircase):
        def __call__(self, params):
            return super().__call__(params)._replace(test_bps=math.nan)

    run_study(StudyRun("one", Single(), SPACE, "grid", 3, database))
    history = read(database, "one")
    assert len(history.trials) == 3
    assert math.isnan(history.best.outcome.test_bps)


def text_of(tables, width=200):
    from rich.console import Console

    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        for table in tables:
            console.print(table)
    return captured.get()


def test_all_are_counted_and_the_foreign_ones_shown_apart(database, read):
    go(database, 3)
    add(
        database,
        finished(-1e9),
        create_trial(state=TrialState.PRUNED),
        create_trial(state=TrialState.PRUNED),
        create_trial(state=TrialState.FAIL),
        create_trial(state=TrialState.RUNNING),
    )
    summary = full_summary(read(database, "one"))
    counts = ("finished", "failed", "pruned", "running", "not_measured")
    assert [summary[count] for count in counts] == [3, 1, 2, 1, 1]
    assert [trial["number"] for trial in summary["trials"]] == [0, 1, 2]
    assert summary["others"] == [{"number": 3, "params": CORNER, "values": (-1e9,)}]
    shown = text_of(show_tables(summary, top=10))
    assert "one: 3 finished, 1 failed, 2 pruned, 1 running\n" in shown
    assert (
        "1 trial was finished by another program: not measured here, and not ranked.\n"
        "  trial 3, lambda_over 0.0005, lambda_under 0.0005, theta_queue 5e-05: value -1e+09\n"
    ) in shown
    assert shown.count("-1e+09") == 1
    heading, row = text_of(list_tables([summary])).splitlines()
    assert " ".join(heading.split()) == (
        "study sampler data finished failed pruned running not measured best train its test"
    )
    assert row.split()[:8] == ["one", "grid", "tape", "3", "1", "2", "1", "1"]


def test_a_foreign_trial_that_runs_is_taken_in_as_failed_when_it_ends(database):
    """Its number stays taken, and its point free."""
    go(database, 2)
    with open_storage(database) as opened:
        study = optuna.load_study(study_name="one", storage=opened.trials)
        trial = study.ask(distributions(SPACE))
        study.tell(trial, 4.0)
    result = go(database, 27)
    assert points(result.history) == GRID
    assert [other.values for other in result.history.others] == [(4.0,)]
