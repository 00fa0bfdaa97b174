"""What a process knows of a study's trials, and what it writes of them, in both ways."""

from __future__ import annotations

import math
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime

import optuna
import pytest
from optuna.trial import TrialState

from sor_opt.errors import StorageError
from sor_opt.search.studies.known_tables import KnownTables
from sor_opt.search.studies.public_calls import PublicCalls
from sor_opt.search.studies.storage import open_storage

SPREAD = optuna.distributions.FloatDistribution(0.001, 1.0, log=True)


@pytest.fixture(params=[KnownTables, PublicCalls])
def way(request):
    return request.param


@pytest.fixture
def opened(database):
    with open_storage(database, create=True) as storage:
        for name in ("one", "two"):
            optuna.create_study(storage=storage.trials, study_name=name)
        yield storage


def asked(opened, name, count=1):
    """Start trials by Optuna itself, as another process would."""
    study = optuna.load_study(study_name=name, storage=opened.trials)
    return study, [study.ask({"x": SPREAD}) for _ in range(count)]


def seen(trials):
    return [(trial.number, trial.state.name) for trial in trials.changes()]


def test_news_are_the_trials_that_are_new_or_have_ended(way, opened):
    trials = way(opened, "one")
    assert seen(trials) == []
    study, (first, second) = asked(opened, "one", 2)
    assert seen(trials) == [(0, "RUNNING"), (1, "RUNNING")]
    assert seen(trials) == []
    study.tell(first, 1.5)
    asked(opened, "one")
    assert seen(trials) == [(0, "COMPLETE"), (2, "RUNNING")]
    study.tell(second, state=TrialState.FAIL)
    assert seen(trials) == [(1, "FAIL")]
    assert seen(trials) == []


def test_another_studys_trials_are_no_news(way, opened):
    trials = way(opened, "one")
    study, (mine,) = asked(opened, "one")
    other, (theirs,) = asked(opened, "two")
    assert seen(trials) == [(0, "RUNNING")]
    other.tell(theirs, 3.0)
    asked(opened, "two")
    assert seen(trials) == []
    study.tell(mine, 2.0)
    assert seen(trials) == [(0, "COMPLETE")]


def test_what_it_adds_and_ends_itself_is_no_news(way, opened):
    trials = way(opened, "one")
    memory = optuna.create_study()
    running = memory.ask({"x": SPREAD})
    trials.append(memory.get_trials())
    assert seen(trials) == []
    memory.tell(running, 4.0)
    trials.finish(memory.get_trials()[0])
    assert seen(trials) == []
    with pytest.raises(StorageError, match="another program has ended trial 0"):
        trials.finish(memory.get_trials()[0])


def test_a_trial_whose_process_died_is_failed_and_then_news(way, opened):
    trials = way(opened, "one")
    study, (_, ended) = asked(opened, "one", 2)
    assert seen(trials) == [(0, "RUNNING"), (1, "RUNNING")]
    study.tell(ended, 1.0)
    for number in (0, 1):
        trials.fail(number)
    assert seen(trials) == [(0, "FAIL"), (1, "COMPLETE")]


@pytest.fixture
def far_from_utc(monkeypatch):
    """Hosts in UTC hide a local time that is stored as it is."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # UTC+14
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def stored(database):
    columns = "number, datetime_start, datetime_complete"
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(f"SELECT {columns} FROM trials ORDER BY trial_id").fetchall()
    return [
        (number, *(moment and datetime.fromisoformat(moment) for moment in moments))
        for number, *moments in rows
    ]


def test_local_times_are_stored_as_utc(way, database, opened, far_from_utc):
    began = datetime(2026, 3, 1, 10, 30)  # what Optuna shows at 20:30 UTC of the day before
    distributions = {"x": SPREAD}
    whole = optuna.trial.create_trial(params={"x": 0.5}, distributions=distributions, value=1.0)
    whole.number, whole.datetime_start, whole.datetime_complete = 0, began, datetime(2026, 3, 1, 14)
    running = optuna.trial.create_trial(
        state=TrialState.RUNNING, params={"x": 0.25}, distributions=distributions
    )
    running.number, running.datetime_start = 1, began
    trials = way(opened, "one")
    trials.append([whole, running])
    assert stored(database) == [
        (0, datetime(2026, 2, 28, 20, 30), datetime(2026, 3, 1, 0, 0)),
        (1, datetime(2026, 2, 28, 20, 30), None),
    ]
    trials.fail(1)
    ended = stored(database)[1][2].replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - ended).total_seconds()) < 60
    back = optuna.load_study(study_name="one", storage=opened.trials).get_trials()
    assert [trial.datetime_start for trial in back] == [began, began]


def test_a_batch_is_added_in_the_order_of_its_numbers_or_not_at_all(way, database, opened):
    memory = optuna.create_study()
    memory.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    trials = way(opened, "one")
    trials.append(memory.get_trials()[:2])
    with pytest.raises(StorageError, match="another program has added trials to this study"):
        way(opened, "one").append(memory.get_trials()[:2])
    trials.append(memory.get_trials()[2:])
    assert [number for number, *_ in stored(database)] == [0, 1, 2]


def test_a_batch_whose_numbers_are_taken_adds_nothing(way, opened):
    study, started = asked(opened, "one", 3)
    for trial in started:
        study.tell(trial, 1.0)
    with pytest.raises(StorageError, match="another program has added trials"):
        way(opened, "one").append(study.get_trials()[:2])
    assert len(study.get_trials()) == 3


def test_a_trial_that_another_program_came_before_is_refused(way, opened):
    """It takes no number that is taken, whenever that program came."""
    trials = way(opened, "one")
    memory = optuna.create_study()
    memory.ask({"x": SPREAD})
    memory.ask({"x": SPREAD})
    with pytest.raises(StorageError, match="another program has added trials"):
        trials.append(memory.get_trials()[1:])  # number 1, where 0 is the next
    study, _ = asked(opened, "one")
    assert [t.number for t in study.get_trials()] == list(range(len(study.get_trials())))


def facts(trial):
    """All of a trial but its key in the database."""
    return (
        *(trial.number, trial.state, trial.values, trial.params, trial.distributions),
        *(trial.user_attrs, trial.system_attrs, trial.intermediate_values),
        *(trial.datetime_start, trial.datetime_complete),
    )


def test_what_is_written_is_what_optuna_reads(way, opened):
    memory = optuna.create_study()
    for value in (2.5, math.inf, -math.inf):
        memory.add_trial(
            optuna.trial.create_trial(
                value=value,
                params={"x": 0.25},
                distributions={"x": SPREAD},
                user_attrs={"test_bps": None},
                system_attrs={"state": "long" * 1000},
            )
        )
    memory.tell(memory.ask(), state=TrialState.FAIL)
    way(opened, "one").append(memory.get_trials())
    read = optuna.load_study(study_name="one", storage=opened.trials).get_trials()
    assert list(map(facts, read)) == list(map(facts, memory.get_trials()))


def test_an_outcome_is_written_with_its_attributes(way, opened):
    memory = optuna.create_study()
    trial = memory.ask({"x": SPREAD})
    trials = way(opened, "one")
    trials.append(memory.get_trials())
    trial.set_user_attr("test_bps", 3.5)
    memory.tell(trial, 2.5)
    trials.finish(memory.get_trials()[0])
    (read,) = optuna.load_study(study_name="one", storage=opened.trials).get_trials()
    assert facts(read)[:-1] == facts(memory.get_trials()[0])[:-1]
