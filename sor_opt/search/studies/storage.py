"""Where studies live: an Optuna database, opened so that any number of processes may share it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.exceptions import OptunaError
from optuna.storages import RDBStorage
from sqlalchemy import URL, Engine, create_engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from sor_opt.errors import ConfigError, SorOptError, StorageError
from sor_opt.search.studies.address import KINDS, Address
from sor_opt.search.studies.locks import FileLocks, Key, Locks, ServerLocks
from sor_opt.search.studies.quiet import quiet_optuna
from sor_opt.search.studies.sqlite import WRITING, Connect, HeldFile, connector, reading
from sor_opt.search.studies.tables import Version

DEFAULT_STORAGE = "sqlite:///studies/sor_opt.db"

_CONNECT_SECONDS = 10
_FULL = "make room there; the same command then goes on from what is saved"
_HINTS = {
    "database is locked": "end the program that holds it",
    "readonly database": "give yourself the right to write the file and its folder",
    "unable to open database file": "give yourself the right to read it and to write its folder",
    "database or disk is full": _FULL,
    "disk I/O error": f"if the disk is full, {_FULL}",
    "malformed": "another program has written into it; put back a copy of it",
}
_FOREIGN = "is not a SQLite database; name a file that sor-opt made, or a new one"
_TABLES = {"studies", "alembic_version"}
"""The first and the last of the tables that Optuna makes."""

_ANY_FILE = URL.create("sqlite", database="studies.db")
"""What stands for a file that is connected to otherwise."""

_FAILURES = (SQLAlchemyError, OptunaError, sqlite3.Error)
"""How an open database fails."""

_ODD = (*_FAILURES, TypeError, ValueError, RuntimeError, ImportError, OSError)
"""How drivers fail where a URL asks for what they do not know."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Storage:
    """A database of studies, open for reading.

    Parameters
    ----------
    shown : str
        Its path or URL as it may be shown: without a password.
    trials : RDBStorage
        Optuna's view of it.
    version : Version
        What it says of its tables.
    """

    shown: str
    trials: RDBStorage
    version: Version

    def warn_of_times(self) -> None:
        """Log a warning where the times of some trials may be read wrongly."""
        if self.version.local_times:
            _LOG.warning(
                "%s was made by Optuna %s, which stored local times where Optuna 5 reads UTC: the "
                "start and end of its trials may be shown off by the time zone; how long they took "
                "is right",
                self.shown,
                self.version.library,
            )


@dataclass(frozen=True)
class SharedStorage(Storage):
    """A database of studies that this process and others read and write.

    Parameters
    ----------
    engine : Engine
        SQLAlchemy's view of it.
    locks : Locks
        What keeps its users apart.
    file : HeldFile or None
        The file of a SQLite database.
    """

    engine: Engine
    locks: Locks
    file: HeldFile | None

    def check(self) -> None:
        """Refuse to go on where the file has been removed or replaced.

        Raises
        ------
        StorageError
        """
        if self.file is not None and self.file.displaced:
            raise StorageError(self.file.fate)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Notice a file that was removed or replaced during a block, and keep what it held.

        Raises
        ------
        StorageError
            If it was, whatever else the block came to; the text says where its content is now.
        """
        try:
            yield
            self.check()
        except Exception as error:
            if self.file is not None and self.file.displaced:
                raise StorageError(self.file.rescue()) from error
            raise


@contextmanager
def open_storage(where: str = DEFAULT_STORAGE, *, create: bool = False) -> Iterator[SharedStorage]:
    """Open a database of studies for the length of a block, to read and to write it.

    Parameters
    ----------
    where : str
        The path of a SQLite file, or a URL that Optuna accepts (SQLite, PostgreSQL, MySQL).
    create : bool
        Whether to make what is missing: the folder, the file, the tables. One process at a time
        does so, because Optuna fails where several make the tables at once.

    Raises
    ------
    ConfigError
        If `where` is neither, or its driver is not installed.
    StorageError
        If the database cannot be reached, is none of studies, or fails within the block; the text
        never holds a password.
    """
    address = Address.parse(where)
    with ExitStack() as stack:
        stack.enter_context(quiet_optuna())
        with _translated(address, _ODD):
            connect = _writing(address, create)
            engine = _engine(address, connect)
            stack.callback(engine.dispose)
            locks = stack.enter_context(closing(_locks(address, engine)))
            with locks.held(Key()):
                _require_studies(address, engine, create)
                trials = _trials(address, connect, stack)
            version = _version(engine)
            file = None
            if connect and address.file:
                file = stack.enter_context(closing(HeldFile(address.file, connect)))
        with _translated(address, _FAILURES):
            yield SharedStorage(address.shown, trials, version, engine, locks, file)


@contextmanager
def read_storage(where: str = DEFAULT_STORAGE) -> Iterator[Storage]:
    """Open a database of studies for the length of a block, to read it alone.

    The right to read is enough; nothing is written, and nobody is kept waiting. Parameters and
    errors are those of `open_storage`.
    """
    address = Address.parse(where)
    with ExitStack() as stack:
        stack.enter_context(quiet_optuna())
        with _translated(address, _ODD):
            connect = None
            if address.file:
                _check_file(address.file)
                connect = stack.enter_context(reading(address.url, address.file))
            engine = _engine(address, connect)
            stack.callback(engine.dispose)
            _require_studies(address, engine, create=False)
            trials = _trials(address, connect, stack, make_tables=False)
            storage = Storage(address.shown, trials, _version(engine))
        storage.warn_of_times()
        with _translated(address, _FAILURES):
            yield storage


def shown(where: str) -> str:
    """Give the path or URL of a storage without its password."""
    return Address.parse(where).shown


def files(where: str) -> list[Path]:
    """Name the files of a storage: the database, SQLite's companions, the locks; none on a server.

    Raises
    ------
    ConfigError
        If it is neither a URL that Optuna accepts nor a path.
    """
    file = Address.parse(where).file
    if file is None:
        return []
    companions = ("-wal", "-shm", "-journal", ".lock")
    return [file, *(file.with_name(f"{file.name}{end}") for end in companions)]


def _writing(address: Address, create: bool) -> Connect | None:
    """Give what connects to a SQLite file for writing, after a look at the file."""
    if address.file is None:
        return None
    if create and not address.file.exists():
        _make_file(address.file)
    _check_file(address.file)
    return connector(address.url, address.file, "rw", WRITING)


def _make_file(file: Path) -> None:
    """Make an empty database, so that nothing that connects later makes one in its place."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    except OSError as error:
        raise StorageError(f"{file}: cannot be written: {error.strerror}") from error


def _check_file(file: Path) -> None:
    if not file.exists():
        raise StorageError(f"{file}: there is no such file; `study run` makes it")
    if not file.is_file():
        raise StorageError(f"{file}: {_FOREIGN}")
    try:
        with file.open("rb") as stream:
            head = stream.read(16)
    except OSError as error:
        raise StorageError(f"{file}: cannot be read: {error.strerror}") from error
    if head not in (b"", b"SQLite format 3\0"):
        raise StorageError(f"{file}: {_FOREIGN}")


def _settings(connect: Connect | None) -> dict[str, Any]:
    if connect:
        return {"creator": connect}
    return {"pool_pre_ping": True, "connect_args": {"connect_timeout": _CONNECT_SECONDS}}


def _engine(address: Address, connect: Connect | None) -> Engine:
    url = address.url
    try:
        return create_engine(_ANY_FILE if connect else url, **_settings(connect))
    except ModuleNotFoundError as error:
        extra = " (pip install 'sor-opt[postgres]')" if "postgres" in url.drivername else ""
        raise ConfigError(f"{url.drivername} needs the package {error.name}{extra}") from error


def _trials(
    address: Address, connect: Connect | None, stack: ExitStack, *, make_tables: bool = True
) -> RDBStorage:
    """Give Optuna's view, whose text of a URL must hold no braces that are not doubled."""
    url = _ANY_FILE if connect else address.url
    text = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
    trials = RDBStorage(text, _settings(connect), skip_table_creation=not make_tables)
    stack.callback(trials.engine.dispose)
    stack.callback(trials.remove_session)
    return trials


def _version(engine: Engine) -> Version:
    with engine.connect() as connection:
        return Version.read(connection)


def _locks(address: Address, engine: Engine) -> Locks:
    if address.file is None:
        return ServerLocks(engine)
    try:
        return FileLocks(address.file.with_name(f"{address.file.name}.lock"))
    except OSError as error:
        raise StorageError(f"{address.file}: cannot be written: {error.strerror}") from error


def _require_studies(address: Address, engine: Engine, create: bool) -> None:
    """Refuse a database without studies, unless they may be made in it."""
    tables = inspect(engine).get_table_names()
    foreign = address.file is not None and bool(tables) and "studies" not in tables
    if foreign or not (create or set(tables) >= _TABLES):
        holds = f"holds {', '.join(tables[:3])}, but" if foreign else "holds"
        raise StorageError(f"{address.shown}: {holds} no studies; {KINDS}")


@contextmanager
def _translated(address: Address, failures: tuple[type[Exception], ...]) -> Iterator[None]:
    """Turn the many ways in which a database fails into one line without a password."""
    try:
        yield
    except SorOptError:
        raise
    except failures as error:
        cause = address.without_secrets(_cause(error))
        hint = next((f"; {hint}" for words, hint in _HINTS.items() if words in cause), "")
        raise StorageError(f"{address.shown}: {cause}{hint}") from error


def _cause(error: BaseException) -> str:
    """Give the innermost text of an error, on one line."""
    while inner := getattr(error, "orig", None) or error.__cause__:
        error = inner
    return " ".join(str(error).split()) or type(error).__name__
