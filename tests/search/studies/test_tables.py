"""What a process knows of a study's trials, and what it writes of them."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime

import optuna
import pytest
from optuna.trial import TrialState

from sor_opt.errors import StorageError
from sor_opt.search.studies.storage import open_storage
from sor_opt.search.studies.tables import TrialTables

SPREAD = optuna.distributions.FloatDistribution(0.001, 1.0, log=True)


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


def seen(tables):
    return [(trial.number, trial.state.name) for trial in tables.changes()]


def test_news_are_the_trials_that_are_new_or_have_ended(opened):
    tables = TrialTables(opened, "one")
    assert seen(tables) == []
    study, (first, second) = asked(opened, "one", 2)
    assert seen(tables) == [(0, "RUNNING"), (1, "RUNNING")]
    assert seen(tables) == []
    study.tell(first, 1.5)
    asked(opened, "one")
    assert seen(tables) == [(0, "COMPLETE"), (2, "RUNNING")]
    study.tell(second, state=TrialState.FAIL)
    assert seen(tables) == [(1, "FAIL")]
    assert seen(tables) == []


def test_another_studys_trials_are_no_news(opened):
    tables = TrialTables(opened, "one")
    study, (mine,) = asked(opened, "one")
    other, (theirs,) = asked(opened, "two")
    assert seen(tables) == [(0, "RUNNING")]
    other.tell(theirs, 3.0)
    asked(opened, "two")
    assert seen(tables) == []
    study.tell(mine, 2.0)
    assert seen(tables) == [(0, "COMPLETE")]


def test_what_it_adds_and_ends_itself_is_no_news(opened):
    tables = TrialTables(opened, "one")
    memory = optuna.create_study()
    running = memory.ask({"x": SPREAD})
    tables.append(memory.get_trials())
    assert seen(tables) == []
    memory.tell(running, 4.0)
    tables.finish(memory.get_trials()[0])
    assert seen(tables) == []
    with pytest.raises(StorageError, match="another program has ended trial 0"):
        tables.finish(memory.get_trials()[0])


def test_a_trial_whose_process_died_is_failed_and_then_news(opened):
    tables = TrialTables(opened, "one")
    study, (_, ended) = asked(opened, "one", 2)
    assert seen(tables) == [(0, "RUNNING"), (1, "RUNNING")]
    study.tell(ended, 1.0)
    for number in (0, 1):
        tables.fail(number)
    assert seen(tables) == [(0, "FAIL"), (1, "COMPLETE")]


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


def test_local_times_are_stored_as_utc(database, opened, far_from_utc):
    began = datetime(2026, 3, 1, 10, 30)  # what Optuna shows at 20:30 UTC of the day before
    distributions = {"x": SPREAD}
    whole = optuna.trial.create_trial(params={"x": 0.5}, distributions=distributions, value=1.0)
    whole.number, whole.datetime_start, whole.datetime_complete = 0, began, datetime(2026, 3, 1, 14)
    running = optuna.trial.create_trial(
        state=TrialState.RUNNING, params={"x": 0.25}, distributions=distributions
    )
    running.number, running.datetime_start = 1, began
    tables = TrialTables(opened, "one")
    tables.append([whole, running])
    assert stored(database) == [
        (0, datetime(2026, 2, 28, 20, 30), datetime(2026, 3, 1, 0, 0)),
        (1, datetime(2026, 2, 28, 20, 30), None),
    ]
    tables.fail(1)
    ended = stored(database)[1][2].replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - ended).total_seconds()) < 60
    back = optuna.load_study(study_name="one", storage=opened.trials).get_trials()
    assert [trial.datetime_start for trial in back] == [began, began]


def test_a_batch_is_added_in_the_order_of_its_numbers_or_not_at_all(database, opened):
    memory = optuna.create_study()
    memory.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    tables = TrialTables(opened, "one")
    tables.append(memory.get_trials()[:2])
    with pytest.raises(StorageError, match="another program has added trials to this study"):
        TrialTables(opened, "one").append(memory.get_trials()[:2])
    tables.append(memory.get_trials()[2:])
    assert [number for number, *_ in stored(database)] == [0, 1, 2]
