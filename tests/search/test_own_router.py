"""A policy of a user's own is searched: by grid, by study over kills, by compare."""

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from own_router import PATIENT, Patient
from search_fakes import points

from sor_opt.backtest.baselines import run_baselines
from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.errors import ConfigError
from sor_opt.market.loaders import load_tape
from sor_opt.market.tape import SECOND
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.schedules.now import Now
from sor_opt.report.grid import grid_summary, grid_tables
from sor_opt.report.studies import full_summary, show_tables
from sor_opt.report.verdict import UNKNOWN
from sor_opt.search.compare import CompareParams, compare
from sor_opt.search.grid import default_point, run_grid
from sor_opt.search.landscape import joint_landscape, make_landscape
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.savings import savings_of
from sor_opt.search.space import Space
from sor_opt.search.studies.study import StudyRun, run_study

SAMPLE = Path(__file__).parents[2] / "data" / "sample_quotes.csv.gz"
OWN = Space.of(PATIENT)


@pytest.fixture(scope="module")
def market():
    """Four short orders of the sample day."""
    tape = load_tape(SAMPLE)
    layout = OrderParams(size=1000, horizon=5 * SECOND, every=5400 * SECOND)
    return prepare(tape, make_orders(tape, layout), ReplayParams(), FeeSchedule.packaged())


@pytest.fixture(scope="module")
def objective(market):
    return ShortfallObjective(market, PATIENT)


def test_a_grid_ranks_the_levels_of_its_parameters(market, objective):
    grid = run_grid(objective, OWN)
    assert len(grid.points) == 9
    assert grid.distinct > 3
    for point in grid.points:
        alone = objective.replay(point.params)
        assert alone.outcome_key() == point.result.outcome_key()
    nothing = [point for point in grid.points if point.params["part"] == 0]
    assert len({point.outcome for point in nothing}) == 1  # all is left to the horizon
    baselines = run_baselines(market, objective.policy)
    saved = savings_of(objective, grid.best.result, baselines)
    summary = UNKNOWN | grid_summary(
        objective, grid, default_point(objective, OWN), baselines, saved
    )
    assert summary["searched"] == ["part", "lots"]
    assert json.loads(json.dumps(summary["best"]["params"])) == grid.best.params
    headings = [column.header for column in grid_tables(summary)[1].columns]
    assert headings[:6] == ["", "part", "lots", "train", "test", "sd"]


def test_a_study_of_it_is_resumed_over_kills_and_is_that_of_one_piece(objective, database, start):
    run = StudyRun("own", objective, OWN, "adaptive", 25, database)
    chance = random.Random(1)
    for _ in range(4):
        process = start(run_study, run)
        time.sleep(chance.uniform(0.1, 0.4))
        process.kill()
        process.join()
    result = run_study(run).history
    whole = run_study(replace(run, storage=None)).history
    assert points(result) == points(whole)
    assert [trial.outcome for trial in result.trials] == [trial.outcome for trial in whole.trials]
    assert all(type(lots) is int for _, lots in points(result))


def test_workers_share_it(objective, database):
    run = StudyRun("own", objective, OWN, "grid", 9, database, workers=2)
    assert sorted(points(run_study(run).history)) == sorted(OWN.points())


def test_it_is_told_from_another_policy_and_another_range(objective, database):
    run_study(StudyRun("own", objective, OWN, "grid", 2, database))
    calm = replace(objective, policy=Policy(Now(), Patient(near=5.0)))
    with pytest.raises(ConfigError, match="policy router near is 20 in the study and 5 in this"):
        run_study(StudyRun("own", calm, OWN, "grid", 2, database))
    wider = Space.of(PATIENT, {"part": [0.25, 0.5]})
    with pytest.raises(ConfigError, match=r"space part levels is 0 0\.5 1 in the study and 0\.25"):
        run_study(StudyRun("own", objective, wider, "grid", 2, database))
    moved = Space.of(PATIENT, {"near": [5, 10]})
    with pytest.raises(ConfigError, match="policy router near is 20 in the study and not set in"):
        run_study(StudyRun("own", objective, moved, "grid", 2, database))
    # Where the moved ones stand in the policy itself makes no difference.
    other = replace(objective, policy=Policy(Now(), Patient(0.1, 2)))
    assert run_study(StudyRun("own", other, OWN, "grid", 3, database)).added == 1


def test_compare_holds_searches_of_it_against_each_other_without_an_optimum(objective):
    assert joint_landscape(objective, OWN) is None
    found = compare(objective, OWN, CompareParams(("grid", "random"), 9, 2))
    assert {strategy.name for strategy in found.strategies} == {"grid", "random"}
    winner = found.strategies[0].runs[0].best
    assert list(winner.params) == ["part", "lots"]


@pytest.mark.parametrize(
    ("policy", "levels"),
    [
        (PATIENT, {}),
        (named("placement"), {}),
        (named("static"), {"step": [50, 100]}),
        (named("static"), {"lambda_over": 0.001}),
    ],
)
def test_a_landscape_is_refused_in_a_line_for_all_but_the_three_penalties(market, policy, levels):
    space = Space.of(policy, levels)
    with pytest.raises(ConfigError) as error:
        make_landscape(ShortfallObjective(market, policy), space)
    assert str(error.value) == (
        "the landscape is that of the static router over its three penalties; take --router "
        "static, and levels of these alone"
    )


MODULE = """
import sys
from dataclasses import dataclass
from typing import Annotated

from own_router import Patient
from sor_opt.params import Range

print("imported", file=sys.stderr)


@dataclass(frozen=True)
class Mine(Patient):
    start: Annotated[float, Range(-1.0, 1.0)] = 0.0
"""


def test_a_database_is_read_without_the_class_that_it_was_made_for(
    market, database, tmp_path, monkeypatch, capsys, read
):
    (tmp_path / "gone.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    from gone import Mine  # type: ignore[import-not-found]

    policy = Policy(Now(), Mine())
    space = Space.of(policy, {"part": 0.5, "lots": 2})
    run_study(StudyRun("own", ShortfallObjective(market, policy), space, "adaptive", 6, database))
    (tmp_path / "gone.py").unlink()
    del sys.modules["gone"]
    assert capsys.readouterr().err == "imported\n"
    history = read(database, "own")
    assert history.space == space
    assert list(history.frame()) == ["number", "start", "train_bps", "test_bps", "seconds"]
    summary = full_summary(history)
    assert summary["trials"][0]["params"] == {"start": -1.0, "part": 0.5, "lots": 2}
    assert show_tables(summary, top=1)
    assert "gone" not in sys.modules


def test_a_study_seeds_one_that_moves_less_and_none_that_moves_more(objective, database):
    old = run_study(StudyRun("old", objective, OWN, "grid", 9, database)).history
    fixed = Space.of(PATIENT, {"lots": 4})
    new = StudyRun("new", objective, fixed, "grid", 3, database, seed_from="old")
    with pytest.raises(ConfigError) as error:
        run_study(new)
    assert str(error.value) == "study 'old' has lots 1, this run 4"
    more = Space.of(PATIENT, {"near": [10, 20]})
    with pytest.raises(ConfigError) as error:
        run_study(replace(new, space=more))
    assert str(error.value) == "study 'old' has no parameter near, which this run moves"
    same = run_study(replace(new, space=OWN)).history
    assert points(same)[0] == tuple(old.best.params.values())
