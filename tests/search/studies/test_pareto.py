"""Studies of several measures: kept, killed, resumed, shared, and read by Optuna."""

from __future__ import annotations

import math
import random
import time

import optuna
import pytest
from optuna.study import StudyDirection
from optuna.trial import create_trial
from search_fakes import SPACE, Staircase, Tug, points

from sor_opt.errors import ConfigError, DataError
from sor_opt.search.objective import Outcome, Outcomes
from sor_opt.search.samplers.base import distributions
from sor_opt.search.samplers.registry import SAMPLERS
from sor_opt.search.studies.history import delete, studies
from sor_opt.search.studies.known_tables import KnownTables
from sor_opt.search.studies.public_calls import PublicCalls
from sor_opt.search.studies.storage import open_storage
from sor_opt.search.studies.study import StudyRun, run_study

ABLE = [name for name, row in SAMPLERS.rows.items() if row.several]
UNABLE = [name for name in SAMPLERS.rows if name not in ABLE]


@pytest.fixture(params=[KnownTables, PublicCalls])
def database(request, database):
    """A database that is read and written in one of the two ways."""
    with open_storage(database, create=True) as opened:
        if request.param is PublicCalls:
            with opened.engine.begin() as connection:
                connection.exec_driver_sql("UPDATE version_info SET schema_version = 13")
    return database


def tug(storage, sampler="random", trials=30, objective=None, **more):
    return StudyRun("both", objective or Tug(), SPACE, sampler, trials, storage, **more)


def facts(history):
    return [(trial.number, trial.train, trial.test[:1]) for trial in history.trials]


def optunas(opened):
    return optuna.load_study(study_name="both", storage=opened.trials)


@pytest.mark.parametrize("sampler", ABLE)
@pytest.mark.parametrize("batch", [1, 8])
def test_a_study_is_the_one_in_memory(sampler, batch, database):
    kept = run_study(tug(database, sampler, 35, batch=batch)).history
    memory = run_study(tug(None, sampler, 35)).history
    assert points(kept) == points(memory)
    assert facts(kept) == facts(memory)
    assert [trial.number for trial in kept.front] == [trial.number for trial in memory.front]
    assert kept.measures == ("mean", "sd")
    assert kept.best is None


@pytest.mark.parametrize("sampler", ["grid", "random", "nsga2"])
def test_optuna_reads_the_study_and_its_front(sampler, database):
    history = run_study(tug(database, sampler)).history
    with open_storage(database) as opened:
        study = optunas(opened)
        assert study.directions == [StudyDirection.MINIMIZE] * 2
        assert [tuple(each.values) for each in study.trials] == [t.train for t in history.trials]
        best = study.best_trials
    assert {tuple(each.values) for each in best} == {trial.train for trial in history.front}
    assert {trial.number for trial in history.front} <= {each.number for each in best}
    firsts = [trial.train[0] for trial in history.front]
    assert firsts == sorted(set(firsts))


def test_test_values_come_back_whether_they_are_known_or_not(database, read):
    run_study(tug(database, trials=3))
    for trial in read(database, "both").trials:
        assert trial.test[0] == round(4 * math.log(_threshold(trial)))
        assert math.isnan(trial.test[1])


def _threshold(trial):
    return trial.params["lambda_under"] + trial.params["theta_queue"]


@pytest.mark.parametrize(("sampler", "batch"), [("grid", 1), ("random", 1), ("qmc", 4)])
def test_killed_studies_are_those_of_one_piece(sampler, batch, database, start):
    rng = random.Random(batch)
    slow = tug(database, sampler, 27, Tug(seconds=0.03), batch=batch)
    for _ in range(4):
        process = start(run_study, slow)
        time.sleep(rng.uniform(0.1, 0.3))
        process.kill()
        process.join()
    result = run_study(tug(database, sampler, 27, batch=batch))
    whole = run_study(tug(None, sampler, 27)).history
    assert points(result.history) == points(whole)
    assert [trial.train for trial in result.history.trials] == [t.train for t in whole.trials]
    assert result.history.running == 0


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_killed_models_repeat_no_point(sampler, database, start):
    for _ in range(3):
        process = start(run_study, tug(database, sampler, 45, Tug(seconds=0.01)))
        time.sleep(0.3)
        process.kill()
        process.join()
    evaluated = points(run_study(tug(database, sampler, 45)).history)
    assert len(evaluated) == len(set(evaluated)) == 45


def test_workers_share_a_study(database):
    run = tug(database, "grid", 27, Tug(seconds=0.01), workers=2)
    assert sorted(points(run_study(run).history)) == sorted(
        points(run_study(tug(None, "grid", 27)).history)
    )


def test_on_postgresql_a_killed_study_is_that_of_one_piece(postgres, start):
    slow = tug(postgres, "random", 30, Tug(seconds=0.02))
    for wait in (0.4, 0.6):
        process = start(run_study, slow)
        time.sleep(wait)
        process.kill()
        process.join()
    history = run_study(slow).history
    assert points(history) == points(run_study(tug(None)).history)
    with open_storage(postgres) as opened:
        best = optunas(opened).best_trials
        assert {tuple(each.values) for each in best} == {trial.train for trial in history.front}
        before = {study.name for study in studies(opened)}
        delete(opened, "both")
        assert before - {study.name for study in studies(opened)} == {"both"}


def test_the_trials_of_another_program_are_no_part_of_the_front(database):
    run_study(tug(database, trials=3))
    with open_storage(database) as opened:
        optunas(opened).add_trial(create_trial(values=[-9.0, -9.0]))
        point = {axis.name: axis.at(0.5) for axis in SPACE.axes}
        optunas(opened).add_trial(
            create_trial(values=[-8.0, -8.0], params=point, distributions=distributions(SPACE))
        )
    history = run_study(tug(database, trials=5)).history
    assert [trial.number for trial in history.trials] == [0, 1, 2, 5, 6]
    assert [other.values for other in history.others] == [(-9.0, -9.0), (-8.0, -8.0)]
    assert points(history) == points(run_study(tug(None, trials=5)).history)


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        (Tug(measures=("sd", "mean")), "measures is mean sd in the study and sd mean in this run"),
        (Staircase(), "measures is mean sd in the study and not set in this run"),
    ],
)
def test_other_measures_are_refused_with_both_shown(objective, said, database):
    run_study(tug(database, trials=2))
    with pytest.raises(ConfigError, match=said):
        run_study(tug(database, trials=3, objective=objective))
    assert len(run_study(tug(database, trials=2)).history.trials) == 2


def test_a_study_that_was_begun_with_other_directions_is_refused(database):
    with open_storage(database) as opened:
        optuna.create_study(storage=opened.trials, study_name="both")
    with pytest.raises(ConfigError, match="study 'both' was begun otherwise; use another name"):
        run_study(tug(database, trials=2))


@pytest.mark.parametrize("sampler", [name for name in UNABLE if name != "gp"])
def test_a_sampler_of_one_objective_is_refused_before_anything_is_made(sampler, tmp_path):
    file = tmp_path / "none.db"
    able = "with several take grid, random, qmc, tpe or nsga2"
    with pytest.raises(ConfigError, match=f"{sampler} searches by one objective alone; {able}"):
        run_study(tug(str(file), sampler))
    assert not file.exists()


class Half(Tug):
    def __call__(self, params):
        return Outcomes((Outcome(1.0, 1.0), Outcome(math.nan, 1.0)))


def test_a_measure_without_a_value_ends_the_run(database, read):
    with pytest.raises(DataError, match="no train order has a shortfall at lambda_over"):
        run_study(tug(database, objective=Half()))
    assert read(database, "both").failed == 1


def test_the_front_seeds_a_study_of_one_measure_and_the_other_way_round(database):
    old = run_study(tug(database, trials=12)).history
    more = {"seed_from": "both", "trials": len(old.front)}
    one = StudyRun("one", Staircase(), SPACE, "random", storage=database, **more)
    assert points(run_study(one).history) == [tuple(trial.params.values()) for trial in old.front]
    run = tug(database, trials=3, seed_from="one")
    back = run_study(StudyRun("again", Tug(), SPACE, "nsga2", 3, database, seed_from="one"))
    best = run_study(one).history.best
    assert run.measures == back.history.measures == ("mean", "sd")
    assert back.history.trials[0].params == best.params


def test_every_measure_has_columns_of_its_own():
    history = run_study(tug(None, trials=2)).history
    frame = history.frame()
    assert list(frame.columns) == [
        *("number", *SPACE.names, "mean train_bps", "mean test_bps"),
        *("sd train_bps", "sd test_bps", "seconds"),
    ]
    assert frame["sd train_bps"].tolist() == [trial.train[1] for trial in history.trials]
