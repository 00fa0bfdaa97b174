"""What a database says of its tables, and what follows for its times."""

from __future__ import annotations

import logging

import pytest
from search_fakes import SPACE, Staircase

from sor_opt.search.studies.history import find
from sor_opt.search.studies.storage import open_storage, read_storage
from sor_opt.search.studies.study import StudyRun, run_study
from sor_opt.search.studies.tables import KNOWN, Version

UTC, LOCAL = "5.0.0", "4.9.0"


def made_by(database, library):
    """Make a database whose tables another Optuna has made; opening them changes nothing of it."""
    with open_storage(database, create=True) as opened, opened.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE version_info SET library_version = '{library}'")


def go(database, trials, name="one"):
    return run_study(StudyRun(name, Staircase(), SPACE, "grid", trials, database))


def warnings(caplog):
    return [(record.levelno, record.getMessage()) for record in caplog.records]


def test_a_new_database_has_the_tables_that_are_known(database):
    with open_storage(database, create=True) as opened:
        assert opened.version.known
        assert not opened.version.local_times


@pytest.mark.parametrize(
    ("version", "known"),
    [
        (Version(*KNOWN, "3.6.0"), True),
        (Version(*KNOWN, "5.9.9"), True),
        (Version(13, KNOWN[1], "5.0.0"), False),
        (Version(KNOWN[0], "v6.0.0.a", "6.0.0"), False),
    ],
)
def test_tables_are_known_by_version_and_migration(version, known):
    assert version.known is known


@pytest.mark.parametrize(
    ("library", "local"),
    [("2.10.1", True), ("3.6.0", True), ("4.9.0", True), ("5.0.0", False), ("10.0.0", False)],
)
def test_times_are_local_before_optuna_5(library, local):
    assert Version(*KNOWN, library).local_times is local


def test_the_version_stays_that_of_whoever_made_the_tables(database):
    made_by(database, LOCAL)
    go(database, 3)
    with read_storage(database) as opened:
        assert opened.version.library == LOCAL


def test_times_that_may_be_local_are_told_where_a_study_is_shown_or_resumed(database, caplog):
    made_by(database, LOCAL)
    go(database, 3)
    assert warnings(caplog) == []  # its times are in UTC
    told = (
        logging.WARNING,
        f"{database} was made by Optuna 4.9.0, which stored local times where Optuna 5 reads UTC: "
        "the start and end of its trials may be shown off by the time zone; how long they took is "
        "right",
    )
    go(database, 5)
    assert warnings(caplog) == [told]
    with read_storage(database) as opened:
        find(opened, "one")
    assert warnings(caplog) == [told] * 2


def test_nothing_is_told_of_times_in_utc(database, caplog):
    made_by(database, UTC)
    go(database, 3)
    go(database, 5)
    with read_storage(database) as opened:
        find(opened, "one")
    assert warnings(caplog) == []
