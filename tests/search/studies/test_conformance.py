"""Both ways to read and write trials: whatever happens to a study, it comes out the same."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing

import optuna
import pytest
from optuna.trial import TrialState, create_trial
from search_fakes import SPACE, Staircase

from sor_opt.search.samplers.base import distributions
from sor_opt.search.studies import tables
from sor_opt.search.studies.keepers import SharedKeeper
from sor_opt.search.studies.known_tables import KnownTables
from sor_opt.search.studies.public_calls import PublicCalls
from sor_opt.search.studies.storage import open_storage
from sor_opt.search.studies.study import StudyRun, run_study

UNKNOWN = "UPDATE version_info SET schema_version = 13"


@pytest.fixture(params=[KnownTables, PublicCalls])
def way(request):
    return request.param


@pytest.fixture
def database(way, database):
    """A database whose version asks for one of the ways."""
    with open_storage(database, create=True) as opened:
        if way is PublicCalls:
            with opened.engine.begin() as connection:
                connection.exec_driver_sql(UNKNOWN)
    return database


def go(database, sampler="grid", trials=27, seconds=0.0, **more):
    return run_study(run(database, sampler, trials, seconds, **more))


def run(database, sampler="grid", trials=27, seconds=0.0, **more):
    return StudyRun("one", Staircase(seconds=seconds), SPACE, sampler, trials, database, **more)


def points(result):
    return [trial.params for trial in result.history.trials]


def stored(database):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT number, state FROM trials ORDER BY trial_id").fetchall()


def gapless(database):
    return [number for number, _ in stored(database)] == list(range(len(stored(database))))


def chosen(database):
    """Tell which way a study there is read and written."""
    with open_storage(database) as opened:
        optuna.create_study(storage=opened.trials, study_name="any")
        return type(SharedKeeper(opened, "any", lambda: False).trials)


def test_the_version_in_the_database_chooses_the_way(way, database):
    assert chosen(database) is way


def test_a_migration_that_is_not_known_asks_for_public_calls(way, database, monkeypatch):
    monkeypatch.setattr(tables, "KNOWN", (12, "v6.0.0.a"))
    assert chosen(database) is PublicCalls


@pytest.mark.parametrize("sampler", ["grid", "adaptive", "random", "qmc", "tpe", "cmaes"])
@pytest.mark.parametrize("batch", [1, 8])
def test_a_study_is_the_one_in_memory(sampler, batch, database):
    kept, memory = go(database, sampler, 35, batch=batch), go(None, sampler, 35)
    assert points(kept) == points(memory)
    assert [t.outcome for t in kept.history.trials] == [t.outcome for t in memory.history.trials]
    assert gapless(database)


def test_a_study_is_resumed(database):
    added = [go(database, "adaptive", trials, batch=batch).added for trials, batch in STEPS]
    assert added == [5, 7, 18, 0]
    assert points(go(database, "adaptive", 30)) == points(go(None, "adaptive", 30))
    assert gapless(database)


STEPS = ((5, 1), (12, 4), (30, 1), (30, 1))
"""Trials to reach, and batches."""


@pytest.mark.parametrize(("trials", "batch"), [(40, 1), (80, 9)])
def test_killed_studies_are_those_of_one_piece(trials, batch, database, start):
    rng = random.Random(trials)
    slow = run(database, "adaptive", trials, 0.05 if batch == 1 else 0.03, batch=batch)
    for _ in range(8):
        process = start(run_study, slow)
        time.sleep(rng.uniform(0.05, 0.3))
        process.kill()
        process.join()
    result = go(database, "adaptive", trials, batch=batch)
    assert points(result) == points(go(None, "adaptive", trials))
    assert result.history.running == 0
    assert gapless(database)


def test_two_processes_do_each_point_once(database, start):
    processes = [start(run_study, run(database, seconds=0.01)) for _ in range(2)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert sorted(points(go(database)), key=repr) == sorted(SPACE.grid(), key=repr)
    assert stored(database) == [(number, "COMPLETE") for number in range(27)]


def test_a_killed_process_leaves_its_part_to_the_other(database, start):
    killed, other = (start(run_study, run(database, seconds=0.05)) for _ in range(2))
    time.sleep(0.6)
    killed.kill()
    other.join()
    assert other.exitcode == 0
    assert sorted(points(go(database)), key=repr) == sorted(SPACE.grid(), key=repr)
    assert gapless(database)


def test_the_trials_of_another_program_take_numbers_alone(database):
    go(database, trials=3)
    with open_storage(database) as opened:
        study = optuna.load_study(study_name="one", storage=opened.trials)
        study.add_trial(create_trial(value=-1e9))
        study.add_trial(create_trial(state=TrialState.PRUNED))
        study.ask(distributions(SPACE))  # it runs without a lock, as if its process had died
    result = go(database, trials=5)
    assert [trial.number for trial in result.history.trials] == [0, 1, 2, 6, 7]
    assert stored(database)[3:6] == [(3, "COMPLETE"), (4, "PRUNED"), (5, "FAIL")]
    assert points(result) == SPACE.grid()[:5]
    assert gapless(database)
