"""Paths and URLs of storages: every character is what it is, and no password is shown."""

import os

import pytest
from search_fakes import SPACE, Staircase

from sor_opt.errors import ConfigError, StorageError
from sor_opt.search.studies import sqlite
from sor_opt.search.studies.address import Address
from sor_opt.search.studies.history import studies
from sor_opt.search.studies.storage import open_storage, read_storage, shown
from sor_opt.search.studies.study import StudyRun, run_study

NAMES = [
    f"{stem}.db" for stem in ("c?1", "c?2", "c#1", "a%41", "aA", "a b", "a:b", "{x}", "file:x", "λ")
]


def test_every_character_of_a_path_is_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        result = run_study(StudyRun(name, Staircase(), SPACE, "grid", 1, name))
        assert result.storage == name
    assert sorted(os.listdir(tmp_path)) == sorted([*NAMES, *(f"{name}.lock" for name in NAMES)])
    for name in NAMES:
        with read_storage(name) as opened:
            assert [history.name for history in studies(opened)] == [name]


def test_a_path_with_such_characters_is_read_where_it_may_not_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "_writable", lambda _: False)
    for name in NAMES:
        path = str(tmp_path / name)
        run_study(StudyRun(name, Staircase(), SPACE, "grid", 1, path))
        with read_storage(path) as opened:
            assert [history.name for history in studies(opened)] == [name]


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("sqlite:///a%3Fb.db", "a?b.db"),
        ("sqlite:///a b.db?timeout=5", "a b.db"),
        ("sqlite:///file:a.db?mode=rwc&uri=true", "a.db"),
    ],
)
def test_a_url_is_read_as_urls_are(where, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_study(StudyRun("one", Staircase(), SPACE, "grid", 1, where)).storage == where
    assert sorted(os.listdir(tmp_path)) == sorted([name, f"{name}.lock"])


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (
            "sqlite:///c?1.db",
            "SQLite has no option '1.db'; a file with ? in its name is given by its path, without "
            "sqlite:///",
        ),
        (
            "sqlite:///c?mode=ro",
            "SQLite has no option 'mode'; a file with ? in its name is given by its path, without "
            "sqlite:///",
        ),
        (
            "sqlite:///c.db?timeout=soon",
            "an option of the storage has a wrong value: could not convert string to float: 'soon'",
        ),
        ("sqlite://host/c.db", "a SQLite URL has three slashes or four: sqlite:///FILE"),
        (
            "sqlite+aiosqlite:///c.db",
            "studies cannot use the driver sqlite+aiosqlite; use sqlite://",
        ),
        ("", "a SQLite storage needs a file: sqlite:///studies/sor_opt.db"),
    ],
)
def test_odd_urls_are_one_line(where, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as error, open_storage(where, create=True):
        pass
    assert str(error.value) == text
    assert not os.listdir(tmp_path)


def test_an_option_given_twice_is_one_line(tmp_path):
    where = f"sqlite:///{tmp_path}/c.db?timeout=1&timeout=2"
    with pytest.raises(ConfigError, match="an option of the storage has a wrong value: "):
        Address.parse(where)


@pytest.mark.parametrize(
    "where",
    [
        "u:hunter2@host/db",
        "u:hunt/er2@host/db",
        "//u:hunter2@host/db",
        "postgresql:u:hunter2@host/db",
        "host/db?user=me&password=hunter2",
        "host/db?options=-c%20x=hunter2",
        "sqlite:///u:hunter2@host/db",
    ],
)
def test_a_server_without_its_scheme_is_refused_and_not_echoed(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for use in (open_storage, read_storage):
        with pytest.raises(ConfigError) as error, use(where):
            pass
        assert str(error.value) == (
            "the storage reads like a server's URL without its scheme; write postgresql://.. or "
            "mysql://.., or ./ before the name of a file"
        )
    assert not os.listdir(tmp_path)


def test_a_file_of_such_a_name_is_named_with_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_study(StudyRun("one", Staircase(), SPACE, "grid", 1, "./u:x@host.db"))
    assert "u:x@host.db" in os.listdir(tmp_path)


@pytest.mark.parametrize(
    "where",
    [
        "postgresql://u:hun@ter2@host/db",
        "postgresql:///u:hunter2@host/db",
    ],
)
def test_a_password_with_a_bare_at_sign_is_refused_and_not_echoed(where):
    with pytest.raises(ConfigError) as error:
        Address.parse(where)
    assert str(error.value) == (
        "the storage's URL has an @ too many; in a user's name or a password it is written %40"
    )


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("postgresql+psycopg://u:hunter2@h/d", "postgresql+psycopg://u:***@h/d"),
        (
            "postgresql://u@h/d?sslmode=require&options=-c%20x=hunter2",
            "postgresql://u@h/d?options=***&sslmode=***",
        ),
        ("mysql://h/d?passwd=hunter2", "mysql://h/d?passwd=***"),
    ],
)
def test_a_shown_url_holds_no_value_of_an_option(where, text):
    assert shown(where) == text


def test_a_drivers_text_holds_no_secret():
    address = Address.parse(
        "postgresql://u:correct%20horse@h/d?options=-c%20search_path=hunter2&sslmode=require"
    )
    text = "login 'correct horse' failed: parameter hunter2 of -c search_path=hunter2, require ssl"
    assert address.without_secrets(text) == (
        "login '***' failed: parameter *** of ***, require ssl"
    )


@pytest.mark.parametrize("query", ["options=-c%20a.b%3Dhunter2", "nosuch=hunter2"])
def test_what_a_driver_says_of_an_option_is_one_line_without_it(query):
    pytest.importorskip("psycopg", reason="needs the extra postgres")
    with (
        pytest.raises(StorageError) as error,
        open_storage(f"postgresql+psycopg://u:swordfish@127.0.0.1:1/d?{query}"),
    ):
        pass
    text = str(error.value)
    assert text.startswith("postgresql+psycopg://u:***@127.0.0.1:1/d?")
    assert "hunter2" not in text
    assert "swordfish" not in text
    assert "\n" not in text


def test_the_lock_lies_beside_the_file(tmp_path):
    path = tmp_path / "a?b" / "c.db"
    run_study(StudyRun("one", Staircase(), SPACE, "grid", 1, str(path)))
    assert sorted(os.listdir(tmp_path / "a?b")) == ["c.db", "c.db.lock"]
