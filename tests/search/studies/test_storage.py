import sqlite3
import time
from contextlib import closing

import optuna
import pytest
from search_fakes import SPACE, Staircase

from sor_opt.errors import ConfigError, StorageError
from sor_opt.search.studies import sqlite
from sor_opt.search.studies.history import delete, find, studies
from sor_opt.search.studies.locks import Key
from sor_opt.search.studies.storage import files, open_storage, shown
from sor_opt.search.studies.study import StudyRun, run_study


def fill(database, name="one", trials=3):
    return run_study(StudyRun(name, Staircase(), SPACE, "grid", trials, database))


def test_sqlite_runs_with_a_write_ahead_log(database):
    fill(database)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with open_storage(database) as opened, opened.trials.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


@pytest.mark.parametrize(
    "where",
    ["some/o.db", "sqlite:///some/o.db", "sqlite:///file:some/o.db?uri=true&mode=rw"],
)
def test_the_files_of_a_database_are_known(where):
    names = ["o.db", "o.db-wal", "o.db-shm", "o.db-journal", "o.db.lock"]
    assert [str(file) for file in files(where)] == [f"some/{name}" for name in names]
    assert files("postgresql+psycopg://127.0.0.1/o") == []


def test_no_other_files_are_made_beside_a_database(tmp_path):
    database = tmp_path / "o.db"
    fill(str(database))
    with open_storage(str(database)):
        made = set(tmp_path.iterdir())
    assert database in made
    assert made <= set(files(str(database)))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:secret@127.0.0.1:1/x",
        "postgresql+psycopg://127.0.0.1:1/x?user=me&password=secret",
    ],
)
def test_passwords_are_never_shown(url):
    assert "secret" not in shown(url)
    pytest.importorskip("psycopg", reason="needs the extra postgres")
    with pytest.raises(StorageError, match="Connection refused") as error, open_storage(url):
        pass
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("foo://x", "no database is called 'foo'"),
        ("mssql://x/y", "studies cannot live in mssql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("postgresql://me@host:port/x", "no path and no URL"),
    ],
)
def test_wrong_urls_are_refused(where, text):
    with pytest.raises(ConfigError, match=text), open_storage(where):
        pass


def test_a_missing_file_is_made_only_to_run(database, tmp_path):
    with pytest.raises(StorageError, match="there is no such file"), open_storage(database):
        pass
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("these are no studies at all")
    with pytest.raises(StorageError, match="is not a SQLite database"):
        fill(str(path))
    assert path.read_text() == "these are no studies at all"
    assert list(tmp_path.iterdir()) == [path]


def test_a_database_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (name TEXT)")
    with pytest.raises(StorageError, match="holds people, but no studies"):
        fill(str(path))


def test_a_locked_file_is_reported(database, monkeypatch):
    fill(database)
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.1)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with closing(sqlite3.connect(database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="database is locked; end the program"):
            fill(database, "two")


def test_a_read_only_file_is_reported(database):
    fill(database)
    where = f"sqlite:///file:{database}?mode=ro&uri=true"
    with pytest.raises(StorageError, match="readonly database; give yourself the right"):
        fill(where, "two")


def test_an_unreachable_folder_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        fill(str(tmp_path / "file" / "studies.db"))


def test_creation_that_was_killed_is_finished(database, start, read):
    """Every moment of making the tables is a good one to be killed in."""
    run = StudyRun("one", Staircase(), SPACE, "grid", 3, database)
    for step in range(8):
        process = start(run_study, run)
        time.sleep(0.01 * step)
        process.kill()
        process.join()
    run_study(run)
    assert len(read(database, "one").trials) == 3


def test_studies_are_listed_by_name(database):
    fill(database, "b")
    fill(database, "a")
    with open_storage(database) as opened:
        optuna.create_study(storage=opened.trials, study_name="foreign")
        assert [history.name for history in studies(opened)] == ["a", "b"]
        with pytest.raises(ConfigError, match=r"'foreign' .* was not made by sor-opt"):
            find(opened, "foreign")


def test_a_foreign_study_is_not_continued(database):
    fill(database)
    with open_storage(database) as opened:
        foreign = optuna.create_study(storage=opened.trials, study_name="foreign")
        foreign.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(ConfigError, match="'foreign' was not made by sor-opt"):
        fill(database, "foreign")


def test_an_unknown_study_is_reported_with_the_known_ones(database):
    fill(database, "b")
    with (
        open_storage(database) as opened,
        pytest.raises(ConfigError, match=r"no study 'c' in .*; there are b"),
    ):
        find(opened, "c")


def test_deleting_takes_one_study(database):
    fill(database, "a")
    fill(database, "b")
    with open_storage(database) as opened:
        delete(opened, "a")
        assert [history.name for history in studies(opened)] == ["b"]


def test_a_running_study_is_not_deleted(database, start):
    fill(database, "one", trials=1)
    run = StudyRun("one", Staircase(seconds=2.0), SPACE, "grid", 27, database)
    start(run_study, run)
    time.sleep(0.7)
    with open_storage(database) as opened, pytest.raises(ConfigError, match="is being run"):
        delete(opened, "one")


def test_a_lock_dies_with_its_process(database, start):
    fill(database)

    def hold():
        with open_storage(database) as opened:
            opened.locks.attempt(Key(5))
            time.sleep(60)

    holder = start(hold)
    with open_storage(database) as opened:
        deadline = time.monotonic() + 20
        while opened.locks.free(Key(5)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not opened.locks.free(Key(5))
        assert opened.locks.free(Key(6))
        holder.kill()
        holder.join()
        assert opened.locks.free(Key(5))


def test_queued_trials_are_refused(database):
    fill(database)
    with open_storage(database) as opened:
        optuna.load_study(study_name="one", storage=opened.trials).enqueue_trial({})
    with pytest.raises(StorageError, match="has queued trials"):
        fill(database, trials=5)
