"""Outputs are written atomically: whole or not at all."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from sor_opt.errors import ConfigError, OutputError

_FATAL = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end the process on the spot, unless it listens to them."""


def write_atomically(path: Path | str, content: bytes) -> None:
    """Write a file so that it is there with all of its content, or as it was before.

    A symbolic link stays one: the file that it names is written. What is no regular file (a pipe,
    a device) is not replaced; it gets the content.

    Parameters
    ----------
    path : path
        The file to write; its folder is made where it is missing.
    content : bytes
        All of it.

    Raises
    ------
    ConfigError
        If the place is of no use, see `check_place`.
    OutputError
        If the system cannot write it.
    """
    check_place(path)
    try:
        if _is_stream(path):
            Path(path).write_bytes(content)
        else:
            _replace(Path(os.path.realpath(path)), content)
    except OSError as error:
        raise unwritable(path, error) from error


def check_place(path: Path | str) -> None:
    """Refuse a place that `write_atomically` cannot write to, and leave nothing behind.

    Raises
    ------
    ConfigError
        If it is a directory, or lies in none, or in one that may not be written to.
    OutputError
        If the system cannot have such a name.
    """
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # what this means depends on the folder, see below
    except OSError as error:
        raise unwritable(path, error) from error
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise ConfigError(f"cannot write {path}: it is a directory; name a file")
    folder = next(parent for parent in target.parents if os.path.exists(parent))
    if not folder.is_dir():
        raise ConfigError(f"cannot write {path}: {folder} is no directory")
    if not (_is_stream(path) or os.access(folder, os.W_OK | os.X_OK)):
        raise ConfigError(f"cannot write {path}: no permission to write in {folder}")


def unwritable(place: object, error: OSError) -> OutputError:
    """Say in a line why something cannot be written."""
    reason = error.strerror or str(error)
    return OutputError(f"cannot write {place}: {reason[:1].lower()}{reason[1:]}")


def _is_stream(path: Path | str) -> bool:
    return os.path.exists(path) and not os.path.isfile(path)


def _replace(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".sor-opt-{secrets.token_hex(8)}")
    with _removed_by_signals(temporary):
        try:
            with temporary.open("xb") as stream:
                stream.write(content)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _removed_by_signals(temporary: Path) -> Iterator[None]:
    """Remove a file during a block also where a signal ends the process on the spot.

    A program that listens to the signal itself is left alone: its way out passes `finally`.
    """

    def remove(number: int, _frame: FrameType | None) -> None:
        temporary.unlink(missing_ok=True)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    main = threading.current_thread() is threading.main_thread()
    unhandled = [n for n in _FATAL if main and signal.getsignal(n) is signal.SIG_DFL]
    for number in unhandled:
        signal.signal(number, remove)
    try:
        yield
    finally:
        for number in unhandled:
            signal.signal(number, signal.SIG_DFL)
