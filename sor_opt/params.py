"""What the fields of parameter dataclasses are: one description for help texts, options, searches.

A field says it in its annotation::

    @dataclass(frozen=True)
    class Patient(Router):
        part: Annotated[float, Param("of what is displayed"), Range(0.1, 1.0)] = 0.5

The command line then has ``--part``, and grid, study and compare move it. A field without an
annotation of this kind is an option too, and is searched only where its levels are named.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from sor_opt.errors import ConfigError

Record = TypeVar("Record")

NANOSECONDS = "ns"
"""The unit of a whole number that is written as a duration: 9m, 500ms."""

_PLAIN = (bool, int, float, str, Path)


@dataclass(frozen=True)
class Param:
    """What a parameter is, in words.

    Parameters
    ----------
    help : str
        In a few words.
    unit : str
        Such as "shares" or "bps"; `NANOSECONDS` for a duration.
    name : str
        What it is called outside its dataclass, where the field's name says too little there.
    sets_unit : bool
        Whether it says what the numbers of others are in: a search keeps it with its points.
    """

    help: str
    unit: str = ""
    name: str = ""
    sets_unit: bool = False


@dataclass(frozen=True)
class Range:
    """What a search may move a parameter over.

    Parameters
    ----------
    low, high : float
        The ends, both included.
    levels : tuple of float
        The grid's levels, rising, within the ends; by default both ends and their middle.
    log : bool
        Whether it is searched on a log scale, for which `low` must be > 0.
    reach : float, optional
        With it a search goes from the lowest level / reach to the highest level x reach, within
        the ends; > 1.

    Raises
    ------
    ConfigError
        If a number is out of its range.
    """

    low: float
    high: float
    levels: tuple[float, ...] = ()
    log: bool = False
    reach: float | None = None

    def __post_init__(self) -> None:
        if not -math.inf < self.low < self.high < math.inf:
            raise ConfigError(f"a range must be finite and rise, got {self.low:g} to {self.high:g}")
        if self.log and not self.low > 0:
            raise ConfigError(f"a range on a log scale must begin above 0, got {self.low:g}")
        if self.reach is not None and not 1 < self.reach < math.inf:
            raise ConfigError(f"reach must be > 1, got {self.reach:g}")
        if not self.levels:
            ends = self.low, self.high
            middle = math.sqrt(math.prod(ends)) if self.log else sum(ends) / 2
            object.__setattr__(self, "levels", (self.low, middle, self.high))
        chain = (self.low, *self.levels, self.high)
        if sorted(chain) != list(chain) or len(set(self.levels)) < len(self.levels):
            raise ConfigError(
                f"levels must rise from {self.low:g} to {self.high:g}, got "
                f"{', '.join(f'{level:g}' for level in self.levels)}"
            )


@dataclass(frozen=True)
class Parameter:
    """A field of a parameter dataclass, or of a record that it holds.

    Attributes
    ----------
    name : str
        What it is called outside its dataclass.
    path : tuple of str
        The fields that lead to it.
    kind : type
        bool, int, float, str, Path or a `Literal`, without None.
    default : object
        Its value in the record that was asked.
    param : Param
    range : Range, optional
    """

    name: str
    path: tuple[str, ...]
    kind: Any
    default: Any
    param: Param
    range: Range | None = field(default=None)


def parameters(record: Any) -> tuple[Parameter, ...]:
    """All parameters of a dataclass's instance, those of the records that it holds included.

    A field counts that is set when the object is made and tells it from another one (`init` and
    `compare`), and is of a plain type.

    Raises
    ------
    ConfigError
        If an annotation cannot be read, or two parameters have one name.
    """
    found = tuple(_walk(record, ()))
    names = [parameter.name for parameter in found]
    repeated = sorted(name for name in set(names) if names.count(name) > 1)
    if repeated:
        raise ConfigError(
            f"{type(record).__name__} has two parameters {repeated[0]}; give one of them a "
            "Param(name=..)"
        )
    return found


def changed(record: Record, values: Mapping[str, Any]) -> Record:
    """The record with some of its parameters set, by their names; all at once.

    Names that are none of its parameters are passed over.
    """
    wanted = {p.path: values[p.name] for p in parameters(record) if p.name in values}
    set_so: Record = _set(record, wanted)
    return set_so


def _walk(record: Any, above: tuple[str, ...]) -> Iterator[Parameter]:
    if not is_dataclass(record):
        return
    kind: Any = type(record)
    hints = _hints(kind)
    for each in fields(record):
        if not (each.init and each.compare):
            continue
        value, path = getattr(record, each.name), (*above, each.name)
        if is_dataclass(value):
            yield from _walk(value, path)
            continue
        plain, notes = _opened(hints[each.name])
        if plain in _PLAIN or get_origin(plain) is Literal:
            param = next((note for note in notes if isinstance(note, Param)), Param(""))
            moved = next((note for note in notes if isinstance(note, Range)), None)
            yield Parameter(param.name or each.name, path, plain, value, param, moved)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The annotations of a class; reading them takes a millisecond."""
    try:
        return get_type_hints(kind, include_extras=True)
    except Exception as error:
        raise ConfigError(f"the annotations of {kind.__name__} cannot be read: {error}") from error


def _opened(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without None, and the notes of its annotation."""
    notes: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        notes = tuple(rest)
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    if len(kinds) == 1 and NoneType in get_args(hint):
        return kinds[0], notes
    return hint, notes


def _set(record: Any, wanted: Mapping[tuple[str, ...], Any]) -> Any:
    changes: dict[str, Any] = {}
    inner: dict[str, dict[tuple[str, ...], Any]] = {}
    for (first, *rest), value in wanted.items():
        if rest:
            inner.setdefault(first, {})[tuple(rest)] = value
        else:
            changes[first] = value
    for name, values in inner.items():
        changes[name] = _set(getattr(record, name), values)
    return replace(record, **changes) if changes else record
