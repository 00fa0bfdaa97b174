"""Locks between the processes that share a database of studies.

Every lock belongs to a process and dies with it, whatever kills it: on SQLite the operating system
holds it on a byte of a file, on a server the connection's session holds it. So whether a trial
still runs is a fact that can be looked up, and neither clocks nor heartbeats have a say.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, text

_POLL_SECONDS = 0.002


class Key(NamedTuple):
    """What is locked: the database (0, 0), a study (id, 0), or its trial number n (id, n + 1)."""

    study: int = 0
    place: int = 0

    @classmethod
    def trial(cls, study: int, number: int) -> Key:
        """Give the key of a trial."""
        return cls(study, number + 1)


class Locks(ABC):
    """Exclusive locks of this process. A process does not lock out itself."""

    @abstractmethod
    def attempt(self, key: Key) -> bool:
        """Take a lock if no other process holds it."""

    @abstractmethod
    def release(self, key: Key) -> None:
        """Give a lock back."""

    @abstractmethod
    def close(self) -> None:
        """Give all of them back."""

    @contextmanager
    def held(self, key: Key, give_up: Callable[[], bool] = lambda: False) -> Iterator[bool]:
        """Hold a lock during a block; it is False where `give_up` ended the wait for it."""
        while not (taken := self.attempt(key)) and not give_up():
            time.sleep(_POLL_SECONDS)
        try:
            yield taken
        finally:
            if taken:
                self.release(key)

    def free(self, key: Key) -> bool:
        """Whether no other process holds a lock."""
        if not self.attempt(key):
            return False
        self.release(key)
        return True


class FileLocks(Locks):
    """Byte-range locks on a file beside the database, as SQLite itself uses them (POSIX).

    POSIX drops them all when a process closes the file once, so a process must not open two of
    these on one database at a time.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)

    def attempt(self, key: Key) -> bool:
        """Take a lock if no other process holds it."""
        try:
            fcntl.lockf(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(key))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def release(self, key: Key) -> None:
        """Give a lock back."""
        fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, _offset(key))

    def close(self) -> None:
        """Give all of them back."""
        os.close(self._handle)


class ServerLocks(Locks):
    """Session locks of a database server, on a connection of their own."""

    _STATEMENTS = {  # noqa: RUF012
        "postgresql": ("SELECT pg_try_advisory_lock(:key)", "SELECT pg_advisory_unlock(:key)"),
        "mysql": ("SELECT GET_LOCK(:key, 0)", "SELECT RELEASE_LOCK(:key)"),
    }
    DIALECTS = tuple(_STATEMENTS)

    def __init__(self, engine: Engine) -> None:
        self._take, self._give = map(text, self._STATEMENTS[engine.dialect.name])
        self._database = engine.url.database
        self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def attempt(self, key: Key) -> bool:
        """Take a lock if no other session holds it."""
        return bool(self._connection.scalar(self._take, {"key": self._number(key)}))

    def release(self, key: Key) -> None:
        """Give a lock back."""
        self._connection.execute(self._give, {"key": self._number(key)})

    def close(self) -> None:
        """End the session, and with it all of its locks."""
        self._connection.invalidate()
        self._connection.close()

    def _number(self, key: Key) -> int:
        """Hash a key to 63 bits: servers share their lock numbers among all applications."""
        name = f"sor_opt/{self._database}/{key.study}/{key.place}"
        return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) >> 1


def _offset(key: Key) -> int:
    return (key.study << 32) + key.place
