"""Where a database of studies is: the path of a SQLite file, or the URL of any database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from sor_opt.errors import ConfigError
from sor_opt.search.studies.locks import ServerLocks

KINDS = "use FILE, postgresql://HOST/NAME or mysql://HOST/NAME"

_NO_SCHEME = re.compile(r"(//)?[^/]*:.*@|.*[?&]\w*(pass|pwd|options)\w*=", re.IGNORECASE)
"""A server's URL without its scheme: what it shows of itself may be a password."""

_SQLITE_OPTIONS = frozenset(
    ("uri", "timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements")
)
"""Options of a URL that Python's sqlite3 knows; with `uri` SQLite itself knows more."""

_HARMLESS = frozenset(
    ("user", "host", "port", "dbname", "sslmode", "connect_timeout", "application_name", "charset")
)
"""Options of a server's URL whose values may stand in an error."""


@dataclass(frozen=True)
class Address:
    """A place for studies, and how it may be shown.

    Parameters
    ----------
    url : URL
        What SQLAlchemy connects to. It is made by parts where a path was given, so that no
        character of the path is taken for more than it is.
    shown : str
        The same as text: the path as it was given, or the URL without a password, and for a server
        without the values of its options.
    """

    url: URL
    shown: str

    @classmethod
    def parse(cls, where: str) -> Address:
        """Read a path or a URL.

        Raises
        ------
        ConfigError
            If it is neither, or names no place where studies can live. The text never quotes what
            may be a password.
        """
        url = _url(where) if "://" in where else URL.create("sqlite", database=where or None)
        if url.get_backend_name() == "sqlite":
            _check_file(url, where)
            return cls(url, where)
        _check_server(url)
        return cls(url, _hidden(url))

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database; None for a server."""
        if self.url.get_backend_name() != "sqlite":
            return None
        name = str(self.url.database)
        return Path(unquote(urlsplit(name).path) if "uri" in self.url.query else name)

    def without_secrets(self, text: str) -> str:
        """Hide in a text what must not be shown."""
        for secret in sorted(_secrets(self.url), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def _url(where: str) -> URL:
    try:
        url = make_url(where)
        dialect = url.get_dialect()
    except NoSuchModuleError as error:
        scheme = where.split("://")[0]
        raise ConfigError(f"no database is called {scheme!r}; {KINDS}") from error
    except (ArgumentError, ValueError) as error:
        raise ConfigError(f"the storage is no path and no URL; {KINDS}") from error
    backend = url.get_backend_name()
    if backend != "sqlite" and backend not in ServerLocks.DIALECTS:
        raise ConfigError(f"studies cannot live in {backend}; {KINDS}")
    if dialect.is_async or (backend == "sqlite" and url.get_driver_name() != "pysqlite"):
        raise ConfigError(f"studies cannot use the driver {url.drivername}; use {backend}://")
    return url


def _check_file(url: URL, where: str) -> None:
    if url.database in (None, "", ":memory:"):
        raise ConfigError("a SQLite storage needs a file: sqlite:///studies/sor_opt.db")
    if _NO_SCHEME.match(str(url.database)):
        raise ConfigError(
            "the storage reads like a server's URL without its scheme; write postgresql://.. or "
            "mysql://.., or ./ before the name of a file"
        )
    _, _, options = where.partition("?") if "://" in where else ("", "", "")
    unknown = {key for key, _ in parse_qsl(options, keep_blank_values=True)} - _SQLITE_OPTIONS
    if unknown and "uri" not in url.query:
        raise ConfigError(
            f"SQLite has no option {min(unknown)!r}; a file with ? in its name is given by its "
            "path, without sqlite:///"
        )
    try:
        url.get_dialect()().create_connect_args(url)
    except ArgumentError as error:
        raise ConfigError("a SQLite URL has three slashes or four: sqlite:///FILE") from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"an option of the storage has a wrong value: {error}") from error


def _check_server(url: URL) -> None:
    if "@" in f"{url.host}{url.database}":
        raise ConfigError(
            "the storage's URL has an @ too many; in a user's name or a password it is written %40"
        )


def _hidden(url: URL) -> str:
    options = "&".join(f"{key}=***" for key in sorted(url.query))
    bare = url.set(query={}).render_as_string(hide_password=True)
    return f"{bare}?{options}" if options else bare


def _secrets(url: URL) -> set[str]:
    """Passwords, and the values of options with every word in them."""
    found = {str(url.password)} if url.password else set()
    for key, value in url.query.items():
        if key not in _HARMLESS:
            for text in (value,) if isinstance(value, str) else value:
                found |= {text, *re.findall(r"[^\s=,;'\"]{4,}", text)}
    return found - {""}
