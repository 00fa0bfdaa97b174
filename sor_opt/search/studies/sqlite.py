"""SQLite files: how they are connected to, read without the right to write, and kept from loss."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Literal

from sqlalchemy import URL

Connect = Callable[[], sqlite3.Connection]
Mode = Literal["rw", "ro"]

_BUSY_SECONDS = 30.0

WRITING = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL")
"""A write-ahead log: readers and the writer do not wait for each other.

A process that is killed loses nothing that it committed; the machine losing power may cost the last
trials, never the file.
"""

READING = ("PRAGMA query_only=ON",)

_LOG, _SHARED = "-wal", "-shm"
_PARTS = ("", _LOG, "-journal")
"""What a database consists of while nobody has it open, by the endings of its files' names."""


def connector(url: URL, file: Path, mode: Mode, pragmas: tuple[str, ...]) -> Connect:
    """Give what connects to the file of a URL and sets some pragmas; it makes no file.

    A URL that is meant for SQLite itself (`uri=true`) keeps what it says of the mode.
    """
    if "uri" not in url.query:
        place = file.absolute().as_uri()
        url = url.set(database=place).update_query_dict({"mode": mode, "uri": "true"})
    (name,), options = url.get_dialect()().create_connect_args(url)
    settings = {"timeout": _BUSY_SECONDS, **options, "check_same_thread": False}

    def connect() -> sqlite3.Connection:
        connection: sqlite3.Connection = sqlite3.connect(name, **settings)
        try:
            for pragma in pragmas:
                connection.execute(pragma)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    return connect


@contextmanager
def reading(url: URL, file: Path) -> Iterator[Connect]:
    """Give what connects to a file for reading, which it neither needs the right to write nor does.

    Where nothing may be written beside it, SQLite can read a file with a write-ahead log only while
    a writer has it open. Where nobody has, a copy is as good, and holds the log too.
    """
    if _writable(file):
        yield connector(url, file, "rw", READING)
        return
    if _beside(file, _SHARED).exists():
        connect = connector(url, file, "ro", READING)
        if _reads(connect):
            yield connect
            return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "studies.db"
        for part in _PARTS:
            source = _beside(file, part)
            if source.exists():
                shutil.copyfile(source, _beside(copy, part))
        yield connector(URL.create("sqlite"), copy, "rw", READING)


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


def _writable(file: Path) -> bool:
    return all(os.access(place, os.W_OK) for place in (file, file.absolute().parent))


def _reads(connect: Connect) -> bool:
    try:
        connection = connect()
    except sqlite3.OperationalError:
        return False
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


class HeldFile:
    """A SQLite file that is held open, so that its content outlives its name.

    Parameters
    ----------
    path : Path
        Where it is, and has to stay.
    connect : callable
        What connects to it.
    """

    def __init__(self, path: Path, connect: Connect) -> None:
        self._path = path
        self._connection = connect()
        self._mark = _mark(path)
        self._logs = {log: _mark(log) for log in (_beside(path, _LOG), _beside(path, _SHARED))}

    @property
    def displaced(self) -> bool:
        """Whether its path now names another file, or none."""
        return _mark(self._path) != self._mark

    @property
    def fate(self) -> str:
        """Say what happened to a displaced file."""
        what = "replaced by another file" if self._path.exists() else "removed"
        return f"{self._path} was {what} during the run"

    def rescue(self) -> str:
        """Copy all that a displaced file held beside its path, and say where it is now."""
        try:
            copy = _new_file(self._path)
        except OSError as error:
            return f"{self.fate}, and what it held is lost: {error.strerror}"
        try:
            self._connection.execute("VACUUM INTO ?", [str(copy)])
        except sqlite3.Error as error:
            copy.unlink()
            return f"{self.fate}, and what it held is lost: {error}"
        self._remove_logs()
        return f"{self.fate}; all that it held is kept in {copy}: go on with --storage {copy}"

    def _remove_logs(self) -> None:
        """Remove the logs of a displaced file, which SQLite would play into one of its name."""
        for log, mark in self._logs.items():
            if mark is not None and _mark(log) == mark:
                log.unlink()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _mark(path: Path) -> tuple[int, int] | None:
    """What tells a file from any other that takes its name."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _new_file(path: Path) -> Path:
    """Make an empty file beside a path, under a name that is free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        copy = path.with_name(f"{path.stem}-rescued-{number}{path.suffix or '.db'}")
        try:
            copy.open("x").close()
        except FileExistsError:
            continue
        return copy
    raise AssertionError("numbers do not end")
