import math
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from search_fakes import GRID, SPACE, Staircase, Undefined, penalties, points

import sor_opt
from sor_opt.errors import ConfigError, DataError
from sor_opt.search.samplers.registry import make_sampler
from sor_opt.search.studies import study
from sor_opt.search.studies.history import keep_headline
from sor_opt.search.studies.storage import open_storage
from sor_opt.search.studies.study import StudyRun, run_study

HOMES = (str(Path(__file__).parents[1]), str(Path(sor_opt.__file__).parents[1]))
"""Where processes of their own find the fakes and the package."""


def run(name="one", sampler="grid", trials=27, storage=None, **more):
    return StudyRun(
        name, more.pop("objective", Staircase()), SPACE, sampler, trials, storage, **more
    )


def wait_for(fact):
    deadline = time.monotonic() + 60
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_a_run_said_holds_while_its_trial_is_the_best(database, read):
    best = run_study(run(storage=database)).best.number
    assert read(database, "one").headline is None
    for said in ({"savings": math.nan}, {"savings": 1.5}):
        with open_storage(database) as opened:
            keep_headline(opened, "one", best, said)
        assert str(read(database, "one").headline) == str(said)
    with open_storage(database) as opened:
        keep_headline(opened, "one", best + 1, said)
    assert read(database, "one").headline is None


def test_a_grid_study_is_the_grid():
    result = run_study(run())
    assert points(result.history) == GRID
    assert result.best.outcome == min(trial.outcome for trial in result.history.trials)


def test_the_earliest_of_equals_is_best():
    class Flat(Staircase):
        def __call__(self, params):
            return super().__call__(params)._replace(train_bps=1.0)

    assert run_study(run(objective=Flat())).best.number == 0


def test_a_study_goes_on_to_the_number_of_finished_trials(database):
    first = run_study(run(trials=5, storage=database))
    second = run_study(run(trials=27, storage=database))
    assert (first.added, second.added) == (5, 22)
    assert second.note() == "27 trials are finished, 22 of them new"
    assert points(second.history) == GRID


def test_a_finished_study_adds_nothing_and_says_so(database):
    run_study(run(trials=5, storage=database))
    again = run_study(run(trials=5, storage=database))
    assert again.added == 0
    assert again.note() == "nothing to do: 5 of 5 trials are finished"


def test_a_study_ends_where_its_sampler_does(database):
    for _ in range(2):
        result = run_study(run(trials=100, storage=database))
        assert result.note() == "ended after 27 of 100 trials: every point of the grid is done"


def test_a_study_with_more_than_is_asked_for_is_left_as_it_is(database):
    run_study(run(trials=5, storage=database))
    again = run_study(run(trials=4, storage=database))
    assert (again.added, again.finished) == (0, 5)
    assert again.note() == "nothing to do: 5 of 4 trials are finished"


@pytest.mark.parametrize("sampler", ["grid", "adaptive", "random", "qmc", "tpe", "cmaes"])
def test_a_batched_study_is_the_same_study(sampler, database):
    batched = run_study(run("batched", sampler, 35, database, batch=8))
    single = run_study(run("single", sampler, 35, database))
    assert points(batched.history) == points(single.history)
    assert [v.outcome for v in batched.history.trials] == [v.outcome for v in single.history.trials]


def test_batched_and_single_runs_take_turns(database):
    run_study(run(sampler="adaptive", trials=10, storage=database, batch=4))
    run_study(run(sampler="adaptive", trials=30, storage=database))
    result = run_study(run(sampler="adaptive", trials=45, storage=database, batch=4))
    assert points(result.history) == points(run_study(run("m", "adaptive", 45)).history)


def test_the_parameters_come_back_to_the_last_bit(database, read):
    result = run_study(run(sampler="random", trials=5, storage=database, batch=2))
    memory = run_study(run(sampler="random", trials=5))
    assert points(read(database, "one")) == points(memory.history) == points(result.history)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (
            {"objective": Staircase(data="other")},
            "data is tape in the study and other in this run",
        ),
        ({"sampler": "random"}, "sampler is grid in the study and random in this run"),
    ],
)
def test_another_identity_is_refused_with_both_shown(change, part, database):
    run_study(run(trials=3, storage=database))
    with pytest.raises(ConfigError) as error:
        run_study(run(**{"trials": 5, "storage": database, **change}))
    assert str(error.value) == (
        f"study 'one' cannot go on with this run: {part}. Use another name; --seed-from one begins "
        "there with the points of this study"
    )


def test_another_space_is_refused(database):
    run_study(run(trials=3, storage=database))
    other = StudyRun("one", Staircase(), penalties(reach=2.0), "grid", 5, database)
    with pytest.raises(ConfigError, match=r"space reach is 20 in the study and 2 in this run\."):
        run_study(other)


@pytest.mark.parametrize("batch", [1, 3])
def test_an_undefined_objective_is_an_error_and_never_best(batch, database, read):
    wrong = run(objective=Undefined(after=4), storage=database, batch=batch)
    with pytest.raises(DataError, match=r"no train order has a shortfall at lambda_over 0\.0005"):
        run_study(wrong)
    history = read(database, "one")
    assert (len(history.trials), history.failed, history.running) == (4, 1, 0)


def test_several_workers_do_each_point_once(database):
    done = []
    result = run_study(
        run(storage=database, workers=2, objective=Staircase(seconds=0.02)),
        progress=lambda finished, target: done.append((finished, target)),
    )
    assert sorted(points(result.history), key=repr) == sorted(GRID, key=repr)
    assert done[-1][1] == 27


def test_a_worker_error_reaches_the_caller(database):
    with pytest.raises(DataError, match="no train order"):
        run_study(run(storage=database, workers=2, objective=Undefined()))


def test_four_processes_at_once_on_a_fresh_file(database, start, read):
    each = run(storage=database, objective=Staircase(seconds=0.01))
    processes = [start(run_study, each) for _ in range(4)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert sorted(points(read(database, "one")), key=repr) == sorted(GRID, key=repr)


def test_two_processes_on_postgresql_do_each_point_once(postgres, start, read):
    each = run("pair", storage=postgres, objective=Staircase(seconds=0.01))
    processes = [start(run_study, each) for _ in range(2)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert sorted(points(read(postgres, "pair")), key=repr) == sorted(GRID, key=repr)


def test_batches_work_on_postgresql(postgres):
    result = run_study(run("batched", "adaptive", 40, postgres, batch=9))
    assert points(result.history) == points(run_study(run("m", "adaptive", 40)).history)


def test_a_batched_run_keeps_others_waiting_and_then_done(database, start, read):
    slow = run(trials=10, storage=database, batch=5, objective=Staircase(seconds=0.05))
    process = start(run_study, slow)
    time.sleep(0.3)
    other = run_study(run(trials=10, storage=database))
    process.join()
    assert points(other.history) == GRID[:10]
    assert other.history.failed == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_trial_and_then_the_run(number, database, start, read):
    run_study(run(trials=1, storage=database))

    def interrupted():
        result = run_study(run(storage=database, objective=Staircase(seconds=0.1)))
        os._exit(7 if result.note().startswith("interrupted after") else 0)

    process = start(interrupted)
    wait_for(lambda: len(read(database, "one").trials) > 2)
    os.kill(process.pid, number)
    process.join()
    assert process.exitcode == 7
    history = read(database, "one")
    assert history.failed == history.running == 0
    assert len(history.trials) < 27


SCRIPT = """
import sys
from search_fakes import SPACE, Staircase
from sor_opt.search.studies.study import StudyRun, run_study

if __name__ == "__main__":
    objective = Staircase(seconds=0.4)
    run = StudyRun("one", objective, SPACE, "grid", 27, sys.argv[1], workers=2)
    print(run_study(run).note())
"""


def test_a_signal_ends_all_workers(database, tmp_path, read):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run_study(run(trials=1, storage=database))
    process = subprocess.Popen(
        [sys.executable, script, database],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(HOMES)},
        text=True,
    )
    wait_for(lambda: len(read(database, "one").trials) > 2)
    process.send_signal(signal.SIGTERM)
    assert "interrupted after" in process.communicate(timeout=60)[0]
    history = read(database, "one")
    assert history.failed == history.running == 0
    assert len(history.trials) < 27


def test_a_signal_during_the_last_trial_interrupts_nothing():
    """A wish to end that comes when all is done is granted, and not reported as an interruption."""

    class Signalled(Staircase):
        def __call__(self, params):
            evaluated.append(params)
            if len(evaluated) == at:
                os.kill(os.getpid(), signal.SIGINT)
            return super().__call__(params)

    notes = {5: "5 trials are finished, 5 of them new", 4: "interrupted after 4 of 5 trials"}
    for at, note in notes.items():
        evaluated = []
        result = run_study(run(trials=5, objective=Signalled()))
        assert (result.interrupted, result.note()) == (at < 5, note)


@pytest.mark.parametrize("batch", [1, 4])
def test_a_batch_is_saved_before_more_than_its_number_are_at_stake(batch, database):
    class Looking(Staircase):
        def __call__(self, params):
            with closing(sqlite3.connect(database)) as connection:
                query = "SELECT count(*) FROM trials WHERE state = 'COMPLETE'"
                saved.append(connection.execute(query).fetchone()[0])
            return super().__call__(params)

    saved = []
    run_study(run(trials=10, storage=database, batch=batch, objective=Looking()))
    assert saved == [number // batch * batch for number in range(10)]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"trials": 0}, "trials must be >= 1, got 0"),
        ({"workers": 0}, "workers must be >= 1, got 0"),
        ({"batch": 0}, "batch must be >= 1, got 0"),
        ({"trials": 100_001}, "trials must be at most 100,000, got 100,001"),
        ({"workers": 65}, "workers must be at most 64, got 65"),
        ({"batch": 10_001}, "batch must be at most 10,000, got 10,001"),
        ({"name": ""}, "1 to 200 characters"),
        ({"name": "a\x1b[31m"}, r"must hold no control characters, got 'a\\x1b\[31m'$"),
        ({"name": "a\nb"}, r"must hold no control characters, got 'a\\nb'$"),
        ({"name": "\u202ea"}, r"must hold no control characters, got '\\u202ea'$"),
        ({"workers": 2, "batch": 2, "storage": "x.db"}, "several workers need"),
    ],
)
def test_wrong_runs_are_refused(wrong, text):
    with pytest.raises(ConfigError, match=text):
        run(**wrong)


def test_an_unknown_sampler_leaves_no_file(database, tmp_path):
    with pytest.raises(ConfigError, match="no sampler 'newton'"):
        run_study(run(sampler="newton", storage=database))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("more", [{}, {"storage": "s.db"}, {"storage": "s.db", "batch": 4}])
def test_the_sampler_is_made_once(more, tmp_path, monkeypatch):
    made = []

    def count(*given):
        made.append(given)
        return make_sampler(*given)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(study, "make_sampler", count)
    assert run_study(run(trials=6, **more)).finished == 6
    assert made == [("grid", SPACE, 0, 1)]


def test_the_frame_has_a_row_per_finished_trial():
    frame = run_study(run(trials=4)).history.frame()
    assert list(frame) == ["number", *SPACE.names, "train_bps", "test_bps", "seconds"]
    assert len(frame) == 4
