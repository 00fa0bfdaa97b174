"""Where studies live: an Optuna database, opened so that any number of processes may share it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.exceptions import OptunaError
from optuna.storages import RDBStorage
from sqlalchemy import URL, Engine, create_engine, inspect, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from sor_opt.errors import ConfigError, StorageError
from sor_opt.search.studies.locks import FileLocks, Key, Locks, ServerLocks

DEFAULT_STORAGE = "sqlite:///studies/sor_opt.db"

_BUSY_SECONDS = 30.0
_CONNECT_SECONDS = 10
_MENDS = {
    "database is locked": "end the program that holds it",
    "readonly database": "give yourself the right to write the file and its folder",
}
_FOREIGN = "is not a SQLite database; name a file that sor-opt made, or a new one"


@dataclass(frozen=True)
class Storage:
    """An open database of studies.

    Parameters
    ----------
    shown : str
        Its URL as it may be shown: without a password.
    trials : RDBStorage
        Optuna's view of it.
    engine : Engine
        SQLAlchemy's view of it.
    locks : Locks
        What keeps its users apart.
    """

    shown: str
    trials: RDBStorage
    engine: Engine
    locks: Locks


class _TunedConnection(sqlite3.Connection):
    """SQLite with a write-ahead log: readers and the writer do not wait for each other.

    A process that is killed loses nothing that it committed; the machine losing power may cost the
    last trials, never the file.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=NORMAL")


@contextmanager
def open_storage(where: str = DEFAULT_STORAGE, *, create: bool = False) -> Iterator[Storage]:
    """Open a database of studies for the length of a block.

    Parameters
    ----------
    where : str
        A URL that Optuna accepts (SQLite, PostgreSQL, MySQL), or the path of a SQLite file.
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
    url = _parsed(where)
    with _told(url), ExitStack() as stack:
        engine = _engine(url)
        stack.callback(engine.dispose)
        locks = stack.enter_context(closing(_locks(url, engine, create)))
        with locks.held(Key()):
            _require_studies(url, engine, create)
            trials = RDBStorage(_text(url).replace("{", "{{").replace("}", "}}"), _settings(url))
        stack.callback(trials.engine.dispose)
        stack.callback(trials.remove_session)
        yield Storage(shown(where), trials, engine, locks)


def shown(where: str) -> str:
    """Give the URL of a storage without its password."""
    url = _parsed(where)
    return url.difference_update_query(_secret_keys(url)).render_as_string(hide_password=True)


def files(where: str) -> list[Path]:
    """Name the files of a storage: the database, SQLite's companions, the locks; none on a server.

    Raises
    ------
    ConfigError
        If it is neither a URL that Optuna accepts nor a path.
    """
    url = _parsed(where)
    if url.get_backend_name() != "sqlite":
        return []
    file = Path(str(url.database).removeprefix("file:"))
    companions = ("-wal", "-shm", "-journal", ".lock")
    return [file, *(file.with_name(f"{file.name}{end}") for end in companions)]


def _parsed(where: str) -> URL:
    try:
        url = make_url(where if "://" in where else f"sqlite:///{where}")
        url.get_dialect()
    except NoSuchModuleError as error:
        raise ConfigError(f"no database is called {where.split(':')[0]!r}; {_KINDS}") from error
    except (ArgumentError, ValueError) as error:
        raise ConfigError(f"the storage is no path and no URL; {_KINDS}") from error
    name = url.get_backend_name()
    if name != "sqlite" and name not in ServerLocks.DIALECTS:
        raise ConfigError(f"studies cannot live in {name}; {_KINDS}")
    if name == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigError("a SQLite storage needs a file: sqlite:///studies/sor_opt.db")
    return url


_KINDS = "use sqlite:///FILE, postgresql://HOST/NAME or mysql://HOST/NAME"


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _settings(url: URL) -> dict[str, Any]:
    match url.get_backend_name():
        case "sqlite":
            return {"connect_args": {"factory": _TunedConnection, "timeout": _BUSY_SECONDS}}
        case _:
            return {
                "pool_pre_ping": True,
                "connect_args": {"connect_timeout": _CONNECT_SECONDS},
            }


def _engine(url: URL) -> Engine:
    try:
        return create_engine(url, **_settings(url))
    except ModuleNotFoundError as error:
        extra = " (pip install 'sor-opt[postgres]')" if "postgres" in url.drivername else ""
        raise ConfigError(f"{url.drivername} needs the package {error.name}{extra}") from error


def _locks(url: URL, engine: Engine, create: bool) -> Locks:
    if url.get_backend_name() != "sqlite":
        return ServerLocks(engine)
    file = Path(str(url.database).removeprefix("file:"))
    if not create and not file.exists():
        raise StorageError(f"{file}: there is no such file; `study run` makes it")
    try:
        if file.is_file() and _head(file) not in (b"", b"SQLite format 3\0"):
            raise StorageError(f"{file}: {_FOREIGN}")
        if create:
            file.parent.mkdir(parents=True, exist_ok=True)
        return FileLocks(file.with_name(f"{file.name}.lock"))
    except OSError as error:
        raise StorageError(f"{file}: cannot be written: {error.strerror}") from error


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(16)


def _require_studies(url: URL, engine: Engine, create: bool) -> None:
    """Refuse a database without studies, unless they may be made in it."""
    tables = inspect(engine).get_table_names()
    foreign = url.get_backend_name() == "sqlite" and bool(tables)
    if "studies" not in tables and (foreign or not create):
        holds = f"holds {', '.join(tables[:3])}, but" if foreign else "holds"
        raise StorageError(f"{shown(_text(url))}: {holds} no studies; {_KINDS}")


@contextmanager
def _told(url: URL) -> Iterator[None]:
    """Turn the many ways in which a database fails into one line without a password."""
    try:
        yield
    except (SQLAlchemyError, OptunaError, sqlite3.Error) as error:
        cause = _cause(error, secrets=[url.password, *map(url.query.get, _secret_keys(url))])
        mend = next((f"; {mend}" for words, mend in _MENDS.items() if words in cause), "")
        raise StorageError(f"{shown(_text(url))}: {cause}{mend}") from error


def _secret_keys(url: URL) -> list[str]:
    return [key for key in url.query if "pass" in key.lower()]


def _cause(error: BaseException, secrets: list[Any]) -> str:
    """Give the innermost text of an error, on one line."""
    while inner := getattr(error, "orig", None) or error.__cause__:
        error = inner
    text = " ".join(str(error).split())
    for secret in filter(None, secrets):
        text = text.replace(str(secret), "***")
    return text or type(error).__name__
