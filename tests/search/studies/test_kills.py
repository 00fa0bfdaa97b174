"""Studies that are killed: whatever happens to their processes, they end up whole."""

import random
import signal
import sqlite3
import time
from contextlib import closing

import pytest
from search_fakes import SPACE, Staircase, points

from sor_opt.search.studies.study import StudyRun, run_study

KILLS = 20


def whole(sampler, trials):
    run = StudyRun("whole", Staircase(), SPACE, sampler, trials, storage=None)
    return points(run_study(run).history)


def kill_often(run, start, times, rng):
    for _ in range(times):
        process = start(run_study, run)
        time.sleep(rng.uniform(0.05, 0.2))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "it ended before it was killed"


def checked(database):
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        states = connection.execute("SELECT DISTINCT state FROM trials").fetchall()
    assert set(states) <= {("COMPLETE",), ("FAIL",)}


@pytest.mark.parametrize(
    ("sampler", "trials", "batch"),
    [("grid", 27, 1), ("adaptive", 40, 1), ("random", 40, 1), ("qmc", 40, 1), ("adaptive", 80, 9)],
)
def test_killed_studies_are_those_of_one_piece(sampler, trials, batch, database, tmp_path, start):
    log = tmp_path / "evaluations"
    objective = Staircase(log, seconds=0.02 if batch > 1 else 0.05)
    run = StudyRun("killed", objective, SPACE, sampler, trials, database, batch=batch)
    kill_often(run, start, KILLS, random.Random(trials))
    result = run_study(run)
    assert points(result.history) == whole(sampler, trials)
    assert result.history.running == 0
    checked(database)
    evaluations = len(log.read_text().splitlines())
    assert evaluations <= trials + KILLS * batch
    again = run_study(run)
    assert again.added == 0
    assert again.note() == f"nothing to do: {trials} of {trials} trials are finished"


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_killed_models_repeat_no_point(sampler, database, start):
    run = StudyRun("killed", Staircase(seconds=0.01), SPACE, sampler, 30, database)
    kill_often(run, start, 4, random.Random(5))
    evaluated = points(run_study(run).history)
    assert len(evaluated) == len(set(evaluated)) == 30
    checked(database)


def test_killed_studies_on_postgresql_are_those_of_one_piece(postgres, start):
    run = StudyRun("killed", Staircase(seconds=0.01), SPACE, "adaptive", 40, postgres)
    kill_often(run, start, 5, random.Random(1))
    result = run_study(run)
    assert points(result.history) == whole("adaptive", 40)
    assert result.history.running == 0


def test_a_killed_worker_leaves_its_part_to_the_others(database, start):
    run = StudyRun("shared", Staircase(seconds=0.05), SPACE, "grid", 27, database)
    workers = [start(run_study, run) for _ in range(3)]
    time.sleep(0.5)
    workers[0].kill()
    for worker in workers[1:]:
        worker.join()
        assert worker.exitcode == 0
    result = run_study(run)
    assert result.added == 0
    assert sorted(points(result.history), key=repr) == sorted(whole("grid", 27), key=repr)
    checked(database)


def test_a_trial_that_runs_elsewhere_is_left_alone(database, start):
    slow = StudyRun("shared", Staircase(seconds=1.0), SPACE, "grid", 2, database)
    process = start(run_study, slow)
    time.sleep(0.5)
    quick = StudyRun("shared", Staircase(), SPACE, "grid", 2, database)
    result = run_study(quick)
    process.join()
    assert points(result.history) == whole("grid", 2)
    assert result.history.failed == 0
