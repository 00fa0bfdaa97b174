"""Outputs are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sor_opt.errors import ConfigError


@contextmanager
def whole(path: Path | str) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path` when the block ends without an error.

    A symbolic link stays one: the file that it names is written. What is no regular file (a pipe,
    a device) is not replaced; it gets the content.

    Parameters
    ----------
    path : path
        The file to write; its folder is made where it is missing.

    Raises
    ------
    ConfigError
        If the file cannot be written there.
    """
    check_place(path)
    stream = _is_stream(path)
    target = Path(path if stream else os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{target.stem}-", suffix=target.suffix, dir=None if stream else target.parent
        )
        os.close(handle)
    except OSError as error:
        raise _refusal(path, error.strerror) from error
    temporary = Path(name)
    try:
        yield temporary
        if stream:
            target.write_bytes(temporary.read_bytes())
        else:
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def check_place(path: Path | str) -> None:
    """Refuse a place that `whole` cannot write to, and leave nothing behind.

    Raises
    ------
    ConfigError
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise _refusal(path, "it is a directory")
    folder = next(parent for parent in target.parents if os.path.exists(parent))
    if not folder.is_dir():
        raise _refusal(path, f"{folder} is no directory")
    if not (_is_stream(path) or os.access(folder, os.W_OK | os.X_OK)):
        raise _refusal(path, f"no permission in {folder}")


def _is_stream(path: Path | str) -> bool:
    return os.path.exists(path) and not os.path.isfile(path)


def _refusal(path: Path | str, reason: str | None) -> ConfigError:
    return ConfigError(f"cannot write {path}: {reason}")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
