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
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, time
from functools import cache
from pathlib import Path
from types import NoneType
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from sor_opt.errors import ConfigError

Record = TypeVar("Record")

NANOSECONDS = "ns"
"""The unit of a whole number that is written as a duration: 9m, 500ms."""

_PLAIN = (bool, int, float, str, date, time, Path)


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
    after : str
        A field of text after whose value, and a colon, this one is written: price:1s.
    sets_unit : bool
        Whether it says what the numbers of others are in: a search keeps it with its points.
    """

    help: str
    unit: str = ""
    name: str = ""
    after: str = ""
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

    Examples
    --------
    >>> Range(0.5, 1.5).levels
    (0.5, 1.0, 1.5)
    >>> Range(1, 100, log=True).levels
    (1, 10.0, 100)
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
        bool, int, float, str, date, time, Path or a `Literal`, without None.
    optional : bool
        Whether it may be None.
    default : object
        Its value in the record that was asked.
    param : Param
    range : Range, optional
    tail : str, optional
        The field beside it whose value may be written after this one's, see `Param.after`.
    """

    name: str
    path: tuple[str, ...]
    kind: Any
    optional: bool
    default: Any
    param: Param
    range: Range | None = None
    tail: str | None = None


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

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Patient:
    ...     part: Annotated[float, Param("of what is displayed"), Range(0.1, 1.0)] = 0.5
    >>> changed(Patient(), {"part": 0.2})
    Patient(part=0.2)
    """
    return put(record, {p.path: values[p.name] for p in parameters(record) if p.name in values})


class Field(NamedTuple):
    """A field of a dataclass's instance: its annotation, value, and the field written after it."""

    name: str
    hint: Any
    value: Any
    tail: str | None

    def parameter(self, path: tuple[str, ...]) -> Parameter | None:
        """It as a parameter at a path; None where it is of no plain type."""
        opened = open_hint(self.hint)
        if opened.kind not in _PLAIN and get_origin(opened.kind) is not Literal:
            return None
        param = next((note for note in opened.notes if isinstance(note, Param)), Param(""))
        moved = next((note for note in opened.notes if isinstance(note, Range)), None)
        return Parameter(
            param.name or self.name,
            path,
            opened.kind,
            opened.optional,
            self.value,
            param,
            moved,
            self.tail,
        )


def fields_of(record: Any) -> Iterator[Field]:
    """The fields of a dataclass's instance that are set when it is made and tell it from others.

    Raises
    ------
    ConfigError
        If its annotations cannot be read.
    """
    kind: Any = type(record)
    hints = field_types(kind)
    notes = {name: open_hint(hint).notes for name, hint in hints.items()}
    tails = {
        note.after: name
        for name, each in notes.items()
        for note in each
        if isinstance(note, Param) and note.after
    }
    for each in fields(record):
        if each.init and each.compare:
            name = each.name
            yield Field(name, hints[name], getattr(record, name), tails.get(name))


class Hint(NamedTuple):
    """An annotation: its type without None, whether None is allowed, and its notes."""

    kind: Any
    optional: bool
    notes: tuple[Any, ...]


def open_hint(hint: Any) -> Hint:
    """Take an annotation apart."""
    notes: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        notes = tuple(rest)
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    optional = NoneType in get_args(hint)
    return Hint(kinds[0] if optional and len(kinds) == 1 else hint, optional, notes)


@cache
def field_types(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields, with the notes of their annotations; slow the first time.

    Raises
    ------
    ConfigError
        If one cannot be read.
    """
    try:
        return get_type_hints(kind, include_extras=True)
    except Exception as error:
        raise ConfigError(f"the annotations of {kind.__name__} cannot be read: {error}") from error


def put(record: Record, values: Mapping[tuple[str, ...], Any]) -> Record:
    """The record with fields of it, and of the records that it holds, set by their paths."""
    changes: dict[str, Any] = {}
    inner: dict[str, dict[tuple[str, ...], Any]] = {}
    for (first, *rest), value in values.items():
        if rest:
            inner.setdefault(first, {})[tuple(rest)] = value
        else:
            changes[first] = value
    for name, below in inner.items():
        changes[name] = put(getattr(record, name), below)
    return replace(record, **changes) if changes else record  # type: ignore[type-var]


def _walk(record: Any, above: tuple[str, ...]) -> Iterator[Parameter]:
    if not is_dataclass(record):
        return
    for each in fields_of(record):
        path = (*above, each.name)
        if is_dataclass(each.value):
            yield from _walk(each.value, path)
            continue
        found = each.parameter(path)
        if found is not None:
            yield found
