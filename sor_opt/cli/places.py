"""Which files a command reads and writes: declared with its parameters, and kept apart."""

from __future__ import annotations

import inspect
import itertools
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from typer.models import ArgumentInfo, OptionInfo

from sor_opt.errors import ConfigError
from sor_opt.files import check_place


def _itself(value: Path) -> list[Path]:
    """Name the file itself; `-` is a standard stream and no file."""
    return [] if str(value) == "-" else [value]


@dataclass(frozen=True)
class Files:
    """Stands in the `Annotated` of every parameter that names files.

    Parameters
    ----------
    read, written : bool
        What the command does with them; what is read as well as written is a database.
    named : callable
        Gives the files that a value names.
    """

    read: bool = False
    written: bool = False
    named: Callable[[Any], Iterable[Path]] = _itself


READS = Files(read=True)
WRITES = Files(written=True)


@dataclass(frozen=True)
class _Claim:
    """What one parameter of a call does with its files, by what makes two of them one file."""

    label: str
    files: Files
    paths: dict[str | tuple[int, int], Path]

    @property
    def overwrites(self) -> bool:
        return self.files.written and not self.files.read


def keep_apart(parameters: Iterable[inspect.Parameter], given: Mapping[str, Any]) -> None:
    """Refuse a call in which an output would replace an input or another output, or has no place.

    Links of both kinds are followed. Pipes and devices hold nothing that could be lost.

    Parameters
    ----------
    parameters : iterable of inspect.Parameter
        A command's; those with a `Files` in their annotation count.
    given : mapping
        Their values by name.

    Raises
    ------
    ConfigError
        If a file is named twice and one of the two would write it, or a place is of no use.
    OutputError
        If the system cannot have a file of such a name.
    """
    claims = [
        _claim(parameter, files, given[parameter.name])
        for parameter in parameters
        if given[parameter.name] is not None
        for files in get_args(parameter.annotation)
        if isinstance(files, Files)
    ]
    for one, other in itertools.combinations(claims, 2):
        kept, writer = sorted((one, other), key=lambda c: (c.files.written, c.overwrites))
        shared = [path for key, path in kept.paths.items() if key in writer.paths]
        if shared and writer.files.written:
            raise ConfigError(
                f"{writer.label} would overwrite {shared[0]}, which {kept.label} names; "
                "name another file"
            )
    for claim in filter(lambda claim: claim.overwrites, claims):
        for path in claim.paths.values():
            check_place(path)


def _claim(parameter: inspect.Parameter, files: Files, value: Any) -> _Claim:
    paths = {key: path for path in files.named(value) for key in _identities(path)}
    return _Claim(_label(parameter), files, paths)


def _identities(path: Path) -> list[str | tuple[int, int]]:
    """Give what any other name of a file has in common with this one."""
    real = os.path.realpath(path)
    try:
        found = os.stat(path)
    except OSError:
        return [real]
    holds = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    return [real, (found.st_dev, found.st_ino)] if holds else []


def _label(parameter: inspect.Parameter) -> str:
    """Give a parameter's name as its user knows it."""
    for info in get_args(parameter.annotation):
        if isinstance(info, ArgumentInfo):
            return str(info.metavar or parameter.name).upper()
        if isinstance(info, OptionInfo):
            names = (info.default, *(info.param_decls or ()))
            given = (name for name in names if isinstance(name, str) and name.startswith("--"))
            return next(given, f"--{parameter.name.replace('_', '-')}")
    return parameter.name
